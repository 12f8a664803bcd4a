#!/bin/bash
# Signals, incremental and blocking snapshots, notifications of the PostgreSQL source: with rows written and deleted meanwhile, kills and
# restarts in the middle, signals from the table and from a file. Whoever applies the events in order by key must end with exactly the
# database's rows. Records are read with tests/support/source_driver.c, without Kafka.
# beside others
# shellcheck source=tests/integration/postgres-cdc/source.sh
. "$(dirname "${BASH_SOURCE[0]}")/source.sh"

use_database pg_incremental publication.autocreate.mode=filtered 'table.include.list=public.a,public.b,public.nokey,public."odd Name"' \
    snapshot.mode=no_data slot.max.retries=20 notification.enabled.channels=sink,log notification.sink.topic.name=notes \
    signal.poll.interval.ms=100

# drive OPTION...: runs the source; its records go behind $dir/all, its log behind $dir/log
drive() {
    "${source[@]}" "$dir/c.properties" "$dir/offsets.json" --idle "${idle:-1500}" "$@" >>"$dir/all" 2>>"$dir/log"
}

begin() { # a new slot, nothing read yet
    rm -f "$dir/offsets.json"
    : >"$dir/all"
    : >"$dir/log"
    drop_slot
    sql -d "$db" -c "truncate signals"
    idle=300 drive
}

signal() { # signal ID TYPE DATA
    sql -d "$db" -v id="$1" -v type="$2" -v data="$3" <<<"insert into signals values (:'id', :'type', :'data')"
}

# compare TABLE...: applies all events by key and compares with the database; prints "same", or what differs
compare() {
    for table in "$@"; do
        sql -d "$db" -c "select row_to_json(x) from (select * from $table) x" >"$dir/rows.$table"
    done
    python3 - "$dir" "$@" <<'END'
import json, sys
d, tables = sys.argv[1], sys.argv[2:]
state = {t: {} for t in tables}
for line in open(d + "/all"):
    try:
        r = json.loads(line)
    except ValueError:
        continue  # cut by kill -9
    t = r["topic"].split(".")[-1]
    v = r["value"]
    if t not in state or v is None:
        continue
    row = v["after"] if v["op"] != "d" else v["before"]
    if v["op"] == "d":
        state[t].pop(row["id"], None)
    else:
        state[t][row["id"]] = row
bad = []
for t in state:
    rows = {r["id"]: r for r in map(json.loads, open(f"{d}/rows.{t}"))}
    bad += [(t, k, rows.get(k), state[t].get(k)) for k in rows.keys() | state[t].keys() if rows.get(k) != state[t].get(k)]
print("same" if not bad else f"{len(bad)} rows differ, such as {bad[:3]}")
END
}

reads() { # reads TABLE: rows that snapshots read
    grep -c "\"topic\":\"t.public.$1\".*\"snapshot\":\"${2:-incremental}\".*\"op\":\"r\"" "$dir/all" || true
}

notes() { # the notifications of a kind, in order, neighbours once
    python3 - "$dir/all" "$1" <<'END'
import json, sys
types = []
for line in open(sys.argv[1]):
    try:
        r = json.loads(line)
    except ValueError:
        continue
    if r["topic"] == "notes" and r["value"]["aggregate_type"] == sys.argv[2]:
        t = r["value"]["type"]
        data = r["value"]["additional_data"]
        if "status" in data:
            t += ":" + data["status"]
        if not types or types[-1] != t:
            types.append(t)
print(" ".join(types))
END
}

sql -d "$db" <<'END'
create table signals (id varchar(64) primary key, type varchar(32), data text);
create table a (id int primary key, v text, n int not null default 0);
create table b (id bigint, w text, primary key (id));
create table nokey (id int unique, v text);
create table "odd Name" (id uuid primary key);
alter table nokey replica identity full;
insert into a select i, repeat('x', 40) from generate_series(1, 30000) i;
insert into b select i, 'b' from generate_series(1, 3000) i;
insert into nokey select i, 'k' from generate_series(1, 500) i;
vacuum analyze;
END
properties c signal.data.collection=public.signals incremental.snapshot.chunk.size=700

# ---- the table's signal; nothing else goes on ----

