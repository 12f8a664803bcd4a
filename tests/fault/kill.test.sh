#!/bin/bash
# kill -9 of the worker again and again while changes flow: PostgreSQL -> Kafka -> PostgreSQL. Nothing is missing, per-key order
# holds, what repeats goes back to a stored position; an orderly stop repeats nothing.
# seconds: 150
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

fault_database 3000
fault_worker
fault_source
fault_sink
start
settled 30
kills=${KILLS:-6}
writer_start $((kills * 3))
for ((i = 0; i < kills; i++)); do
    sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.5 + r / 32768 * 2 }')"
    worker_kill
    start
done
writer_wait
settled 40
verify --snapshots 1

# orderly stops in full flow: nothing repeats
before=$(arrived --snapshots 1)
writer_start 8
for ((i = 0; i < 3; i++)); do
    sleep 1.5
    worker_stop
    start
done
writer_wait
settled 40
verify --snapshots 1
after=$(arrived)
[[ $before =~ ([0-9]+)\ repeated ]]
repeated=${BASH_REMATCH[1]}
[[ $after =~ \($repeated\ repeated ]] || fail "orderly stops repeated records: $before; $after"
worker_stop
