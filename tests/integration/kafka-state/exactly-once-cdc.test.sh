#!/bin/bash
# The PostgreSQL source with exactly-once, killed again and again while transactions are written: whoever reads committed records
# sees every row once, in order, with transaction.boundary poll and connector; with connector never a part of a transaction.
# seconds: 240
# beside others
# shellcheck source=tests/integration/kafka-state/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/drivers.sh"

: "${BOOTSTRAP:?a broker is needed}" "${PGHOST:?a server is needed}"
dir=$TEST_DIR
ROUNDS=${ROUNDS:-6}
build_driver task_driver
prefix=eoscdc-$$-$RANDOM
db=eoscdc_$$
json=org.apache.kafka.connect.json.JsonConverter
worker_file "$dir/worker.properties" "$prefix" exactly.once.source.support=enabled "key.converter=$json" "value.converter=$json" \
    key.converter.schemas.enable=false value.converter.schemas.enable=false

sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" "$@"
}

cleanup() {
    for name in poll connector; do
        end "$name" "$dir" 5
    done
    sql -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '$db' and not active" >/dev/null || true
    sql -d postgres -c "drop database if exists $db with (force)" || true
}
at_exit cleanup
sql -d postgres -c "create database $db"

write_transactions() { # write_transactions TABLE FIRST: 60 transactions of 1 to 9 rows, one of 3,000
    local i
    {
        for ((i = $2; i < $2 + 60; i++)); do
            echo "insert into $1(tx) select $i from generate_series(1, $((i % 60 == 30 ? 3000 : i % 9 + 1)));"
            echo "select pg_sleep(0.02);"
        done
    } | sql -d "$db" >/dev/null
}

rows() {
    read_topic "$prefix-$1.public.$1" 2>/dev/null | jq -r 'select(.op == "c") | "\(.after.id) \(.after.tx)"'
}

whole() { # every transaction that can be seen can be seen whole
    local parts
    rows "$1" >"$dir/$1.seen" || true
    sql -d "$db" -c "select tx || ' ' || count(*) from $1 group by tx" | sort >"$dir/$1.wanted"
    parts=$(awk '{ n[$2]++ } END { for (tx in n) print tx, n[tx] }' "$dir/$1.seen" | sort | comm -23 - "$dir/$1.wanted")
    [ -z "$parts" ] || fail "$1: parts of transactions are seen: $parts"
}

settled() {
    [ "$(rows "$1" | wc -l)" -ge "$(sql -d "$db" -c "select count(*) from $1")" ]
}

kill_loop() { # kill_loop BOUNDARY
    local name=$1 round writer
    sql -d "$db" -c "create table $name(id serial primary key, tx int)"
    printf '%s\n' "name=$name" connector.class=io.debezium.connector.postgresql.PostgresConnector "database.hostname=$PGHOST" \
        "database.port=$PGPORT" "database.user=$PGUSER" "database.dbname=$db" "topic.prefix=$prefix-$name" "slot.name=${db}_$name" \
        "publication.name=pub_$name" publication.autocreate.mode=filtered "table.include.list=public.$name" snapshot.mode=no_data \
        "transaction.boundary=$name" slot.retry.delay.ms=300 slot.max.retries=20 >"$dir/$name.properties"
    for ((round = 0; round < ROUNDS; round++)); do
        spawn "$name" "$dir" "$dir/task_driver" "$B/plugins" "$dir/worker.properties" "$dir/$name.properties"
        if [ "$round" -eq 0 ]; then # what was written before the slot is there would be missing for good
            wait_until 30 slots_stream "${db}_$name" || fail "$name: the source does not start"
        fi
        write_transactions "$name" $((round * 60)) &
        writer=$!
        sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.6 + r / 32768 * 1.4 }')"
        if [ "$round" -lt $((ROUNDS - 1)) ]; then signal_to KILL "$name" "$dir"; fi
        wait "$writer"
        if [ "$name" = connector ]; then whole "$name"; fi
    done
    wait_until 60 settled "$name" || {
        show_log "$name" "$dir"
        fail "$name: $(rows "$name" | wc -l) rows arrived, expected $(sql -d "$db" -c "select count(*) from $name")"
    }
    end "$name" "$dir"
    rows "$name" >"$dir/$name.out"
    sql -d "$db" -c "select id || ' ' || tx from $name order by id" >"$dir/$name.in"
    cmp "$dir/$name.in" "$dir/$name.out" || fail "$name: $(diff "$dir/$name.in" "$dir/$name.out" | head -n 5)"
    log "$name: $(wc -l <"$dir/$name.in") rows in $ROUNDS runs, each once and in order"
}

kill_loop poll
kill_loop connector
