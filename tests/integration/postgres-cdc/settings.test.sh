#!/bin/bash
# Settings of the PostgreSQL source on a real server: what slot and stored offset say when they differ, time limits, names of topics,
# limits of tables. Records are read with tests/support/source_driver.c, without Kafka.
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/lib.sh"

dir=$TEST_DIR
db=pg_settings_$$
slot=pg_settings_$$
# a driver built with sanitizers when the plugins are
sanitize=
if nm "$B/libsluice.a" 2>/dev/null | grep -c __asan_init >/dev/null; then
    sanitize=-fsanitize=address,undefined
fi
# shellcheck disable=SC2046,SC2086 # words
gcc -std=gnu11 -g -O1 $sanitize -D_GNU_SOURCE -I"$SL_ROOT/plugins-api/include" -I"$SL_ROOT/runtime" -o "$dir/driver" \
    "$SL_ROOT/tests/support/source_driver.c" "$B/libsluice.a" "$B/libsluice-plugin.a" \
    $(pkg-config --libs rdkafka jansson yaml-0.1 libmicrohttpd libpcre2-8 libcrypto) -ldl -lpthread -lm

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" "$@"
}

cleanup() {
    sql -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$slot' and not active" >/dev/null || true
    sql -d postgres -c "drop database if exists $db with (force)" || true
}
at_exit cleanup

# properties NAME LINE...: a connector's file
properties() {
    local name=$1
    shift
    cat >"$dir/$name.properties" <<END
name=$name
connector.class=io.debezium.connector.postgresql.PostgresConnector
database.hostname=$PGHOST
database.port=$PGPORT
database.user=$PGUSER
database.dbname=$db
topic.prefix=t
slot.name=$slot
publication.name=pub
table.include.list=public.a,public.b
slot.retry.delay.ms=200
slot.max.retries=2
END
    [ $# -eq 0 ] || printf '%s\n' "$@" >>"$dir/$name.properties"
}

# drive NAME OPTION...: runs the source, its records to $dir/out, its log to $dir/log
drive() {
    local name=$1
    shift
    "$dir/driver" "$B/plugins/postgres-cdc.so" "$dir/$name.properties" "$dir/offsets.json" --idle 700 "$@" >"$dir/out" 2>"$dir/log"
}

expect() {
    local what=$1 got=$2 wanted=$3
    [ "$got" = "$wanted" ] || fail "$what: expected '$wanted', got '$got'"
    log "ok: $what"
}

# expect_log WHAT PATTERN COMMAND...: the command fails and says so
expect_log() {
    local what=$1 pattern=$2
    shift 2
    if "$@"; then fail "$what: it was accepted"; fi
    grep -q -- "$pattern" "$dir/log" || {
        cat "$dir/log" >&2
        fail "$what: expected '$pattern' in the log"
    }
    log "ok: $what"
}

count() {
    python3 - "$1" "$2" <<'END'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
print(eval(sys.argv[2]))
END
}

lsn_of() { sql -d "$db" -c "select confirmed_flush_lsn from pg_replication_slots where slot_name = '$slot'"; }
ids() { count "$dir/out" "[r['key']['id'] for r in rows]"; }

sql -d postgres -c "create database $db"
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
(sql -d "$db" -c "begin; insert into b values (99, 'open'); select pg_sleep(3); rollback" >/dev/null) &
holder=$!
running() { [ "$(sql -d "$db" -c "select count(*) from pg_stat_activity where query like 'begin; insert into b values (99%'")" -ge 1 ]; }
wait_until 5 running
properties slow "slot.name=$other" snapshot.mode=no_data create.slot.command.timeout=1 topic.prefix=slow
expect_log "create.slot.command.timeout" "raise create.slot.command.timeout" drive slow
wait "$holder"

properties slow database.query.timeout.ms=300 "database.initial.statements=set lock_timeout = 0" heartbeat.interval.ms=100 "heartbeat.action.query=select pg_sleep(5)"
expect_log "database.query.timeout.ms" "heartbeat.action.query.*no answer from the server within 300 ms" drive slow

properties named "topic.naming.strategy=io.debezium.schema.DefaultTopicNamingStrategy" snapshot.mode=always
drive named
expect "topics without a schema" "$(count "$dir/out" "sorted({r['topic'] for r in rows})")" "['t.a', 't.b']"
