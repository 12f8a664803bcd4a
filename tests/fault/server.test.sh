#!/bin/bash
# PostgreSQL goes away in every way while changes flow: restarted fast and immediately, its walsender terminated, the network cut,
# cut in mid-message, and stalled. The source comes back by itself each time; nothing is missing or out of order.
# seconds: 180
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

# a server of its own, to be broken; the target stays on the common one
DST_HOST=$PGHOST DST_PORT=$PGPORT
at_exit bash "$SL_SUPPORT/postgres.sh" remove "$dir/pg"
PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" start "$dir/pg" wal_sender_timeout=3s
set -a
# shellcheck disable=SC1091
. "$dir/pg/postgres.env"
set +a
psql -X -q -h "$DST_HOST" -p "$DST_PORT" -d postgres -c "create database $DST"
at_exit psql -X -q -h "$DST_HOST" -p "$DST_PORT" -d postgres -c "drop database if exists $DST with (force)"
fault_database 2000
proxy start "$dir/net" "$PGPORT"
at_exit proxy stop "$dir/net"
# shellcheck disable=SC1091
. "$dir/net/proxy.env"
fault_worker
fault_source "database.port=$PROXY_PORT" heartbeat.interval.ms=1000
fault_sink
start
settled 30

pg_signal() { # fast: INT, immediate: QUIT; then it is started again
    signal_to "$1" postgres "$dir/pg"
    wait_until 20 gone postgres "$dir/pg" || fail "PostgreSQL did not end"
    sleep "${2:-1}"
    PG_FSYNC=off bash "$SL_SUPPORT/postgres.sh" start "$dir/pg" wal_sender_timeout=3s
}
outage() { # outage WHAT: what was broken is whole again
    wait_until 30 running || fail "$1: the source is not running again: $(call GET "/connectors/$NAME-src/status")"
    log "running again after: $1"
}

writer_start "${WRITE:-45}" 0.01
sleep 1
pg_signal INT 3
outage "fast restart"
sleep 1
pg_signal QUIT
outage "immediate restart"
for _ in 1 2 3; do
    sleep 1
    psql -X -q -At -d postgres -c "select pg_terminate_backend(pid) from pg_stat_replication" >/dev/null
done
outage "terminated walsenders"
proxy cut "$dir/net" >/dev/null
tells() { trace_has "$NAME-src" 'cannot connect\|closed the connection\|reset' && matches 'starts again in' "$dir/answer"; }
wait_until 15 tells || fail "cut network, and no word of it or of the next try: $(call GET "/connectors/$NAME-src/status")"
proxy pass "$dir/net" >/dev/null
outage "cut network"
for n in 3000 100 20000 1; do
    proxy send "$dir/net" cut-after "$n" >/dev/null
    sleep 0.7
    proxy pass "$dir/net" >/dev/null
    sleep 0.7
done
outage "cut in mid-message"
proxy stall "$dir/net" >/dev/null
wait_until 20 grep -q 'sent nothing for' "$dir/worker.log" || fail "a stalled network was not noticed"
proxy pass "$dir/net" >/dev/null
outage "stalled network"
writer_wait
settled 60
verify --snapshots 1
worker_stop
