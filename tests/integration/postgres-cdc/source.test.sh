#!/bin/bash
# The PostgreSQL source alone, on a real server: snapshot, stream, restarts in the middle of both, an idle slot, and what is said when
# something is wrong. Records are read with tests/support/source_driver.c, without Kafka.
# beside others
# shellcheck source=tests/integration/postgres-cdc/source.sh
. "$(dirname "${BASH_SOURCE[0]}")/source.sh"

use_database pg_source table.include.list=public.a,public.b,public.big slot.max.retries=2

# drive NAME OPTION...: runs the source, its records to $dir/out, its log to $dir/log
drive() {
    local name=$1
    shift
    "${source[@]}" "$dir/$name.properties" "$dir/offsets.json" --idle 700 "$@" >"$dir/out" 2>"$dir/log"
}

sql -d "$db" -c "create table a (id int primary key, v text); create table b (id int primary key, v text);
    create table other (x text); create table big (id int primary key, s text, l text);
    alter table big alter l set storage external; insert into a select i, 'x' from generate_series(1, 3000) i;
    insert into big values (1, 's', repeat('x', 5000))"
properties main

drive main --records 1000
drive main
expect "a snapshot that was cut goes on" "$(grep -c 'it goes on behind what was finished' "$dir/log")" 1
expect "every row once, with its markers" \
    "$(count "$dir/out" "len(rows), len({(r['topic'], r['key']['id']) for r in rows}), rows[0]['value']['source']['snapshot'], rows[-1]['value']['source']['snapshot'], {r['value']['op'] for r in rows}")" \
    "(3001, 3001, 'first', 'last', {'r'})"

# one transaction whose rows share WAL records, read in three pieces
seq 1 10000 | sed 's/$/\ty/' >"$dir/rows"
sql -d "$db" -c "\\copy b from '$dir/rows'"
sql -d "$db" -c "insert into a values (9001, 'after')"
: >"$dir/all"
for _ in 1 2 3 4 5; do
    drive main --records 2500
    cat "$dir/out" >>"$dir/all"
done
expect "a transaction goes on where it was cut: nothing missing, nothing twice, in order" \
    "$(count "$dir/all" "len(rows), [r['key']['id'] for r in rows if r['topic'] == 't.public.b'] == list(range(1, 10001)), rows[-1]['key']['id']")" \
    "(10001, True, 9001)"

# counts of a transaction in which events are not rows: key changes, messages, truncates, and operations that are left out
tx_lines=(provide.transaction.metadata=true skipped.operations=u "table.include.list=public.a,public.b" max.batch.size=8)
properties tx "${tx_lines[@]}"
drive tx
sql -d "$db" -c "begin; insert into a select i, 'tx' from generate_series(20001, 20030) i; update a set id = id + 100 where id > 20025;
    select pg_logical_emit_message(true, 'p', 'm'); update a set v = 'u' where id > 20000; insert into b values (20001, 'b');
    select pg_logical_emit_message(true, 'p', 'm'); delete from a where id > 20000; insert into b values (20002, 'b'); commit" >/dev/null
: >"$dir/all"
for _ in $(seq 16); do
    drive tx --records 8
    cat "$dir/out" >>"$dir/all"
    grep -c '"transaction_id"' "$dir/offsets.json" >>"$dir/cuts" || true
done
expect "the transaction was cut" "$(grep -c 1 "$dir/cuts" | awk '{ print ($1 > 5) }')" 1
expect "total_order goes on, with one begin and one end" \
    "$(count "$dir/all" "[r['value']['transaction']['total_order'] for r in rows if r['value'] and 'transaction' in r['value']] == list(range(1, 75)), [(r['value']['status'], r['value']['event_count'], [(c['data_collection'], c['event_count']) for c in r['value']['data_collections'] or []]) for r in rows if r['topic'] == 't.transaction']")" \
    "(True, [('BEGIN', None, []), ('END', 74, [('public.a', 70), ('public.b', 2)])])"
