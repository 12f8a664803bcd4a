#!/bin/bash
# Runs unit tests: run-unit.sh BUILD BIN...
#
# Each test program gets UNIT_SECONDS (400) at most; UNIT_LANES (3) run at a time, for most of their time they wait. One line for each;
# the whole output of those that fail. At the end one line "N passed, N failed" that counts the single tests; a program that
# ends without a verdict counts as one failed.
set -u

build=${1:?usage: run-unit.sh BUILD BIN...}
shift
limit=${UNIT_SECONDS:-400}
logs=$build/unit-logs
mkdir -p "$logs"
: >"$logs/.counts"

count() { # count PATTERN FILE
    grep -c -E -- "$1" "$2" || true
}

count_skipped() { # cmocka names each twice, and says how many there are once for each group
    sed -n -E 's/^\[ +SKIPPED +\] ([0-9]+) test\(s\).*/\1/p' "$1" | awk '{ n += $1 } END { print n + 0 }'
}

# tell: the result of a program, and its counts: passed, failed, skipped
tell() {
    local ok skip bad verdict note="" why="exit code $rc"
    ok=$(count '^\[ +OK +\]' "$log")
    skip=$(count_skipped "$log")
    bad=$(($(count '^\[ +RUN +\]' "$log") - ok - skip))
    verdict=$(count '^\[ +PASSED +\]' "$log")
    [ "$skip" -gt 0 ] && note=", $skip skipped"
    if [ "$rc" -eq 0 ] && [ "$verdict" -gt 0 ] && [ "$bad" -eq 0 ]; then
        printf 'ok    %-36s %4d tests%s, %d ms\n' "$name" "$ok" "$note" "$ms"
    else
        [ "$bad" -gt 0 ] || bad=1
        { [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; } && why="no end within $limit s"
        printf 'FAIL  %-36s %4d tests passed, %d failed%s (%s), %d ms\n' "$name" "$ok" "$bad" "$note" "$why" "$ms"
        sed 's/^/      | /' "$log"
    fi
    echo "$ok $bad $skip" >>"$logs/.counts"
}

run_one() { # run_one BIN
    local name log started rc ms
    name=${1#"$build"/unit/}
    log=$logs/${name//\//-}.log
    started=$(date +%s%N)
    { CMOCKA_MESSAGE_OUTPUT=STDOUT timeout -k 10 "$limit" "$1" >"$log" 2>&1 </dev/null; } 2>/dev/null
    rc=$?
    ms=$((($(date +%s%N) - started) / 1000000))
    (
        flock 8
        tell
    ) 8>"$logs/.lock"
}

# those that have a broker wait most: they begin
mapfile -t bins < <(printf '%s\n' "$@" | awk '{ print (/kafka_consumer|embedded|test_tasks|kafka_producer/ ? 0 : 1) " " $0 }' | sort -s -k 1,1n | cut -d ' ' -f 2-)
for bin in "${bins[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "${UNIT_LANES:-3}" ]; do wait -n; done
    run_one "$bin" &
done
wait

read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$logs/.counts")
[ "$skipped" -gt 0 ] && echo "$skipped skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
