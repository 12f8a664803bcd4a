#!/bin/bash
# Initial snapshots of the PostgreSQL source that are cut: kill -9 at several points, with rows written, moved and deleted all the time,
# also while nothing runs. Whoever applies the events in order by key must end with exactly the database's rows, and what was finished
# must not come again. Records are read with tests/support/source_driver.c, without Kafka.
# beside others
# shellcheck source=tests/integration/postgres-cdc/source.sh
. "$(dirname "${BASH_SOURCE[0]}")/source.sh"

use_database pg_snapshot schema.include.list=public publish.via.partition.root=true slot.max.retries=20

# drive OPTION...: runs the source; its records go behind $dir/all, its log to $dir/log
drive() {
    "${source[@]}" "$dir/c.properties" "$dir/offsets.json" --idle 1500 "$@" >>"$dir/all" 2>"$dir/log"
}

# drive_all: until everything that was written has come
drive_all() {
    local id=$((2000000000 + RANDOM)) _
    sql -d "$db" -c "insert into plain values ($id, 'end')"
    for _ in $(seq 1 30); do
        drive
        ! grep -q "\"id\":$id,.*\"op\":\"c\"" "$dir/all" || return 0
    done
    cat "$dir/log" >&2
    fail "the last row that was written did not come"
}

forget() {
    rm -f "$dir/offsets.json"
    : >"$dir/all"
    drop_slot
}

# compare: applies all events by key and compares with the database; prints "same", or what differs
compare() {
    for table in plain large parts nokey; do
        sql -d "$db" -c "select row_to_json(x) from (select * from $table) x" >"$dir/rows.$table"
    done
    python3 - "$dir" <<'END'
import json, sys
d = sys.argv[1]
state = {t: {} for t in ("plain", "large", "parts", "nokey")}
gone = (None, {})
for line in open(d + "/all"):
    try:
        r = json.loads(line)
    except ValueError:
        continue  # cut by kill -9 in the middle: not delivered
    t = r["topic"].split(".")[-1]
    if t.startswith("parts_") or t not in state:
        continue
    v = r["value"]
    if v is None:
        continue
    row = v["after"] if v["op"] != "d" else v["before"]
    key = row["id"]
    if v["op"] == "d":
        gone = (key, state[t].pop(key, {}))
        continue
    old = next((h[1] for h in r["headers"] if h[0] == "__debezium.oldkey"), None)
    for c, x in row.items():
        if x == "__debezium_unavailable_value":  # keeps what it was, also under its former key
            was = state[t].get(key) or (gone[1] if old and old["id"] == gone[0] else {})
            row[c] = was.get(c, "nothing to keep")
    state[t][key] = row
bad = []
for t in state:
    rows = {r["id"]: r for r in map(json.loads, open(f"{d}/rows.{t}"))}
    for k in rows.keys() | state[t].keys():
        if rows.get(k) != state[t].get(k):
            bad.append((t, k, str(rows.get(k))[:100], str(state[t].get(k))[:100]))
print("same" if not bad else f"{len(bad)} rows differ, such as {bad[:3]}")
END
}

# reads TABLE: how often rows were read by snapshots
reads() {
    grep -c "\"topic\":\"t.public.$1\".*\"op\":\"r\"" "$dir/all" || true
}

sql -d "$db" <<'END'
create table plain (id int primary key, v text, n int not null default 0);
create table large (id int primary key, n int not null, l text, pad text not null default repeat('p', 500)); -- l is kept out of line, pad is not
create table parts (id int, n int not null, v text, primary key (id, n)) partition by list (n);
create table parts_0 partition of parts for values in (0);
create table parts_1 partition of parts for values in (1);
create table nokey (id int, v text);
alter table large alter l set storage external, alter pad set storage plain;
alter table nokey replica identity full;
insert into plain select i, repeat('x', 60) from generate_series(1, 90000) i;
insert into large select i, 0, repeat(md5(i::text), 70) from generate_series(1, 15000) i;
insert into parts select i, i % 2, repeat('y', 60) from generate_series(1, 40000) i;
insert into nokey select i, repeat('z', 60) from generate_series(1, 30000) i;
vacuum analyze;
END

# ---- nothing is written: what was finished does not come again ----

properties c snapshot.max.threads.multiplier=12 'table.exclude.list=public.parts_.*'
forget
drive --records 120000
drive
expect "a cut snapshot goes on" "$(grep -c 'it goes on behind what was finished' "$dir/log")" 1
expect "all rows are there" "$(compare)" same
# 90,000 rows in 12 chunks; batches of 2,048 rows
again=$(($(reads plain) - 90000 + $(reads nokey) - 30000 + $(reads large) - 15000 + $(reads parts) - 40000))
if [ "$again" -lt 0 ] || [ "$again" -gt 12000 ]; then fail "$again rows were read again"; fi
log "ok: $again of 175000 rows were read again: less than a chunk"
expect "the markers of a snapshot in two pieces" \
    "$(grep -o '"snapshot":"[a-z_]*"' "$dir/all" | grep -v '"true"' | sort | uniq -c | awk '{print $1, $2}' | tr '\n' ' ')" \
    '1 "snapshot":"first" 3 "snapshot":"first_in_data_collection" 1 "snapshot":"last" 3 "snapshot":"last_in_data_collection" '

