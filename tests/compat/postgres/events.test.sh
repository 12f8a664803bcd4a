#!/bin/bash
# Debezium on Java Connect and Sluice on the same database at once, in several configurations: the same events, field by field.
# seconds: 500
# beside others
#
# Both read a table's columns from the catalog when an event comes, so that a change of the table just then shows in one and not in the other.
# What differs for that reason does not differ again: a difference counts when it comes in two runs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$TEST_DIR
for run in 1 2; do
    export TEST_DIR=$dir/$run
    mkdir -p "$TEST_DIR"
    if bash "$here/run.sh"; then
        exit 0
    fi
    echo "run $run: differences"
done
exit 1
