#!/bin/bash
# All tests, in the order of their cost: check.sh BUILD. Every stage runs, also after one has failed. What failed comes once more at
# the end, with the lines that say most; the last line counts.
set -uo pipefail
build=${1:?usage: check.sh BUILD}
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SL_ROOT" || exit 1
mkdir -p "$build"
passed=0 failed=0 broken=()

stage() { # stage NAME COMMAND...
    local name=$1 log=$build/check-$1.log rc counted p f
    shift
    local began=$SECONDS
    echo "== $name"
    "$@" 2>&1 | tee "$log"
    rc=${PIPESTATUS[0]}
    counted=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
    p=$(sed -n 's/^\([0-9]*\) passed.*/\1/p' <<<"$counted")
    f=$(sed -n 's/.* passed, \([0-9]*\) failed.*/\1/p' <<<"$counted")
    if [ -z "$counted" ]; then
        p=$((rc == 0)) f=$((rc != 0))
    elif [ "$rc" -ne 0 ] && [ "$f" -eq 0 ]; then
        f=1
    fi
    passed=$((passed + p))
    failed=$((failed + f))
    [ "$f" -eq 0 ] || broken+=("$name")
    echo "== $name: $p passed, $f failed, $((SECONDS - began)) s"
}

stage build make --no-print-directory -j2 all
stage unit make --no-print-directory unit-asan
stage contract make --no-print-directory contract
stage template make --no-print-directory template
stage suites make --no-print-directory suites
for name in ${broken[@]+"${broken[@]}"}; do
    echo "== failed: $name"
    if [ "$name" = suites ] && [ -s "$build/suite-logs/failed" ]; then
        cat "$build/suite-logs/failed"
    else
        telling "$build/check-$name.log" 8
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
