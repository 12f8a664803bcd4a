#!/bin/bash
# Settings of the PostgreSQL source that the other suites have no use for, each seen to act on a real server.
# seconds: 120
# beside others
# shellcheck source=tests/integration/postgres-cdc/source.sh
. "$(dirname "${BASH_SOURCE[0]}")/source.sh"

use_database pg_keys 'schema.include.list=public'

drive() { # drive NAME OPTION...: from no offset; its records to $dir/out, its log to $dir/log
    rm -f "$dir/offsets.json"
    again "$@"
}
again() { # the same, from the stored offset
    local name=$1
    shift
    "${source[@]}" "$dir/$name.properties" "$dir/offsets.json" --idle 500 "$@" >"$dir/out" 2>"$dir/log"
}
run() { # run LINE...: a slot, publication and offset of its own
    drop_slot
    sql -d "$db" -c "drop publication if exists pub"
    properties x "$@"
    drive x
}
topics() { count "$dir/out" "sorted({r['topic'] for r in rows})"; }
ids() { count "$dir/out" "[r['key']['id'] for r in rows]"; }
took() { sed -n 's/.*batches, \([0-9]*\) ms.*/\1/p' "$dir/log"; }
batches() { sed -n 's/.* in \([0-9]*\) batches.*/\1/p' "$dir/log"; }
has_slot() { sql -d "$db" -c "select count(*) from pg_replication_slots where slot_name = '$slot'"; }

sql -d "$db" -c "create schema s2; create table small (id int primary key, v text); create table s2.hidden (id int primary key);
    create table large (id int primary key, v text); insert into small values (1, 'x');
    insert into large select i, repeat('y', 100) from generate_series(1, 3000) i; insert into s2.hidden values (1); analyze"

run schema.include.list= 'schema.exclude.list=s2,pg_temp.*'
expect "schema.exclude.list" "$(topics)" "['t.public.large', 't.public.small']"
run snapshot.tables.order.by.row.count=descending
expect "snapshot.tables.order.by.row.count=descending" "$(count "$dir/out" "rows[0]['topic'], rows[-1]['topic']")" "('t.public.large', 't.public.small')"
run snapshot.tables.order.by.row.count=ascending snapshot.include.collection.list=public.large,public.small
expect "and ascending" "$(count "$dir/out" "rows[0]['topic'], rows[-1]['topic']")" "('t.public.small', 't.public.large')"

run max.queue.size.in.bytes=5000
many=$(batches)
run max.batch.size=100000
((many > 5 * $(batches))) || fail "max.queue.size.in.bytes: $many batches, and $(batches) without it"
log "ok: max.queue.size.in.bytes"
run max.queue.size.in.bytes=1 # less than any row: one at a time
expect "and it goes on whatever it is" "$(count "$dir/out" "len(rows)")" 3001

for isolation in serializable repeatable_read read_committed read_uncommitted; do
    run "snapshot.isolation.mode=$isolation" table.include.list=public.small
    expect "snapshot.isolation.mode=$isolation" "$(ids)" "[1]"
done
drop_slot
properties x snapshot.delay.ms=1500 table.include.list=public.small
drive x --idle 3000 --records 1
(($(took) >= 1500)) || fail "snapshot.delay.ms: it took $(took) ms"
expect "snapshot.delay.ms" "$(ids)" "[1]"
drop_slot
properties x streaming.delay.ms=2500 table.include.list=public.small
(sleep 1 && sql -d "$db" -c "insert into small values (2, 'x')") &
drive x --records 2 --idle 8000
wait $!
(($(took) >= 2500)) || fail "streaming.delay.ms: it took $(took) ms"
expect "streaming.delay.ms" "$(ids)" "[1, 2]"

# a table that others lock again and again (the slot waits for transactions that were there before it)
holders=()
for _ in 1 2 3; do
    for _ in $(seq 16); do
        echo "begin; lock table small in access exclusive mode; select pg_sleep(0.4); commit;"
    done | psql -X -q -At -d "$db" >/dev/null 2>&1 &
    holders+=($!)
done
locked() { [ "$(sql -d "$db" -c "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and relation = 'small'::regclass")" -ge 2 ]; }
wait_until 5 locked || fail "nobody locks the table"
drop_slot
properties x snapshot.locking.mode=shared snapshot.lock.timeout.ms=200 table.include.list=public.small
expect_log "snapshot.locking.mode=shared gives up after snapshot.lock.timeout.ms" "lock timeout" drive x
for pid in "${holders[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
done
sql -d "$db" -c "select pg_terminate_backend(pid) from pg_locks where mode = 'AccessExclusiveLock' and relation = 'small'::regclass" >/dev/null
run snapshot.locking.mode=shared table.include.list=public.small
expect "and reads what is free" "$(ids)" "[1, 2]"

