#!/bin/bash
# The broker goes away while changes flow, orderly and killed, for longer than some timeouts: it is an outage to wait out, for
# source and sink. A worker that is told to stop meanwhile does so in time.
# seconds: 200
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

at_exit bash "$SL_SUPPORT/kafka.sh" remove "$dir/kafka" # of its own
bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka"
# shellcheck disable=SC1091
. "$dir/kafka/kafka.env"
fault_database 2000
fault_worker
fault_source errors.max.retries=0 # nothing may need a restart of the task
fault_sink errors.max.retries=0
start
settled 30

writer_start 28 0.01
sleep 2
bash "$SL_SUPPORT/kafka.sh" stop "$dir/kafka"
sleep 10
bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka"
sleep 3
bash "$SL_SUPPORT/kafka.sh" kill "$dir/kafka"
sleep 5
bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka"
writer_wait
settled 60
for t in src dst; do
    task_is "$NAME-$t" 0 RUNNING || fail "$t: $(call GET "/connectors/$NAME-$t/status")"
done
! grep 'herder: .* failed' "$dir/worker.log" || fail "a task failed"
verify --snapshots 1

# stopped while there is no broker, and killed
bash "$SL_SUPPORT/kafka.sh" stop "$dir/kafka"
sql "update a set seq = nextval('seqs'), v = 'while the broker is down' where id in (select id from a order by id limit 50)"
sleep 1
worker_stop
worker_start "$dir/worker.properties" "$dir/src.properties" "$dir/dst.properties"
sleep 1
worker_kill
bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka"
start
settled 40
verify --snapshots 1
worker_stop
