#!/bin/bash
# Every case of the transforms' unit tests on Kafka Connect's and Debezium's own classes: the same result, or listed as different.
# seconds: 240
# beside others
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
build=${B:-build}/asan
programs=()
for test in tests/unit/transforms/test_*.c; do
    name=$(basename "$test" .c)
    programs+=("$build/unit/transforms/$name")
done
make --no-print-directory B="$build" SANITIZE=address,undefined "${programs[@]}"
exec bash tests/compat/transforms/run.sh "$build"
