# shellcheck shell=bash
# source.sh - the PostgreSQL source alone, without Kafka: tests/support/source_driver.c runs it on a database of the test's own.
#
# Usage:  . tests/integration/postgres-cdc/source.sh
#
#   use_database NAME [LINE...]        makes database $db; it, $slot and the process $writer (if set) go when the test ends. LINEs: what
#                                      properties writes always
#   sql [OPTION...]                    psql on the server; a database must be named
#   properties NAME [LINE...]          $dir/NAME.properties; a later line replaces an earlier one of its key
#   ${source[@]} FILE OFFSETS [OPTION...]   runs the source
#   drop_slot                          drops $slot, if it is there
#   expect WHAT GOT WANTED             fails with the end of $dir/log
#   expect_log WHAT PATTERN [COMMAND...]    $dir/log has it; with a COMMAND: that must fail and say so
#   count FILE EXPRESSION              the value of a Python expression over rows, the records in FILE
set -euo pipefail
# shellcheck source=tests/support/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/drivers.sh"

dir=$TEST_DIR
build_driver source_driver
# shellcheck disable=SC2034 # for the tests
source=("$dir/source_driver" "$B/plugins/postgres-cdc.so")

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" "$@"
}

drop_slot() {
    sql -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$slot'" >/dev/null
}

cleanup() {
    [ -z "${writer:-}" ] || kill "$writer" 2>/dev/null || true
    sql -d postgres -c "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '$slot' and active" >/dev/null || true
    wait_until 5 drop_slot || true
    sql -d postgres -c "drop database if exists $db with (force)" || true
}

use_database() {
    db=$1_$$ slot=$1_$$
    shift
    base_lines=("$@")
    at_exit cleanup
    sql -d postgres -c "create database $db"
    settle_on "$db"
}

properties() {
    local name=$1
    shift
    printf '%s\n' "name=$name" connector.class=io.debezium.connector.postgresql.PostgresConnector \
        "database.hostname=$PGHOST" "database.port=$PGPORT" "database.user=$PGUSER" "database.dbname=$db" \
        topic.prefix=t "slot.name=$slot" publication.name=pub slot.retry.delay.ms=200 "${base_lines[@]}" "$@" |
        last_of_each >"$dir/$name.properties"
}

expect() {
    local what=$1 got=$2 wanted=$3
    [ "$got" = "$wanted" ] || {
        tail -n 40 "$dir/log" >&2
        fail "$what: expected '$wanted', got '$got'"
    }
    log "ok: $what"
}

expect_log() {
    local what=$1 pattern=$2
    shift 2
    if [ $# -gt 0 ] && "$@"; then fail "$what: it was accepted"; fi
    grep -q -- "$pattern" "$dir/log" || {
        tail -n 40 "$dir/log" >&2
        fail "$what: expected '$pattern' in the log"
    }
    log "ok: $what"
}

count() {
    python3 - "$1" "$2" <<'END'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(eval(sys.argv[2]))
END
}
