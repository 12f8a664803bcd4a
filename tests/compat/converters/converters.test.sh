#!/bin/bash
# converters.test.sh - our converters beside Kafka Connect's own: the same cases to both, the answers compared byte by byte.
#
# Run by tests/support/run-suites.sh, which gives TEST_DIR; no server is used. cases.py makes the cases (the same ones in
# every run) and lists the differences that are meant. By hand:  TEST_DIR=/tmp/x bash tests/compat/converters/converters.test.sh
# beside others
set -euo pipefail
# shellcheck source=tests/support/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/drivers.sh"
cd "$SL_ROOT"
here=tests/compat/converters
mkdir -p "$TEST_DIR"

command -v javac >/dev/null || fail "javac is not installed; run tests/support/packages.sh check"
libs=$(bash tests/support/fetch-java.sh connect)
javac -Xlint:-options -cp "$libs/*" -d "$TEST_DIR" "$here/Oracle.java"

flags=(-std=gnu11 -g -O1 -D_GNU_SOURCE '-DSL_VERSION="test"' -Iplugins-api/include -Iruntime -Iconnectors -Itests/unit
    -fno-omit-frame-pointer "-fsanitize=address,undefined" -fno-sanitize-recover=undefined)
sanitized_build plugins/converters.so libsluice.a libsluice-plugin.a
"${CC:-gcc}" "${flags[@]}" -o "$TEST_DIR/ours" "$here/ours.c" tests/unit/support/support.c "$B"/asan/obj/connectors/converters/*.o \
    "$B/asan/libsluice.a" "$B/asan/libsluice-plugin.a" -lcmocka -lpcre2-8 -lm -lpthread

python3 "$here/cases.py" make >"$TEST_DIR/cases"
log "$(wc -l <"$TEST_DIR/cases") cases"
java -Xmx512m -XX:+UseSerialGC -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$TEST_DIR:$libs/*" Oracle \
    <"$TEST_DIR/cases" >"$TEST_DIR/java"
log "answers of Kafka Connect's"
"$TEST_DIR/ours" <"$TEST_DIR/cases" >"$TEST_DIR/ours.out"
python3 "$here/cases.py" compare "$TEST_DIR/cases" "$TEST_DIR/java" "$TEST_DIR/ours.out"

# A comparison that cannot fail proves nothing: one changed byte must be found.
sed '7s/.$/f/;7s/^null$/00/' "$TEST_DIR/ours.out" >"$TEST_DIR/changed"
if cmp -s "$TEST_DIR/ours.out" "$TEST_DIR/changed"; then
    sed '7s/.$/e/' "$TEST_DIR/ours.out" >"$TEST_DIR/changed"
fi
if python3 "$here/cases.py" compare "$TEST_DIR/cases" "$TEST_DIR/java" "$TEST_DIR/changed" >/dev/null; then
    fail "a changed answer was not found"
fi
