#!/bin/bash
# Memory of rows with a column of 20 MB, in a snapshot and in the stream: a worker, Kafka, values that do not compress. At its peak the
# worker has at most three times the row's message (bytea travels as hex) beyond what it has without such a row, and gives it back. Of
# rows that follow one another libpq may have read a part of the next one by then: its buffer is a power of two (and 4 MB are for what the allocator rounds up).
# Without sanitizers only: they keep what is freed.
# seconds: 500
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../e2e/standalone/worker.sh"

if nm "$B/libsluice.a" 2>/dev/null | matches __asan_init; then
    log "with sanitizers this measures them, not the worker: passed over"
    exit 0
fi
db=memory_$$
MIB=1024 # KB, as everything here

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" -c "$1"; }

drop_slots() {
    psql -X -q -At -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '$db' and not active" >/dev/null || true
    psql -X -q -d postgres -c "drop database if exists $db with (force)" || true
}
at_exit drop_slots
psql -X -q -d postgres -c "create database $db"

# 1 MB of md5 sums, twenty times over: no compressor finds a repeat that far back. With escapes in the text, as JSON has them.
sql "create function noise() returns text language sql as \$\$ select string_agg(md5(random()::text), '') from generate_series(1, 640 * 1024) \$\$;
    create function row_of_text() returns text language sql volatile as \$\$ select left(noise(), 20 * 1024 * 1024 - 4) || E'\"\\\\\n\t' \$\$;
    create table some_text (id int primary key, v text); create table some_bytea (id int primary key, v bytea);
    alter table some_text alter v set storage external; alter table some_bytea alter v set storage external;
    create table small (id int primary key); insert into small values (0)"

peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$WORKER/status"; }
now() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$WORKER/status"; }
end_of() { # end_of TABLE: how many records are in its topic
    kcat -Q -b "$BOOTSTRAP" -t "$db-$1.public.$1:0:-1" 2>/dev/null | sed -n 's/.*offset \([0-9]*\)$/\1/p'
}
has() { [ "$(end_of "$1")" = "$2" ]; }
is_back() { [ "$(now)" -le "$1" ]; }

run_table() { # run_table TABLE
    worker_properties "$dir/worker.properties" "bootstrap.servers=$BOOTSTRAP" "offset.storage.file.filename=$dir/offsets-$1" \
        key.converter=org.apache.kafka.connect.json.JsonConverter value.converter=org.apache.kafka.connect.json.JsonConverter \
        value.converter.schemas.enable=false
    printf '%s\n' "name=$1" connector.class=postgres-cdc "database.hostname=$PGHOST" "database.port=$PGPORT" "database.user=$PGUSER" \
        database.password=none "database.dbname=$db" "topic.prefix=$db-$1" "slot.name=${db}_$1" "publication.name=${db}_$1" \
        publication.autocreate.mode=filtered "table.include.list=public.$1" topic.creation.default.partitions=1 \
        topic.creation.default.replication.factor=1 topic.creation.default.max.message.bytes=60000000 \
        producer.override.max.request.size=60000000 >"$dir/$1.properties"
    worker_start "$dir/worker.properties" "$dir/$1.properties"
}

# within WHAT BASE MESSAGE [BYTES]: the peak since the last call, in three times the message and so much; and RSS comes back
within() {
    local what=$1 base=$2 message=$3 most=$(($3 * 3 + ${4:-0})) got
    got=$(peak)
    log "$what: $(((got - base) / MIB)) MB beyond $((base / MIB)) MB, $(((got - base) * 100 / message)) % of the message's $((message / MIB)) MB"
    [ $((got - base)) -le "$most" ] || fail "$what: $((got - base)) KB beyond $base KB, expected at most $most KB"
    wait_until 90 is_back $((base + 8 * MIB)) || fail "$what: $(now) KB are kept, it began with $base KB"
    echo 5 >"/proc/$WORKER/clear_refs" # the peak begins anew
}

measure() { # measure TABLE EXPRESSION MESSAGE BUFFER
    local table=$1 value=$2 message=$3 next=$(($4 - $3 + 4 * MIB))
    sql "insert into $table select 1, $value"
    run_table "$table"
    wait_until 120 has "$table" 1 || fail "the snapshot of one row did not come"
    within "$table: a snapshot of one row" "$base" "$message"
    sql "insert into $table select 2, $value"
    wait_until 120 has "$table" 2 || fail "one row did not come from the stream"
    within "$table: one row in the stream" "$base" "$message"
    sql "insert into $table select i, v from $table, generate_series(11, 16) i where id = 1"
    wait_until 120 has "$table" 8 || fail "a transaction of 6 rows did not come"
    within "$table: 6 rows in a transaction" "$base" "$message" "$next"
    worker_stop
    psql -X -q -At -d postgres -c "select pg_drop_replication_slot('${db}_$table')" >/dev/null
    rm -f "$dir/offsets-$table"
    run_table "$table"
    wait_until 120 has "$table" 16 || fail "the snapshot of 8 rows did not come"
    within "$table: a snapshot of 8 rows" "$base" "$message" "$next"
    worker_stop
}

# what a worker has that read and streamed a small row
run_table small
wait_until 120 has small 1 || fail "the snapshot of a small table did not come"
sql "insert into small values (1)"
wait_until 120 has small 2 || fail "a small row did not come from the stream"
base=$(peak)
worker_stop

measure some_text "row_of_text()" $((20 * MIB)) $((32 * MIB))
measure some_bytea "convert_to(left(noise(), 20 * 1024 * 1024), 'UTF8')" $((40 * MIB)) $((64 * MIB))
log "passed"
