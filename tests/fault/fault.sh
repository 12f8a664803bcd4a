# shellcheck shell=bash
# fault.sh - what the tests share that break something while changes flow from PostgreSQL into Kafka and on into PostgreSQL.
#
# Usage:  . tests/fault/fault.sh      (after which worker.sh and lib.sh are there, too)
#
#   fault_database [ROWS]        databases $SRC (schema.sql, filled) and $DST (empty); dropped when the test ends
#   fault_worker [KEY=VALUE...]  $dir/worker.properties: a real broker, JSON with schemas
#   fault_source [KEY=VALUE...]  $dir/src.properties: Debezium's PostgreSQL connector on $SRC, prefix, slot and publication $NAME
#   fault_sink [KEY=VALUE...]    $dir/dst.properties: the JDBC sink into $DST, with a dead letter topic
#   start / start_source         the worker with both connectors, or the first only
#   sql / dst SQL                on $SRC, on $DST
#   writer_start SECONDS [PAUSE] changes of every kind in the background; it reconnects when the server goes away
#   writer_wait                  waits for its end
#   settled SECONDS              waits until the target has every row of the source, and nothing else
#   verify [oracle options]      topics against the source; no dead letter
#   trace_has CONNECTOR PATTERN  the trace of its task 0 has the pattern
#   proxy ARGUMENT...            proxy.sh
set -euo pipefail
# shellcheck source=tests/e2e/standalone/worker.sh disable=SC2120
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/standalone/worker.sh"
FAULT=$SL_ROOT/tests/fault
NAME=fault_${RANDOM}_$$
SRC=${NAME}_src
DST=${NAME}_dst

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$SRC" -c "$1"; }
dst() { psql -X -q -At -v ON_ERROR_STOP=1 -h "${DST_HOST:-$PGHOST}" -p "${DST_PORT:-$PGPORT}" -d "$DST" -c "$1"; }
proxy() { bash "$SL_SUPPORT/proxy.sh" "$@"; }

fault_cleanup() {
    local drop="select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$NAME' and not active"
    psql -X -q -At -d postgres -c "$drop" >/dev/null 2>&1 || true
    psql -X -q -d postgres -c "drop database if exists $SRC with (force)" -c "drop database if exists $DST with (force)" >/dev/null 2>&1 || true
}

fault_database() {
    at_exit fault_cleanup
    psql -X -q -d postgres -c "create database $SRC" -c "create database $DST"
    psql -X -q -v ON_ERROR_STOP=1 -d "$SRC" -f "$FAULT/schema.sql"
    sql "call fill(${1:-1000})"
}

fault_worker() {
    worker_properties "$dir/worker.properties" "bootstrap.servers=$BOOTSTRAP" \
        key.converter=org.apache.kafka.connect.json.JsonConverter value.converter=org.apache.kafka.connect.json.JsonConverter \
        offset.flush.interval.ms=500 "$@"
}

fault_source() {
    printf '%s\n' "name=$NAME-src" connector.class=io.debezium.connector.postgresql.PostgresConnector tasks.max=1 \
        "database.hostname=$PGHOST" "database.port=$PGPORT" "database.user=$PGUSER" database.password=none "database.dbname=$SRC" \
        "topic.prefix=$NAME" plugin.name=pgoutput "slot.name=$NAME" "publication.name=$NAME" \
        publication.autocreate.mode=filtered table.include.list=public.a,public.b decimal.handling.mode=string \
        status.update.interval.ms=500 retriable.restart.connector.wait.ms=1000 "$@" |
        last_of_each >"$dir/src.properties"
}

fault_sink() {
    printf '%s\n' "name=$NAME-dst" connector.class=io.confluent.connect.jdbc.JdbcSinkConnector tasks.max=1 \
        "connection.url=jdbc:postgresql://${DST_HOST:-$PGHOST}:${DST_PORT:-$PGPORT}/$DST" "connection.user=$PGUSER" \
        "topics=$NAME.public.a,$NAME.public.b" insert.mode=upsert pk.mode=record_key delete.enabled=true \
        auto.create=true auto.evolve=true transforms=unwrap,table \
        transforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState \
        transforms.unwrap.delete.tombstone.handling.mode=tombstone \
        transforms.table.type=org.apache.kafka.connect.transforms.RegexRouter \
        "transforms.table.regex=$NAME\\\\.public\\\\.(.*)" "transforms.table.replacement=\$1" \
        errors.tolerance=all "errors.deadletterqueue.topic.name=$NAME-dead" errors.deadletterqueue.topic.replication.factor=1 \
        consumer.override.session.timeout.ms=6000 consumer.override.heartbeat.interval.ms=500 \
        consumer.override.topic.metadata.refresh.interval.ms=1000 retriable.restart.connector.wait.ms=1000 "$@" |
        last_of_each >"$dir/dst.properties"
}

start_source() { worker_start "$dir/worker.properties" "$dir/src.properties"; }
start() { worker_start "$dir/worker.properties" "$dir/src.properties" "$dir/dst.properties"; }

# the writer: its own process group, so that its end is ours to decide
write_for() {
    local until=$((SECONDS + $1)) left
    while left=$((until - SECONDS)) && [ "$left" -gt 0 ]; do
        psql -X -q -At -d "$SRC" -c "call work($left, $2)" >/dev/null 2>&1 || sleep 0.2
    done
}

writer_start() {
    write_for "$1" "${2:-0.004}" &
    WRITER=$!
}

writer_wait() { wait "$WRITER"; }

table_rows() { # table_rows FUNCTION
    "$1" 'select id, seq, v from a order by id'
    "$1" 'select k1, k2, n::numeric from b order by k1, k2'
}

equal() {
    table_rows sql >"$dir/rows.src" 2>/dev/null || return 1
    table_rows dst >"$dir/rows.dst" 2>/dev/null || return 1
    cmp -s "$dir/rows.src" "$dir/rows.dst"
}

settled() {
    if ! wait_until "$1" equal; then
        table_rows dst || true
        diff "$dir/rows.src" "$dir/rows.dst" | head -n 20 >&2 || true
        call GET "/connectors?expand=status" >&2 || true
        show_log worker "$dir"
        fail "the target did not become equal to the source within $1 s"
    fi
}

# state PREDICATE: by the oracle alone, for tests without a sink
arrived() { python3 "$FAULT/oracle.py" "$BOOTSTRAP" "$NAME" "$SRC" "$@"; }

verify() {
    local line dead
    line=$(arrived "$@") || {
        show_log worker "$dir"
        fail "the topics do not have what happened"
    }
    dead=$(kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME-dead" -o beginning 2>/dev/null | wc -l)
    [ "$dead" = 0 ] || fail "$dead dead letters"
    log "$line"
}

trace_has() {
    call GET "/connectors/$1/status" | field 'j["tasks"][0].get("trace") or ""' | matches -i -- "$2"
}

running() { task_is "$NAME-src" 0 RUNNING; }
