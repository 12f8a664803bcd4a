#!/bin/bash
# run.sh - runs fuzzers that were built: run.sh NAME...  (B: the build folder, FUZZ_SECONDS for each)
#
# A fuzzer that finds something fails the run; its output is in B/fuzz/NAME/log, the input beside it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$(cd "${B:-build}" && pwd)
seconds=${FUZZ_SECONDS:-60}
failed=()
for name in "$@"; do
    dir=$build/fuzz/$name
    mkdir -p "$dir/corpus"
    seeds=()
    if [ -d "tests/fuzz/seeds/$name" ]; then seeds=("tests/fuzz/seeds/$name"); fi
    if UBSAN_OPTIONS=print_stacktrace=1 "$build/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -max_len=16384 -print_final_stats=1 -artifact_prefix="$dir/" "$dir/corpus" ${seeds[@]+"${seeds[@]}"} \
        >"$dir/log" 2>&1 </dev/null; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log")
        printf 'fuzz %-14s ok: %s runs in %s s, %s inputs\n' "$name" "$runs" "$seconds" "$(find "$dir/corpus" -type f | wc -l)"
    else
        grep -m 5 -E '^(==|SUMMARY|.*ERROR|.*error:)|: ' "$dir/log" | tail -n 5 || true
        printf 'fuzz %-14s FAILED, see %s\n' "$name" "$dir/log"
        failed+=("$name")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "fuzz: found something: ${failed[*]}"
    exit 1
fi