expect "and data_collection_order" \
    "$(count "$dir/all" "[[r['value']['transaction']['data_collection_order'] for r in rows if r['value'] and r['topic'] == 't.public.' + t] == list(range(1, n)) for t, n in (('a', 71), ('b', 3))]")" "[True, True]"
! grep -q transaction_ "$dir/offsets.json" || fail "a transaction that ended is in the offset"

sql -d "$db" -c "update big set s = 's2'; update big set id = 2; delete from big"
drive main
expect "unsent values, key changes, tombstones" \
    "$(count "$dir/out" "[(r['key']['id'], r['value'] and r['value']['op'], [h[0][11:] for h in r['headers'] if 'key' in h[0]]) for r in rows], rows[0]['value']['after']['l']")" \
    "([(1, 'u', []), (1, 'd', ['newkey']), (1, None, ['newkey']), (2, 'c', ['oldkey']), (2, 'd', []), (2, None, [])], '__debezium_unavailable_value')"

before=$(sql -d "$db" -c "select confirmed_flush_lsn from pg_replication_slots where slot_name = '$slot'")
sql -d "$db" -c "insert into other select repeat('x', 1000) from generate_series(1, 5000)"
drive main --idle 2500
expect "the slot moves on though the captured tables are idle" \
    "$(sql -d "$db" -c "select confirmed_flush_lsn - '$before' > 4000000 from pg_replication_slots where slot_name = '$slot'")" t

# the rest of a transaction that was cut does not come any more, for the publication is another one: that must not hold the slot for ever
sql -d "$db" -c "create publication only_big for table big" -c "insert into a select i, 'cut' from generate_series(30001, 30020) i"
properties cut max.batch.size=5
drive cut --records 5
expect "a transaction is cut" "$(grep -c '"messageType": "INSERT"' "$dir/offsets.json")" 1
properties cut publication.name=only_big publication.autocreate.mode=disabled table.include.list=public.big
before=$(sql -d "$db" -c "select pg_current_wal_lsn()")
sql -d "$db" -c "insert into other select repeat('x', 1000) from generate_series(1, 5000)"
drive cut --idle 2500
expect "the slot moves on past a transaction of which nothing more is published" \
    "$(sql -d "$db" -c "select confirmed_flush_lsn - '$before' > 4000000 from pg_replication_slots where slot_name = '$slot'")" t
sql -d "$db" -c "delete from a where id > 30000"
drive main

# Debezium tells of a TRUNCATE in one event for each table, and may be cut between them: its position is not behind the change then
sql -d "$db" -c "create table t1 (id int primary key); create table t2 (id int primary key)"
properties truncate flush.lsn.source=false skipped.operations=none table.include.list=public.t1,public.t2
drive truncate
sql -d "$db" -c "truncate t1, t2"
drive truncate
truncated() { count "$dir/out" "sorted((r['topic'], r['value']['op']) for r in rows)"; }
expect "a TRUNCATE of two tables" "$(truncated)" "[('t.public.t1', 't'), ('t.public.t2', 't')]"
as_debezium() { # as_debezium DISTANCE: its offset behind an event of that TRUNCATE, with so much between it and what is completely told
    python3 - "$dir/out" "$dir/offsets.json" "$1" <<'END'
import json, sys
out, offsets, distance = sys.argv[1:]
source = json.loads(open(out).readline())["value"]["source"]
lsn = source["lsn"]
of = json.load(open(offsets))
for key in of:
    of[key] = {"lsn": lsn, "lsn_proc": lsn - int(distance), "lsn_commit": lsn - 8, "txId": source["txId"], "ts_usec": 0, "messageType": "TRUNCATE"}
json.dump(of, open(offsets, "w"))
END
}
cp "$dir/out" "$dir/truncated"
as_debezium 8
drive truncate
expect "and of one that Debezium told in part" "$(truncated)" "[('t.public.t1', 't'), ('t.public.t2', 't')]"
cp "$dir/truncated" "$dir/out"
as_debezium 0
drive truncate
expect "but not of one that it told" "$(truncated)" "[]"
sql -d "$db" -c "drop table t1, t2"
drive main

