#!/bin/bash
# Runs the tests that need real services: run-suites.sh BUILD [PATTERN...]
#
# A test is a script tests/{integration,e2e,compat,fault}/**/*.test.sh. One Kafka and one PostgreSQL are started for all
# of them, on loopback, with their data below BUILD/services; each test takes its own topics, slots, databases. A
# test gets B, SLUICE (the worker's path), BOOTSTRAP, PGHOST, PGPORT, PGUSER, TEST_DIR (empty, its own) in its environment, has
# TEST_SECONDS (300, or what a line "# seconds: N" in it says) and exits 0 when it passed. PATTERN selects by path.
# The last line is "N passed, N failed".
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build=${1:?usage: run-suites.sh BUILD [PATTERN...]}
shift
cd "$SL_ROOT"
build=$(mkdir -p "$build" && cd "$build" && pwd)
services=$build/services
logs=$build/suite-logs
mkdir -p "$services" "$logs"

select_tests() {
    local t p
    while read -r t; do
        if [ $# -eq 0 ]; then echo "$t"; fi
        for p in "$@"; do
            case $t in *"$p"*) echo "$t" && break ;; esac
        done
    done < <(find tests/integration tests/e2e tests/compat tests/fault -name '*.test.sh' 2>/dev/null | sort)
}

start_services() {
    at_exit bash tests/support/kafka.sh stop "$services/kafka"
    at_exit bash tests/support/postgres.sh stop "$services/postgres"
    bash tests/support/kafka.sh start "$services/kafka" &
    local kafka=$!
    PG_FSYNC=off bash tests/support/postgres.sh start "$services/postgres"
    wait "$kafka"
    set -a
    # shellcheck disable=SC1091
    . "$services/kafka/kafka.env"
    # shellcheck disable=SC1091
    . "$services/postgres/postgres.env"
    set +a
}

# free_slots: a test that failed may leave replication slots behind, of which the server has only so many.
free_slots() {
    local db
    psql -X -At -d postgres -c 'select distinct database from pg_replication_slots where not active' | while read -r db; do
        psql -X -q -At -d "$db" -c 'select pg_drop_replication_slot(slot_name) from pg_replication_slots
            where not active and database = current_database()' >/dev/null
    done || true
}

run_test() { # run_test SCRIPT
    local test=$1 name log limit rc=0 began=$SECONDS
    name=${test#tests/}
    name=${name%.test.sh}
    log=$logs/${name//\//-}.log
    limit=$(sed -n 's/^# seconds: \([0-9]*\).*/\1/p' "$test" | head -n 1)
    limit=${limit:-${TEST_SECONDS:-300}}
    export TEST_DIR=$build/suite/$name
    rm -rf "$TEST_DIR"
    mkdir -p "$TEST_DIR"
    timeout -k 15 "$limit" bash "$test" >"$log" 2>&1 </dev/null || rc=$?
    if [ "$rc" -eq 0 ]; then
        printf 'ok    %-44s %4d s\n' "$name" $((SECONDS - began))
        return 0
    fi
    if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then echo "no end within $limit s" >>"$log"; fi
    printf 'FAIL  %-44s %4d s (exit code %d)\n' "$name" $((SECONDS - began)) "$rc"
    tail -n 60 "$log" | sed 's/^/      | /'
    return 1
}

mapfile -t tests < <(select_tests "$@")
[ ${#tests[@]} -gt 0 ] || fail "no test matches: $*"
export B=$build SLUICE=$build/sluice
start_services
passed=0 failed=0
for t in "${tests[@]}"; do
    if run_test "$t"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        free_slots
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
