# shellcheck shell=bash
# drivers.sh - builds tests/support/{state,task}_driver.c into TEST_DIR, for the tests of this folder and of others.
#
#   build_driver NAME               builds TEST_DIR/NAME; with sanitizers when the library is
#   worker_file FILE PREFIX [k=v..] a distributed worker's file: group and topics PREFIX-...
#   read_topic TOPIC                what a read_committed consumer sees, a line a record
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/lib.sh"

build_driver() {
    local sanitize=
    if nm "$B/libsluice.a" 2>/dev/null | grep -c __asan_init >/dev/null; then
        sanitize=-fsanitize=address,undefined
    fi
    # shellcheck disable=SC2046,SC2086 # words
    gcc -std=gnu11 -g -O1 $sanitize -D_GNU_SOURCE -rdynamic -I"$SL_ROOT/plugins-api/include" -I"$SL_ROOT/runtime" \
        -o "$TEST_DIR/$1" "$SL_ROOT/tests/support/$1.c" "$B/libsluice.a" "$B/libsluice-plugin.a" \
        $(pkg-config --libs rdkafka jansson yaml-0.1 libmicrohttpd libpcre2-8 libcrypto) -ldl -lpthread -lm
}

worker_file() {
    local file=$1 prefix=$2
    shift 2
    {
        cat <<END
bootstrap.servers=$BOOTSTRAP
group.id=$prefix
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
config.storage.topic=$prefix-configs
offset.storage.topic=$prefix-offsets
status.storage.topic=$prefix-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=4
status.storage.partitions=2
offset.flush.interval.ms=500
END
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } >"$file"
}

read_topic() {
    timeout 60 kcat -b "$BOOTSTRAP" -C -t "$1" -o beginning -e -q -X isolation.level=read_committed
}
