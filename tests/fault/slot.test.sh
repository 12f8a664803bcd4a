#!/bin/bash
# What the server may refuse: password, privileges, wal_level, a slot in use, dropped or left without its publication. Each is said
# in the task's trace, with what to do, and is tried again only where waiting helps.
# seconds: 150
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

at_exit bash "$SL_SUPPORT/postgres.sh" remove "$dir/pg"
PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" start "$dir/pg" wal_level=replica
set -a
# shellcheck disable=SC1091
. "$dir/pg/postgres.env"
set +a
fault_database 500
fault_worker

trace() { call GET "/connectors/$NAME-src/status" | field '"\n".join([j["connector"].get("trace", "")] + [t.get("trace", "") for t in j["tasks"]])'; }
# said WHAT PATTERN [again]: the trace has the pattern; and the task waits for its next try, or has given up
said() {
    if ! wait_until 20 trace_is "$2"; then fail "$1: expected '$2' in: $(cat "$dir/answer")"; fi
    local again=
    ! grep -q 'starts again in' "$dir/trace" || again=again
    [ "$again" = "${3:-}" ] || fail "$1: expected '${3:-}', got '$again': $(cat "$dir/trace")"
    log "$1: $(paste -sd ' ' "$dir/trace" | cut -c 1-400)"
}
trace_is() {
    trace >"$dir/trace"
    grep -q -- "$1" "$dir/trace"
}
row_arrives() { # row_arrives WHAT: what is changed now is streamed
    local id
    wait_until 20 running || fail "$1: $(trace)"
    id=$(sql "insert into a values (nextval('ids'), nextval('seqs'), '$1') returning id")
    row_there() { kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME.public.a" -o -3000 | matches "\"id\":$id,.*\"op\":\"[cr]\""; }
    wait_until 20 row_there || fail "$1: row $id did not arrive"
}
drop_slot() { # as soon as nobody has it
    local try
    for try in $(seq 100); do
        psql -X -q -At -d postgres -c "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '$NAME'" \
            -c "select pg_drop_replication_slot('$NAME')" >/dev/null 2>&1 && return
    done
    fail "the slot was not dropped in $try tries"
}

fault_source
start_source
said "wal_level" "wal_level 'replica'.*set wal_level = logical"
worker_stop
PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" restart "$dir/pg"

fault_source database.user=secret database.password=wrong
start_source
said "wrong password" 'password authentication failed for user "secret".*check database.user, database.password'
worker_stop
psql -X -q -d postgres -c "create role weak login" -c "create role reader login replication"
fault_source database.user=weak
start_source
said "no REPLICATION" 'must be superuser or replication role.*ALTER ROLE'
worker_stop
fault_source database.user=reader
start_source
said "may not make the publication" "publication '$NAME' cannot be made by 'reader'"
sql "create publication $NAME for table a, b"
fault_source database.user=reader publication.autocreate.mode=disabled
worker_stop
start_source
said "no SELECT" 'permission denied for table a.*'
worker_stop
psql -X -q -At -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$NAME'" >/dev/null
rm -f "$dir/offsets"

fault_source slot.max.retries=2 slot.retry.delay.ms=300
start_source
writer_start 2
writer_wait
wait_until 20 arrived || fail "the changes did not arrive: $(arrived)"
worker_stop
spawn holder "$dir" "$PG_BIN/pg_recvlogical" -d "$SRC" --slot "$NAME" --start -o proto_version=1 -o "publication_names=$NAME" -f /dev/null
at_exit end holder "$dir" 5
slot_active() { [ "$(sql "select active from pg_replication_slots where slot_name = '$NAME'")" = t ]; }
wait_until 10 slot_active || fail "the holder did not take the slot"
start_source
said "slot in use" "$NAME.*is active for PID" again
[ "$(grep -c "is in use, trying again in 300 ms" "$dir/worker.log")" -ge 2 ] || fail "no tries of its own"
end holder "$dir" 5
wait_until 20 running || fail "it does not run once the slot is free"
writer_start 1
writer_wait
wait_until 20 arrived --exact --snapshots 1 || fail "after the slot was in use: $(arrived --exact)"

drop_slot # while it runs
said "slot dropped while it runs" "slot '$NAME' is not there any more.*snapshot.mode=when_needed"
worker_stop
writer_start 1
writer_wait
fault_source snapshot.mode=when_needed
start_source
row_arrives "read again"
worker_stop
drop_slot # while it is stopped
fault_source
start_source
said "slot dropped while it was stopped" "slot '$NAME' is not there any more"
worker_stop
fault_source snapshot.mode=when_needed
start_source
wait_until 20 running || fail "when_needed: $(trace)"
row_arrives "when_needed"

sql "drop publication $NAME"
sql "update a set seq = nextval('seqs') where id = (select min(id) from a)"
said "publication dropped" "publication '$NAME' was not there.*drop the slot.*does not exist"
worker_stop
drop_slot # as it was told
start_source
row_arrives "after the publication was dropped"
worker_stop
