#!/bin/bash
# A snapshot that changes hands, with kill -9 each time: Debezium on Java begins it, Sluice goes on from its offset file and slot,
# Debezium takes over (and starts over, for what is finished is told in a key that it ignores), Sluice ends it. Rows that any of them
# had read and that were deleted or changed since are so in the topics at the end.
# seconds: 120
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

ROWS=${ROWS:-24000}
fault_database "$ROWS"
mkdir -p "$dir/connect"
fault_worker "offset.storage.file.filename=$dir/connect/offsets.dat"
proxy start "$dir/net" "$PGPORT" 2>/dev/null
at_exit proxy stop "$dir/net"
# shellcheck disable=SC1091
. "$dir/net/proxy.env"
proxy send "$dir/net" rate 45000 >/dev/null # a snapshot that lasts until it is let go
fault_source "database.port=$PROXY_PORT" max.batch.size=500 max.queue.size=1000
at_exit bash "$SL_SUPPORT/connect.sh" remove "$dir/connect"

# how many records table a's topic has, how many keys twice or more
reads() {
    kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME.public.a" -o beginning -f '%k\n' 2>/dev/null | sort | uniq -c | awk '{n += $1; again += $1 > 1} END {print n + 0, again + 0}'
}
polled() { # polled N: so many records were read
    [ "$(curl -s "$URL/metrics" | sed -n 's/^kafka_connect_source_task_source_record_poll_total{.*} //p')" -ge "$1" ]
}
offset_says() { grep -a -q "$1" "$dir/connect/offsets.dat" 2>/dev/null; }
# Java writes its file in place: it may be seen, and killed, half-way
# shellcheck disable=SC2317  # called by wait_until
java_has_stored() { offset_says last_snapshot_record && ! offset_says sluice_snapshot; }

java_begins() { bash "$SL_SUPPORT/connect.sh" start "$dir/connect" "$BOOTSTRAP" --standalone "$dir/src.properties"; }
java_dies() {
    bash "$SL_SUPPORT/connect.sh" kill "$dir/connect"
    ! grep -q 'Snapshot ended with SnapshotResult \[status=COMPLETED' "$dir/connect/connect.log" || fail "Debezium's snapshot was over before the kill; the test needs more rows"
}
sluice_goes_on() { # until N more records were read
    start_source
    wait_until 20 grep -q 'it goes on behind what was finished' "$dir/worker.log" || fail "Sluice did not go on"
    wait_until 20 polled "$1" || fail "nothing came from the snapshot that went on"
    wait_until 20 offset_says sluice_snapshot || fail "the offset says nothing of what is finished"
    worker_kill
    ! grep -q 'snapshot of 2 table(s) is complete' "$dir/worker.log" || fail "the snapshot was over before the kill; the test needs more rows"
}

java_begins
wait_until 40 offset_says last_snapshot_record || fail "Debezium stored no offset: $(tail -n 5 "$dir/connect/connect.log")"
java_dies
sql 'delete from a where id <= 500'
sql "update a set id = id + 500000, seq = nextval('seqs') where id between 501 and 700"
sluice_goes_on 2000

before=$(reads | cut -d ' ' -f 2)
java_begins
wait_until 40 java_has_stored || fail "Debezium did not start over: $(tail -n 5 "$dir/connect/connect.log")"
java_dies
log "rows that were read again when Debezium started over: $(($(reads | cut -d ' ' -f 2) - before))"

sql "update a set seq = nextval('seqs'), v = 'changed' where id between 701 and 900"
sluice_goes_on 2000
sql 'delete from a where id between 801 and 1200'
proxy send "$dir/net" rate 0 >/dev/null
start_source
wait_until 60 arrived || fail "$(arrived)"
log "$(arrived)"
worker_stop