# configuration_based: each part of it
c=snapshot.mode.configuration.based
run snapshot.mode=configuration_based $c.snapshot.data=true table.include.list=public.small
expect "configuration_based: data, no stream" "$(ids) $(has_slot)" "[1, 2] 0"
run snapshot.mode=configuration_based $c.start.stream=true table.include.list=public.small
expect "configuration_based: stream, no data" "$(ids) $(has_slot)" "[] 1"
sql -d "$db" -c "insert into small values (3, 'x')"
again x
expect "and it streams" "$(ids)" "[3]"
drop_slot
expect_log "configuration_based: a slot that is gone" "is not there any more" again x
properties x snapshot.mode=configuration_based $c.start.stream=true $c.snapshot.on.data.error=true table.include.list=public.small
again x
expect "configuration_based: on.data.error reads again" "$(ids)" "[1, 2, 3]"

run flush.lsn.source=false table.include.list=public.small
before=$(sql -d "$db" -c "select confirmed_flush_lsn from pg_replication_slots where slot_name = '$slot'")
sql -d "$db" -c "insert into small values (4, 'x')"
again x
expect "flush.lsn.source=false streams" "$(ids)" "[4]"
expect "and confirms nothing" "$(sql -d "$db" -c "select confirmed_flush_lsn from pg_replication_slots where slot_name = '$slot'")" "$before"

run slot.drop.on.stop=true table.include.list=public.small
expect "slot.drop.on.stop" "$(has_slot)" 0
run slot.failover=true table.include.list=public.small
if [ "$(sql -d "$db" -c "select current_setting('server_version_num')::int >= 170000")" = t ]; then
    expect "slot.failover" "$(sql -d "$db" -c "select failover from pg_replication_slots where slot_name = '$slot'")" t
else
    expect_log "slot.failover on an older server" "slot.failover needs PostgreSQL 17"
fi

# a value that is none of its type: a geometry that anything can be
sql -d "$db" -c "create type geometry; create function geometry_in(cstring) returns geometry language internal immutable strict as 'textin';
    create function geometry_out(geometry) returns cstring language internal immutable strict as 'textout';
    create type geometry (input = geometry_in, output = geometry_out); create table shapes (id int primary key, n geometry);
    insert into shapes values (1, 'no shape')" 2>/dev/null
odd() { count "$dir/out" "[r['value']['after']['n'] for r in rows]"; }
run event.converting.failure.handling.mode=warn table.include.list=public.shapes
expect "event.converting.failure.handling.mode=warn" "$(odd) $(grep -c "does not fit its type" "$dir/log")" "[None] 1"
run event.converting.failure.handling.mode=skip table.include.list=public.shapes
expect "and skip" "$(odd) $(grep -c "does not fit its type" "$dir/log" || true)" "[None] 0"
drop_slot
properties x event.converting.failure.handling.mode=fail table.include.list=public.shapes
expect_log "and fail" "column 'n' of public.shapes does not fit its type" drive x

# a server that takes a connection and says nothing
python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(600)' >"$dir/mute" &
mute=$!
wait_until 5 test -s "$dir/mute" || fail "no mute server"
properties x database.connection.timeout.ms=400 "database.port=$(cat "$dir/mute")"
expect_log "database.connection.timeout.ms" "no connection to PostgreSQL at '127.0.0.1' port $(cat "$dir/mute") within 400 ms" drive x
kill "$mute"

# keepalive timers of the source's connections, as the kernel shows them
slot_free() { [ "$(sql -d "$db" -c "select count(*) from pg_replication_slots where slot_name = '$slot' and active")" = 0 ]; }
timers() { # timers true|false
    drop_slot
    properties x "database.tcpKeepAlive=$1" table.include.list=public.small
    rm -f "$dir/offsets.json"
    "${source[@]}" "$dir/x.properties" "$dir/offsets.json" --idle 60000 >/dev/null 2>"$dir/log" &
    local pid=$! port
    port=$(printf '0100007F:%04X' "$PGPORT")
    # shellcheck disable=SC2317  # called by wait_until
    streams() { grep -q 'streaming from slot' "$dir/log"; }
    wait_until 10 streams || return 1
    python3 - "$pid" "$port" <<'END'
import os, sys
pid, port = sys.argv[1:]
mine = {os.readlink(f"/proc/{pid}/fd/{fd}")[8:-1] for fd in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:[")}
lines = [l.split() for l in open("/proc/net/tcp")][1:]
print(sorted(l[5].split(":")[0] == "02" for l in lines if l[2] == port and l[9] in mine))
END
    kill "$pid"
    wait "$pid" || true
    wait_until 10 slot_free || return 1
}
expect "database.tcpKeepAlive=true" "$(timers true)" "[True, True]"
expect "database.tcpKeepAlive=false" "$(timers false)" "[False, False]"
