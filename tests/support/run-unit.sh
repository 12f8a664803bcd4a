#!/bin/bash
# Runs unit tests: run-unit.sh BUILD BIN...
#
# Each test program gets UNIT_SECONDS (120) at most. One line for each; the whole output of those that fail. At the end
# one line "N passed, N failed" that counts the single tests; a program that ends without a verdict counts as one failed.
set -u

build=${1:?usage: run-unit.sh BUILD BIN...}
shift
limit=${UNIT_SECONDS:-120}
logs=$build/unit-logs
mkdir -p "$logs"
passed=0 failed=0

count() { # count PATTERN FILE
    grep -c -E -- "$1" "$2" || true
}

for bin in "$@"; do
    name=${bin#"$build"/unit/}
    log=$logs/${name//\//-}.log
    started=$(date +%s%N)
    CMOCKA_MESSAGE_OUTPUT=STDOUT timeout -k 10 "$limit" "$bin" >"$log" 2>&1 </dev/null
    rc=$?
    ms=$((($(date +%s%N) - started) / 1000000))
    ok=$(count '^\[ +OK +\]' "$log")
    bad=$(count '^\[ +(FAILED|ERROR) +\] [A-Za-z0-9_]+( |$)' "$log")
    verdict=$(count '^\[ +PASSED +\]' "$log")
    skipped=$(count '^\[ +SKIPPED +\] [A-Za-z0-9_]+$' "$log")
    if [ "$rc" -eq 0 ] && [ "$verdict" -gt 0 ]; then
        passed=$((passed + ok))
        note=""
        [ "$skipped" -gt 0 ] && note=", $skipped skipped"
        printf 'ok    %-36s %4d tests%s, %d ms\n' "$name" "$ok" "$note" "$ms"
        continue
    fi
    [ "$bad" -gt 0 ] || bad=1
    passed=$((passed + ok))
    failed=$((failed + bad))
    why="exit code $rc"
    [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ] && why="no end within $limit s"
    printf 'FAIL  %-36s %4d tests passed, %d failed (%s), %d ms\n' "$name" "$ok" "$bad" "$why" "$ms"
    sed 's/^/      | /' "$log"
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
