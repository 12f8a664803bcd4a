#!/bin/bash
# Settings of the PostgreSQL source on a real server: what slot and stored offset say when they differ, time limits, names of topics,
# limits of tables. Records are read with tests/support/source_driver.c, without Kafka.
# beside others
# shellcheck source=tests/integration/postgres-cdc/source.sh
. "$(dirname "${BASH_SOURCE[0]}")/source.sh"

use_database pg_settings table.include.list=public.a,public.b slot.max.retries=2

# drive NAME OPTION...: runs the source, its records to $dir/out, its log to $dir/log
drive() {
    local name=$1
    shift
    "${source[@]}" "$dir/$name.properties" "$dir/offsets.json" --idle 700 "$@" >"$dir/out" 2>"$dir/log"
}

lsn_of() { sql -d "$db" -c "select confirmed_flush_lsn from pg_replication_slots where slot_name = '$slot'"; }
ids() { count "$dir/out" "[r['key']['id'] for r in rows]"; }

sql -d "$db" -c "create table a (id int primary key, v text); create table b (id int primary key, v text); insert into a values (1, 'x')"
properties main
drive main
expect "the snapshot" "$(ids)" "[1]"
cp "$dir/offsets.json" "$dir/behind.json"

# the offset ahead of the slot: a run whose confirmations do not reach the server
properties manual lsn.flush.mode=manual
sql -d "$db" -c "insert into a values (2, 'y')"
before=$(lsn_of)
drive manual
expect "lsn.flush.mode=manual streams" "$(ids)" "[2]"
expect "and confirms nothing" "$(lsn_of)" "$before"
properties seek slot.seek.to.known.offset.on.start=true
drive seek
expect "trust_offset moves the slot, nothing comes twice" "$(ids)" "[]"
expect "to the stored offset at least" "$(sql -d "$db" -c "select '$(lsn_of)'::pg_lsn > '$before'::pg_lsn")" t

# the slot ahead of the offset
sql -d "$db" -c "insert into a values (3, 'z'); select pg_current_wal_lsn()" >/dev/null
sql -d "$db" -c "select pg_replication_slot_advance('$slot', pg_current_wal_lsn())" >/dev/null
expect_log "trust_offset refuses a slot that is ahead" "past the stored offset.*offset.mismatch.strategy=trust_slot" drive seek
for strategy in no_validation trust_slot trust_greater_lsn; do
    cp "$dir/behind.json" "$dir/offsets.json"
    properties "$strategy" "offset.mismatch.strategy=$strategy"
    sql -d "$db" -c "insert into b values ((select count(*) from b), '$strategy')"
    drive "$strategy"
    expect "$strategy goes on from the slot" "$(count "$dir/out" "[r['value']['after']['v'] for r in rows]")" "['$strategy']"
    expect "and says what is passed over" "$(grep -c 'past the stored offset' "$dir/log")" 1
done

properties few guardrail.collections.max=1
drive few
expect "guardrail.collections.max warns" "$(grep -c 'let 2 tables through, and guardrail.collections.max is 1' "$dir/log")" 1
properties few guardrail.collections.max=1 guardrail.collections.limit.action=fail
expect_log "and refuses" "narrow table.include.list" drive few

# a transaction that runs keeps a slot from being made
other=${slot}_other
(sql -d "$db" -c "begin; insert into b values (99, 'open'); select pg_sleep(600); rollback" >/dev/null 2>&1) &
holder=$!
running() { [ "$(sql -d "$db" -c "select count(*) from pg_stat_activity where query like 'begin; insert into b values (99%'")" -ge 1 ]; }
wait_until 5 running || fail "no transaction is open"
properties slow "slot.name=$other" snapshot.mode=no_data create.slot.command.timeout=1 topic.prefix=slow
expect_log "create.slot.command.timeout" "raise create.slot.command.timeout" drive slow
sql -d "$db" -c "select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; insert into b values (99%'" >/dev/null
wait "$holder" || true

properties slow database.query.timeout.ms=300 "database.initial.statements=set lock_timeout = 0" heartbeat.interval.ms=100 "heartbeat.action.query=select pg_sleep(5)"
expect_log "database.query.timeout.ms" "heartbeat.action.query.*no answer from the server within 300 ms" drive slow

properties named "topic.naming.strategy=io.debezium.schema.DefaultTopicNamingStrategy" snapshot.mode=always
drive named
expect "topics without a schema" "$(count "$dir/out" "sorted({r['topic'] for r in rows})")" "['t.a', 't.b']"