begin
signal s1 execute-snapshot '{"type": "incremental", "data-collections": ["public\\.[ab]"]}'
drive
expect "every row is read once" "$(reads a) $(reads b)" "30000 3000"
expect "both tables are the database's" "$(compare a b)" same
expect "what was notified" "$(notes 'Incremental Snapshot')" \
    "STARTED IN_PROGRESS TABLE_SCAN_COMPLETED:SUCCEEDED IN_PROGRESS TABLE_SCAN_COMPLETED:SUCCEEDED COMPLETED"
expect "watermarks are written" "$(sql -d "$db" -c "select count(*) filter (where type = 'snapshot-window-open') > 40,
    count(*) filter (where type = 'snapshot-window-close') > 40 from signals")" "t|t"
expect "the signal table's rows come, too" "$(grep -c '"topic":"t.public.signals".*"s1"' "$dir/all")" 1
expect "nothing is left in the offset" "$(grep -c incremental_snapshot "$dir/offsets.json" || true)" 0

# ---- insert_delete; conditions; a surrogate key; bad signals; a table that is not there ----

properties c signal.data.collection=public.signals incremental.snapshot.chunk.size=100 incremental.snapshot.watermarking.strategy=insert_delete
begin
signal bad1 execute-snapshot '{"data-collections": []}'
signal bad2 execute '{}'
signal bad3 execute-snapshot '{"data-collections": ["public.a"'
signal s2 execute-snapshot '{"data-collections": ["public.nokey", "public.none", "public.a"], "surrogate-key": "id",
    "additional-conditions": [{"data-collection": "public.a", "filter": "id % 100 = 0"}]}'
signal s3 log '{"message": "here at {}"}'
drive
expect "a condition" "$(reads a)" 300
expect "a surrogate key" "$(reads nokey)" 500
expect "no watermark is left" "$(sql -d "$db" -c "select count(*) from signals where id like '%-open'")" 0
expect_log "an empty signal" "signal 'bad1': 'data-collections' is missing"
expect_log "an unknown signal" "signal 'bad2': type 'execute' is not known"
expect_log "a signal that is no JSON" "signal 'bad3': its data is no JSON object"
expect_log "a message" "here at {lsn="
expect_log "a table that is not there" "'public.none' is passed over"
expect "what was notified" "$(notes 'Incremental Snapshot')" \
    "STARTED IN_PROGRESS TABLE_SCAN_COMPLETED:SUCCEEDED TABLE_SCAN_COMPLETED:UNKNOWN_SCHEMA IN_PROGRESS TABLE_SCAN_COMPLETED:SUCCEEDED COMPLETED"

# ---- writes and kills ----

write_some() {
    cat <<END
update a set n = n + 1 where id % 37 = $1 % 37;
delete from a where id % 1009 = $1 % 1009;
begin; update a set v = 'moved', n = n + 1 where id between $1 * 200 and $1 * 200 + 300; insert into a values (100000 + $1, 'new'); commit;
update b set w = 'w' || $1 where id % 11 = $1 % 11;
delete from b where id = $1 * 3;
END
}

writing() { # goes on until the file is there
    rm -f "$dir/stop"
    (
        n=0
        while [ ! -e "$dir/stop" ]; do
            n=$((n + 1))
            write_some $n | sql -d "$db"
        done
    ) &
    writer=$!
}

stop_writing() {
    touch "$dir/stop"
    wait "$writer" || true
    writer=
}

for mode in table position; do
    if [ $mode = table ]; then
        properties c signal.data.collection=public.signals incremental.snapshot.chunk.size=300
    else
        properties c signal.enabled.channels=file signal.file="$dir/signals.txt" read.only=true incremental.snapshot.chunk.size=300
    fi
    begin
    writing
    if [ $mode = table ]; then
        signal "w-$mode" execute-snapshot '{"data-collections": ["public.a", "public.b"]}'
    else
        echo '{"id": "w-position", "type": "execute-snapshot", "data": {"data-collections": ["public.a", "public.b"]}}' >"$dir/signals.txt"
    fi
    for _ in 1 2 3; do
        "${source[@]}" "$dir/c.properties" "$dir/offsets.json" --idle 4000 >>"$dir/all" 2>>"$dir/log" &
        pid=$!
        sleep 1.5
        kill -9 $pid
        wait $pid 2>/dev/null || true
        grep -q incremental_snapshot_primary_key "$dir/offsets.json" || log "note: the snapshot was over before a kill"
    done
    for _ in $(seq 1 20); do
        drive --records 20000
        ! grep -q '"type":"COMPLETED"' "$dir/all" || break
    done
    stop_writing
    drive
    expect "$mode: the final state, with writes and kills" "$(compare a b)" same
    expect "$mode: it is complete" "$(notes 'Incremental Snapshot' | grep -o 'COMPLETED$')" COMPLETED
    [ "$(reads a)" -gt 20000 ] || fail "$mode: $(reads a) rows were read"
