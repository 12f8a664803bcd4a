#!/bin/bash
# Every case of the transforms' unit tests on Kafka Connect's and Debezium's own classes: the same result, or listed as different.
# seconds: 240
# beside others
set -euo pipefail
# shellcheck source=tests/support/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/drivers.sh"
cd "$SL_ROOT"
programs=()
for test in tests/unit/transforms/test_*.c; do
    name=$(basename "$test" .c)
    programs+=("unit/transforms/$name")
done
sanitized_build "${programs[@]}"
exec bash tests/compat/transforms/run.sh "$B/asan"
