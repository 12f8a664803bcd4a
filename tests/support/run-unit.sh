#!/bin/bash
# Runs unit tests: run-unit.sh BUILD BIN...
#
# Each test program gets UNIT_SECONDS (400) at most. One line for each; the whole output of those that fail. At the end
# one line "N passed, N failed" that counts the single tests; a program that ends without a verdict counts as one failed.
set -u

build=${1:?usage: run-unit.sh BUILD BIN...}
shift
limit=${UNIT_SECONDS:-400}
logs=$build/unit-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0

count() { # count PATTERN FILE
    grep -c -E -- "$1" "$2" || true
}

count_skipped() { # cmocka names each twice, and says how many there are once for each group
    sed -n -E 's/^\[ +SKIPPED +\] ([0-9]+) test\(s\).*/\1/p' "$1" | awk '{ n += $1 } END { print n + 0 }'
}

for bin in "$@"; do
    name=${bin#"$build"/unit/}
    log=$logs/${name//\//-}.log
    started=$(date +%s%N)
    { CMOCKA_MESSAGE_OUTPUT=STDOUT timeout -k 10 "$limit" "$bin" >"$log" 2>&1 </dev/null; } 2>/dev/null
    rc=$?
    ms=$((($(date +%s%N) - started) / 1000000))
    ok=$(count '^\[ +OK +\]' "$log")
    skip=$(count_skipped "$log")
    bad=$(($(count '^\[ +RUN +\]' "$log") - ok - skip))
    verdict=$(count '^\[ +PASSED +\]' "$log")
    passed=$((passed + ok))
    skipped=$((skipped + skip))
    note=""
    [ "$skip" -gt 0 ] && note=", $skip skipped"
    if [ "$rc" -eq 0 ] && [ "$verdict" -gt 0 ] && [ "$bad" -eq 0 ]; then
        printf 'ok    %-36s %4d tests%s, %d ms\n' "$name" "$ok" "$note" "$ms"
        continue
    fi
    [ "$bad" -gt 0 ] || bad=1
    failed=$((failed + bad))
    why="exit code $rc"
    { [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; } && why="no end within $limit s"
    printf 'FAIL  %-36s %4d tests passed, %d failed%s (%s), %d ms\n' "$name" "$ok" "$bad" "$note" "$why" "$ms"
    sed 's/^/      | /' "$log"
done

[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