done
expect "the file was emptied" "$(wc -c <"$dir/signals.txt")" 0
expect "read.only writes nothing" "$(sql -d "$db" -c "select count(*) from signals")" 0

# ---- pause, resume, stop ----

properties c signal.enabled.channels=source,file signal.file="$dir/signals.txt" signal.data.collection=public.signals incremental.snapshot.chunk.size=50
begin
signal p1 execute-snapshot '{"data-collections": ["public.a", "public.b"]}'
signal p2 pause-snapshot '{}'
drive
before=$(reads a)
[ "$before" -lt 1000 ] || fail "a paused snapshot read $before rows"
expect "paused" "$(notes 'Incremental Snapshot' | grep -o 'PAUSED$')" PAUSED
echo '{"id": "p4", "type": "stop-snapshot", "data": {"type": "incremental", "data-collections": ["public.a"]}}' >"$dir/signals.txt"
drive
expect "one table was stopped, the other is read" "$(reads b)" "$(sql -d "$db" -c 'select count(*) from b')"
expect "how it ended" "$(notes 'Incremental Snapshot' | grep -o 'ABORTED IN_PROGRESS TABLE_SCAN_COMPLETED:SUCCEEDED COMPLETED')" \
    "ABORTED IN_PROGRESS TABLE_SCAN_COMPLETED:SUCCEEDED COMPLETED"
: >"$dir/all"
signal p5 execute-snapshot '{"data-collections": ["public.b"]}'
signal p6 stop-snapshot '{}'
drive
expect "all was stopped" "$(notes 'Incremental Snapshot' | grep -o 'ABORTED$')" ABORTED
: >"$dir/all"
signal p7 execute-snapshot '{"data-collections": ["public.b"]}'
signal p8 pause-snapshot ''
signal p9 resume-snapshot ''
drive
expect "resumed" "$(notes 'Incremental Snapshot' | grep -o 'PAUSED RESUMED')" "PAUSED RESUMED"
expect "all rows came" "$(reads b)" "$(sql -d "$db" -c 'select count(*) from b')"

# ---- a table that changes its shape meanwhile, large rows, a blocking snapshot ----

: >"$dir/all"
sql -d "$db" -c "insert into b select 100000 + i, repeat('L', 2000000) from generate_series(1, 12) i"
drive
: >"$dir/all"
signal d1 execute-snapshot '{"data-collections": ["public.b"]}'
drive --records 400
sql -d "$db" -c "alter table b add x int default 7" -c "update b set w = 'after' where id = 2999"
drive
expect "the new column is there" "$(grep '"topic":"t.public.b"' "$dir/all" | tail -n 1 | grep -c '"x":7')" 1
expect "large rows come as well" "$(grep -c 'LLLLLLLLLL' "$dir/all")" 12
sql -d "$db" -c "delete from b where id > 100000"
drive
: >"$dir/all"
signal e1 execute-snapshot '{"type": "blocking", "data-collections": ["public.a", "public.nokey"],
    "additional-conditions": [{"data-collection": "public.nokey", "filter": "select * from public.nokey where id <= 5"}]}'
sql -d "$db" -c "update a set n = -1 where id = (select min(id) from a)"
drive
expect "a blocking snapshot" "$(compare a)" same
expect "a statement of its own" "$(reads nokey '[a-z_]*')" 5
expect "its markers" "$(grep '"topic":"t.public.[an]' "$dir/all" | grep -o '"snapshot":"[a-z_]*"' | grep -v true | tr '\n' ' ')" \
    '"snapshot":"first" "snapshot":"last_in_data_collection" "snapshot":"first_in_data_collection" "snapshot":"last" "snapshot":"false" '