# chunks of one table only: what is finished of it when it is cut shows them
chunks_finished() { grep -c 'heap=[0-9]*/[0-9]*:0-' "$dir/offsets.json" || true; }
forget
properties c snapshot.max.threads.multiplier.public.large=6 table.include.list=public.plain
drive --records 60000
expect "another table's multiplier leaves a table in one chunk" "$(chunks_finished)" 0
forget
properties c snapshot.max.threads.multiplier=1 snapshot.max.threads.multiplier.public.plain=6 table.include.list=public.plain
drive --records 60000
expect "snapshot.max.threads.multiplier.TABLE" "$(chunks_finished)" 1

# with exactly-once a cut in the middle of a chunk is no reason either
forget
properties c snapshot.max.threads=2 snapshot.max.threads.multiplier=6 'table.exclude.list=public.parts_.*'
for n in 7000 30000 60000 1000000; do
    drive --exactly-once --records "$n"
done
expect "with exactly-once, in four pieces: all rows are there" "$(compare)" same
expect "and none is read again" "$(($(reads plain) + $(reads nokey) + $(reads large) + $(reads parts)))" 175000

# ---- kill -9, with writes ----

# a writer: keys move, rows move (a row that is updated goes elsewhere in its table), large values stay or change, rows come and go
write_some() {
    cat <<END
begin; update plain set n = n + 1 where id % 97 = $1 % 97; update large set n = n + 1 where id % 13 = $1 % 13; commit;
delete from plain where id % 1009 = $1 % 1009; delete from large where id % 307 = $1 % 307;
update large set id = id + 1000000, n = n + 1 where id < 1000000 and id % 53 = $1 % 53;
update large set l = repeat(md5('$1' || id), 70) where id % 211 = $1 % 211;
insert into plain select 1000000 + $1 * 1000 + i, 'new' from generate_series(1, 50) i on conflict do nothing;
insert into large select 5000000 + $1 * 1000 + i, 0, repeat(md5(i::text || '$1'), 70) from generate_series(1, 10) i on conflict do nothing;
update parts set n = 1 - n where id % 89 = $1 % 89; delete from parts where id % 997 = $1 % 997;
update nokey set v = v || '$1' where id % 101 = $1 % 101; delete from nokey where id % 499 = $1 % 499;
END
}

kill_run() {
    local name=$1 rounds=$2 round pid goes_on=0
    shift 2
    properties c "$@"
    forget
    for round in $rounds; do # the first as soon as anything has come
        for i in 1 2 3; do write_some $((round * 10 + i)); done | sql -d "$db" &
        writer=$!
        "${source[@]}" "$dir/c.properties" "$dir/offsets.json" --idle 3000 >>"$dir/all" 2>"$dir/log" &
        pid=$!
        # the point: when so many bytes have come
        for _ in $(seq 1 2000); do
            [ "$(stat -c %s "$dir/all")" -le $((round * 16000000)) ] || break
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.005
        done
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        ! grep -q 'it goes on behind' "$dir/log" || goes_on=$((goes_on + 1))
        wait "$writer" || fail "the writer failed"
        write_some $((round * 10 + 9)) | sql -d "$db"
        printf '\n' >>"$dir/all" # a line that was cut
    done
    [ "$goes_on" -ge 2 ] || fail "only $goes_on runs were cut within the snapshot"
    drive_all
    expect "$name: exactly the rows of the database" "$(compare)" same
    expect "$name: the snapshot is complete" "$(grep -c '"snapshot_completed": false' "$dir/offsets.json" || true)" 0
}

kill_run "one reader" "0 1 3 5" snapshot.max.threads.multiplier=12 'table.exclude.list=public.parts_.*'
kill_run "three readers" "1 2 4" snapshot.max.threads=3 snapshot.max.threads.multiplier=4 'table.exclude.list=public.parts_.*'

# ---- rows that were not read move to where all was read, without their large values in the log ----

properties c snapshot.max.threads.multiplier=12 'table.exclude.list=public.parts_.*'
forget
drive --records 6000
sql -d "$db" -c "delete from large where ctid < '(300,0)'" -c "vacuum large" -c "update large set n = n + 1 where ctid > '(800,0)'"
[ "$(sql -d "$db" -c "select count(*) from large where ctid < '(300,0)'")" -gt 1000 ] || fail "the rows did not move"
drive_all
expect "rows that moved into a finished range are there, large values too" "$(compare)" same

# ---- rewritten while it was cut ----

forget
drive --records 130000
sql -d "$db" -c "update plain set v = 'u' where id % 3 = 0" -c "vacuum full plain" -c "delete from plain where id % 7 = 0"
drive
grep -q 'was rewritten' "$dir/log" || fail "nothing is said of the table that was rewritten"
drive_all
expect "a table that was rewritten is read afresh" "$(compare)" same

# ---- begun by Debezium: its offset says neither what is finished nor where the slot starts ----

forget
drive --records 60000
python3 - "$dir/offsets.json" <<'END'
import json, sys
offsets = json.load(open(sys.argv[1]))
for offset in offsets.values():
    del offset["sluice_snapshot"]
json.dump(offsets, open(sys.argv[1], "w"))
END
sql -d "$db" -c "delete from large where id % 5 = 0; delete from nokey where id % 5 = 0; update parts set v = 'd' where id % 5 = 0"
drive
grep -q 'it goes on behind' "$dir/log" || fail "a snapshot that Debezium began did not go on"
drive_all
expect "rows that Debezium had read and that were deleted since are deleted" "$(compare)" same

# ---- without its slot it starts over ----

forget
drive --records 60000
sql -d "$db" -c "select pg_drop_replication_slot('$slot')" >/dev/null
: >"$dir/all"
drive
expect "a cut snapshot whose slot is gone starts over" "$(grep -c 'cannot go on (its slot is gone): it starts over' "$dir/log")" 1
drive_all
expect "and has all rows" "$(compare)" same
