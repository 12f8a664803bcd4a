#!/bin/bash
# kill -9 and SIGTERM in the middle of a snapshot, while rows come, change and go: after the next start topics and target have what
# the table has, rows that went between two tries included.
# seconds: 120
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

ROWS=${ROWS:-60000}
fault_database "$ROWS"
fault_worker
proxy start "$dir/net" "$PGPORT" 2>/dev/null
at_exit proxy stop "$dir/net"
# shellcheck disable=SC1091
. "$dir/net/proxy.env"
proxy send "$dir/net" rate 200000 >/dev/null # a snapshot that lasts until it is let go
fault_source "database.port=$PROXY_PORT" max.batch.size=500
fault_sink batch.size=2000

read_some() { # read_some N: so many records were written
    [ "$(curl -s "$URL/metrics" | sed -n 's/^kafka_connect_source_task_source_record_poll_total{.*} //p')" -ge "$1" ]
}
unfinished() { ! grep -q 'snapshot of 2 table(s) is complete' "$dir/worker.log"; }

start_source
wait_until 20 read_some 1000 || fail "the snapshot did not begin"
worker_kill
unfinished || fail "the snapshot was over before the kill; the test needs more rows"
# what the first try read goes away, or changes
sql 'delete from a where id <= 500'
sql "update a set id = id + 500000, seq = nextval('seqs') where id between 501 and 700"
sql "update a set seq = nextval('seqs'), v = 'changed' where id between 701 and 900"
start_source
sleep 0.3
unfinished || fail "the snapshot was over before the stop; the test needs more rows"
worker_stop # exit code 0
sql 'delete from a where id between 801 and 1200'
writer_start 6 # from here on alone: the log of changes is in commit order then
start
sleep 1
worker_kill
proxy send "$dir/net" rate 0 >/dev/null
start
writer_wait
settled 60
verify
worker_stop
start # nothing is read again
sql "update a set seq = nextval('seqs') where id = (select max(id) from a)"
settled 20
verify
[ "$(grep -c 'snapshot of 2 table(s) at' <(tail -n 40 "$dir/worker.log" | tac | sed '/stopped/q'))" = 0 ] || fail "a second snapshot"
worker_stop
