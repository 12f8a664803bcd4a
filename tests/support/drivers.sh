# shellcheck shell=bash
# drivers.sh - builds the drivers of this folder, which run a part of Sluice without a worker. lib.sh is there afterwards, too.
#
#   sanitized            is the library built with sanitizers?
#   build_driver NAME    tests/support/NAME.c becomes TEST_DIR/NAME; with sanitizers when the library is
#   sanitized_build TARGET...   makes these below B/asan, as the unit tests do, which have made most of it before
#   settle_on DATABASE   source_driver ends only when the server has sent what it had at that time for that database's slots
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

sanitized() {
    nm "$B/libsluice.a" 2>/dev/null | matches __asan_init
}

sanitized_build() { # suites run side by side
    flock "$B/.asan.lock" make --no-print-directory -C "$SL_ROOT" -j2 "B=$B/asan" SANITIZE=address,undefined "${@/#/$B/asan/}"
}

settle_on() { export SOURCE_SETTLED="bash $SL_SUPPORT/settled.sh $1"; }

build_driver() {
    local sanitize=()
    ! sanitized || sanitize=("-fsanitize=address,undefined")
    # shellcheck disable=SC2046 # words
    gcc -std=gnu11 -g -O1 "${sanitize[@]}" -D_GNU_SOURCE -rdynamic -I"$SL_ROOT/plugins-api/include" -I"$SL_ROOT/runtime" \
        -o "$TEST_DIR/$1" "$SL_ROOT/tests/support/$1.c" "$B/libsluice.a" "$B/libsluice-plugin.a" \
        $(pkg-config --libs rdkafka jansson yaml-0.1 libmicrohttpd libpcre2-8 libcrypto) -ldl -lpthread -lm
}
