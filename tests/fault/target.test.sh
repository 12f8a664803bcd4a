#!/bin/bash
# The target database goes away while changes flow: the sink waits it out, or gives up (max.retries) and is started again by the
# worker, as the status says; nothing is lost or dead-lettered. So do two tasks of a sink when workers come, are killed and leave.
# seconds: 240
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

at_exit bash "$SL_SUPPORT/postgres.sh" remove "$dir/pg"
PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" start "$dir/pg" # the target's
DST_HOST=127.0.0.1
DST_PORT=$(sed -n 's/^PGPORT=//p' "$dir/pg/postgres.env")
fault_database 2000
psql -X -q -h "$DST_HOST" -p "$DST_PORT" -d postgres -c "create database $DST"
target() { # target stop|kill|start
    PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" "$1" "$dir/pg"
}
fault_worker
fault_source
fault_sink max.retries=200 retry.backoff.ms=500 # longer than any restart of the target takes
for t in a b; do # 4 partitions, for two tasks
    bash "$SL_SUPPORT/kafka-tool.sh" topics --bootstrap-server "$BOOTSTRAP" --create --topic "$NAME.public.$t" --partitions 4 &
done
wait
start
settled 30

# ---- waited out ----
writer_start 12 0.01
sleep 1
target stop
sleep 3
target start
sleep 1
target kill
sleep 1
target start
writer_wait
settled 40
! grep "herder: task $NAME-dst-0 failed" "$dir/worker.log" || fail "the sink did not wait"
verify --state

# ---- gave up, and started again ----
worker_stop
fault_sink max.retries=2 retry.backoff.ms=200 tasks.max=2
start
for n in 0 1; do wait_until 20 task_is "$NAME-dst" "$n" RUNNING || fail "task $n does not run"; done
target stop
sql "update a set seq = nextval('seqs'), v = 'the target is down'"
gave_up() { call GET "/connectors/$NAME-dst/status" | matches '"FAILED".*starts again in [0-9]* s, attempt'; }
wait_until 20 gave_up || fail "no word of the restart: $(cat "$dir/answer")"
log "status: $(cat "$dir/answer")"
call GET "/connectors/$NAME-dst/status" >/dev/null
target start
for n in 0 1; do wait_until 30 task_is "$NAME-dst" "$n" RUNNING || fail "task $n was not restarted"; done
settled 75 # a member that could not say that it leaves counts until its session is over (45 s)
verify --state

# ---- workers come and go ----
writer_start 12 0.01
sed -e "s|^listeners=.*|listeners=http://127.0.0.1:0|" -e "s|^offset.storage.file.filename=.*|&-other|" \
    "$dir/worker.properties" >"$dir/other.properties"
spawn other "$dir" "$SLUICE" standalone "$dir/other.properties" "$dir/dst.properties"
at_exit end other "$dir" 10
sleep 5
signal_to KILL other "$dir"
sleep 2
spawn other "$dir" "$SLUICE" standalone "$dir/other.properties" "$dir/dst.properties"
sleep 4
end other "$dir" 10
writer_wait
settled 40
verify --state
worker_stop
