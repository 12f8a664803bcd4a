#!/bin/bash
# Runs the tests that need real services: run-suites.sh BUILD [PATTERN...]
#
# A test is a script tests/{integration,e2e,compat,fault}/**/*.test.sh. One Kafka and one PostgreSQL are started for all
# of them, on loopback, with their data below BUILD/services; each test takes its own topics, slots, databases. A
# test gets B, SLUICE (the worker's path), BOOTSTRAP, PGHOST, PGPORT, PGUSER, TEST_DIR (empty, its own) in its environment, has
# TEST_SECONDS (300, or what a line "# seconds: N" in it says; SL_PATIENCE times that, see lib.sh) and exits 0 when it passed.
#
# Tests with a line "# beside others" come first, SL_LANES (2) at a time: such a test measures no time and disturbs nobody. The others
# run alone. PATTERN selects by path. Behind the last test: what failed, and its most telling lines (BUILD/suite-logs/failed has
# them, too). The last line is "N passed, N failed".
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

# report NAME SECONDS CODE LOG: what is printed of a test that ended, in one piece
report() {
    if [ "$3" -eq 0 ]; then
        printf 'ok    %-44s %4d s\n' "$1" "$2"
        return
    fi
    printf 'FAIL  %-44s %4d s (exit code %d)\n' "$1" "$2" "$3"
    tail -n 60 "$4" | sed 's/^/      | /'
}

run_test() { # run_test SCRIPT
    local test=$1 name log limit rc=0 began=$SECONDS
    name=${test#tests/}
    name=${name%.test.sh}
    log=$logs/${name//\//-}.log
    limit=$(sed -n 's/^# seconds: \([0-9]*\).*/\1/p' "$test" | head -n 1)
    limit=$((${limit:-${TEST_SECONDS:-300}} * ${SL_PATIENCE:-3}))
    export TEST_DIR=$build/suite/$name
    rm -rf "$TEST_DIR"
    mkdir -p "$TEST_DIR"
    timeout -k 15 "$limit" bash "$test" >"$log" 2>&1 </dev/null || rc=$?
    if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then echo "no end within $limit s" >>"$log"; fi
    report "$name" $((SECONDS - began)) "$rc" "$log" >"$log.report"
    cat "$log.report"
    rm "$log.report"
    if [ "$rc" -eq 0 ]; then echo "$name" >>"$logs/.passed"; else echo "$name" >>"$logs/.failed"; fi
}

# next_shared: takes the next of the tests in $logs/.shared and prints it; 1 when none is left
next_shared() {
    (
        flock 8
        head -n 1 "$logs/.shared" | grep . || exit 1
        sed -i 1d "$logs/.shared"
    ) 8>"$logs/.lock"
}

run_lane() {
    local t
    while t=$(next_shared); do run_test "$t"; done
}

LANES=()
end_lanes() { [ ${#LANES[@]} -eq 0 ] || kill "${LANES[@]}"; }
at_exit end_lanes

run_shared() { # run_shared TEST...: the long ones first, for all lanes to end at about the same time
    local t i
    for t in "$@"; do
        echo "$(sed -n 's/^# seconds: \([0-9]*\).*/\1/p' "$t" | head -n 1) $t"
    done | sort -s -k 1,1nr | sed 's/.* //' >"$logs/.shared"
    for ((i = 0; i < ${SL_LANES:-2}; i++)); do
        run_lane &
        LANES+=($!)
    done
    for i in "${LANES[@]}"; do wait "$i"; done
    LANES=()
}

run_alone() { # run_alone TEST...
    local t before
    for t in "$@"; do
        before=$(count .failed)
        run_test "$t"
        [ "$(count .failed)" = "$before" ] || free_slots
    done
}

count() { wc -l <"$logs/$1"; }

# list_failed: each with its telling lines, together not more than somebody sees who is shown the end of all only
list_failed() {
    local name each
    each=$((24 / ($(count .failed) + 1)))
    [ "$each" -ge 1 ] || each=1
    echo "failed:"
    while read -r name; do
        echo "  $name"
        telling "$logs/${name//\//-}.log" "$each" | sed 's/^/    | /'
    done <"$logs/.failed"
}

mapfile -t tests < <(select_tests "$@")
[ ${#tests[@]} -gt 0 ] || fail "no test matches: $*"
mapfile -t shared < <(grep -lx '# beside others' "${tests[@]}")
mapfile -t alone < <(grep -Lx '# beside others' "${tests[@]}")
export B=$build SLUICE=$build/sluice
start_services
: >"$logs/.passed"
: >"$logs/.failed"
rm -f "$logs/failed"
if [ ${#shared[@]} -gt 0 ]; then
    run_shared "${shared[@]}"
    [ "$(count .failed)" = 0 ] || free_slots
fi
[ ${#alone[@]} -eq 0 ] || run_alone "${alone[@]}"
if [ "$(count .failed)" -gt 0 ]; then list_failed | tee "$logs/failed"; fi
echo "$(count .passed) passed, $(count .failed) failed"
[ "$(count .failed)" -eq 0 ]
