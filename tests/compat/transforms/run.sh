#!/bin/bash
# run.sh - the cases of tests/unit/transforms, run on Kafka Connect's and Debezium's own transforms.
#
# Usage: tests/compat/transforms/run.sh [BUILD]     (default: build; its unit tests must have been built)
# Needs: a JDK and Maven (packages.sh check). Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
build=${1:-build}
here=tests/compat/transforms
work=$build/compat/transforms
mkdir -p "$work"

mapfile -t folders < <(bash tests/support/fetch-java.sh connect debezium)
classes=
for folder in "${folders[@]}"; do
    classes+="$folder/*:"
    for plugin in "$folder"/*/; do
        [ -d "$plugin" ] && [[ $plugin == *postgres* ]] && classes+="$plugin*:"
    done
done
javac -nowarn -d "$work" -cp "$classes" $here/*.java

: >"$work/cases"
for test in "$build"/unit/transforms/test_*; do
    [ -x "$test" ] || continue
    SLUICE_DUMP_CASES=1 "$test" 2>/dev/null | grep '^CASE' >>"$work/cases" || true
done
java -Dorg.slf4j.simpleLogger.defaultLogLevel=off -cp "$classes$work" Oracle <"$work/cases"
