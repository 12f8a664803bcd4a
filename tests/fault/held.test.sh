#!/bin/bash
# A source from which nothing is read, because it is paused or because Kafka is away, for longer than wal_sender_timeout: the server
# does not take it for dead. Nothing is confirmed to the slot before Kafka has it and the offset is stored; then it is.
# seconds: 120
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

at_exit bash "$SL_SUPPORT/postgres.sh" remove "$dir/pg"
PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" start "$dir/pg" wal_sender_timeout=2s
at_exit bash "$SL_SUPPORT/kafka.sh" remove "$dir/kafka"
bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka"
set -a
# shellcheck disable=SC1091
. "$dir/pg/postgres.env"
# shellcheck disable=SC1091
. "$dir/kafka/kafka.env"
set +a
fault_database 500
fault_worker task.memory.max.bytes=262144
fault_source errors.max.retries=0 status.update.interval.ms=10000 # longer than the server waits
start_source

walsender() { sql "select pid from pg_stat_replication where application_name like 'sluice%'"; }
position() { sql "select pg_current_wal_lsn()"; }
confirmed() { sql "select confirmed_flush_lsn from pg_replication_slots where slot_name = '$NAME'"; }
# confirmed_is OPERATOR LSN
confirmed_is() { [ "$(sql "select confirmed_flush_lsn $1 '$2'::pg_lsn from pg_replication_slots where slot_name = '$NAME'")" = t ]; }
work() {
    writer_start "$1"
    writer_wait
}
same_walsender() { # same_walsender WHAT PID
    [ "$(walsender)" = "$2" ] || fail "$1: the walsender was $2 and is '$(walsender)': $(grep -i 'timeout' "$dir/pg/postgres.log" | tail -n 3)"
    ! grep 'terminating walsender process due to replication timeout' "$dir/pg/postgres.log" || fail "$1: the server took the source for dead"
    log "ok: $1"
}
source_is() { task_is "$NAME-src" 0 "$1"; }
put() { call PUT "/connectors/$NAME-src/$1" >/dev/null; }

wait_until 30 arrived || fail "the snapshot did not arrive"
work 1
wait_until 30 arrived || fail "the first changes did not arrive"
pid=$(walsender)

put pause
wait_until 10 source_is PAUSED || fail "it is not paused"
work 6
same_walsender "paused for three times wal_sender_timeout" "$pid"
put resume
wait_until 20 arrived || fail "what was changed during the pause did not arrive: $(arrived)"
same_walsender "and resumed" "$pid"

put pause
wait_until 10 source_is PAUSED || fail "it is not paused"
sql "select pg_terminate_backend($pid)" >/dev/null
work 2
noticed() { grep -q 'the connection is lost while nothing is read' "$dir/worker.log"; }
wait_until 20 noticed || fail "the source, paused, does not see that its connection is lost"
put resume
wait_until 20 arrived || fail "a walsender that was terminated during the pause: $(arrived)"
log "ok: a connection that was lost during a pause is opened again"
pid=$(walsender)

# Kafka away: what is read, and more than the source may hold, waits
bash "$SL_SUPPORT/kafka.sh" stop "$dir/kafka"
before=$(position)
work 3
sql "create table other as select repeat('x', 1000) from generate_series(1, 20000)"
after=$(position)
sleep 3
same_walsender "Kafka is away" "$pid"
confirmed_is '<=' "$before" || fail "$(confirmed) is confirmed, and Kafka has nothing behind $before"
bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka"
wait_until 40 arrived || fail "after Kafka was away: $(arrived)"
same_walsender "Kafka is there again" "$pid"
wait_until 15 confirmed_is '>=' "$after" || fail "$(confirmed) is confirmed, expected $after"
log "ok: confirmed once Kafka has it"
source_is RUNNING || fail "$(call GET "/connectors/$NAME-src/status")"
! grep 'herder: .* failed' "$dir/worker.log" || fail "the task failed"
worker_stop

# the offset is not stored for a long time: Kafka has it all, and still nothing is confirmed
fault_worker task.memory.max.bytes=262144 offset.flush.interval.ms=600000
start_source
wait_until 20 source_is RUNNING || fail "it does not run"
before=$(position)
work 2
after=$(position)
wait_until 20 arrived || fail "with rare flushes: $(arrived)"
sleep 1
confirmed_is '<=' "$before" || fail "$(confirmed) is confirmed, and no offset behind $before is stored"
worker_stop
confirmed_is '>=' "$after" || fail "$(confirmed) is confirmed, expected $after, for the offset is stored at the end"
log "ok: confirmed only when the offset is stored"
line=$(arrived --exact --snapshots 1) || fail "not everything came once: $line"
log "$line"