# a row of 20 MB travels as 40 MB of hex; the connection whose buffer grew with it is left, in the middle of the transaction
sql -d "$db" -c "create table blobs (id int primary key, b bytea)"
properties blobs table.include.list=public.a,public.blobs
drive blobs
sql -d "$db" -c "begin; insert into a values (9100, 'before'); insert into blobs values (1, decode(repeat('c0ffee00', 5000000), 'hex'));
    insert into a values (9101, 'behind'); commit; insert into a values (9102, 'later')"
drive blobs --idle 4000
expect "a large row, and what is around it, once" \
    "$(count "$dir/out" "[(r['key']['id'], len(r['value']['after'].get('b', ''))) for r in rows]")" "[(9100, 0), (1, 26666668), (9101, 0), (9102, 0)]"
[ "$(grep -c 'debug: streaming from slot' "$dir/log")" -ge 1 ] || fail "the connection with the large buffer was kept"
if ! sanitized; then
    peak=$(sed -n 's/.*CPU s, \([0-9]*\) KB$/\1/p' "$dir/log")
    [ "$peak" -lt 150000 ] || fail "a row of 20 MB took $peak KB, expected three times 40 MB and what an idle source has"
fi
sql -d "$db" -c "insert into blobs select i, decode(repeat('c0ffee00', 5000000), 'hex') from generate_series(11, 15) i"
drive blobs --quiet --idle 4000
grep -q ' 5 records' "$dir/log" || fail "large rows did not come once: $(tail -n 1 "$dir/log")"
if ! sanitized; then
    peak=$(sed -n 's/.*CPU s, \([0-9]*\) KB$/\1/p' "$dir/log")
    [ "$peak" -lt 130000 ] || fail "rows of 20 MB in one transaction took $peak KB, expected three times 40 MB and what an idle source has"
fi
sql -d "$db" -c "insert into a select i, 'many' from generate_series(100001, 400000) i; delete from a where id > 100000"
drive blobs --quiet --records 900000 --idle 20000 # with tombstones
grep -q ' 900000 records' "$dir/log" || fail "a large transaction did not come whole: $(tail -n 1 "$dir/log")"
if ! sanitized; then
    peak=$(sed -n 's/.*CPU s, \([0-9]*\) KB$/\1/p' "$dir/log")
    [ "$peak" -lt 40000 ] || fail "a transaction of 600,000 changes took $peak KB"
fi
log "ok: memory of large rows and large transactions"
slot_free() { [ "$(sql -d "$db" -c "select active from pg_replication_slots where slot_name = '$slot'")" = f ]; }
wait_until 10 slot_free || fail "the slot is still in use"

"${source[@]}" "$dir/main.properties" "$dir/offsets.json" --quiet --idle 120000 >/dev/null 2>"$dir/holder" &
holder=$!
slot_active() { [ "$(sql -d "$db" -c "select active from pg_replication_slots where slot_name = '$slot'")" = t ]; }
wait_until 10 slot_active || fail "the slot is not in use"
expect_log "a slot in use" 'retriable.*55006' drive main
sql -d "$db" -c "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = '$slot'" >/dev/null
wait "$holder" && fail "a terminated walsender: the task went on"
expect "a terminated walsender is an outage" "$(grep -c 'retriable database: the server ended the stream' "$dir/holder")" 1

properties wrong 'post.processors=reselector'
expect_log "a key that is not supported" "post.processors.*not supported" drive wrong
properties wrong "publication.name=no_such_$$" 'publication.autocreate.mode=disabled'
expect_log "no publication" "there is no publication" drive wrong
properties wrong 'database.user=secret' 'database.password=wrong'
expect_log "a wrong password" 'database.hostname.*password authentication failed' drive wrong
sql -d "$db" -c "select pg_drop_replication_slot('$slot')" >/dev/null
expect_log "a dropped slot" 'is not there any more.*when_needed' drive main
properties again 'snapshot.mode=when_needed'
drive again
expect "when_needed reads the tables again" "$(count "$dir/out" "len(rows), rows[-1]['value']['source']['snapshot']")" "(13006, 'last')"
log "passed"
