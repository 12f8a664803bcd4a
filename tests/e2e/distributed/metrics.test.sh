#!/bin/bash
# Every row of the table of metrics is there in a cluster that does something, and has been given a value by someone.
# seconds: 150
# beside others
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
here=tests/e2e/distributed
db=metrics_$$
make_database $db

check() { python3 $here/metrics.py "$1" "http://$(id_of 1)" "http://$(id_of 2)" >"$dir/problems" 2>&1; }
make() { # make NAME KEY=VALUE...: over whichever worker's turn it is
    local config
    config=$(python3 -c 'import json, sys; print(json.dumps(dict(a.split("=", 1) for a in sys.argv[1:])))' "${@:2}")
    expect 201 $((RANDOM % 2 + 1)) PUT "/connectors/$1/config" "$config"
}
json=org.apache.kafka.connect.json.JsonConverter
for n in 1 2; do worker_file $n exactly.once.source.support=enabled; done
up 1
up 2
wait_until 10 check settled || fail "not settled: $(cat "$dir/problems")"

# ---- sources: a snapshot and changes behind it; lines, one of them too long ----
make cdc connector.class=io.debezium.connector.postgresql.PostgresConnector "database.hostname=$PGHOST" "database.port=$PGPORT" \
    "database.user=$PGUSER" "database.dbname=$db" "topic.prefix=$GROUP" slot.name=$db publication.name=pub publication.autocreate.mode=disabled \
    table.include.list=public.a "key.converter=$json" "value.converter=$json"
{
    printf 'x%.0s' {1..3000}
    printf '\n{"a": 1}\nno json\n'
} >"$dir/in-lines"
make lines connector.class=FileStreamSource "file=$dir/in-lines" "topic=$GROUP-lines" line.max.bytes=1000 line.too.long=truncate

# ---- sinks: a table; a file, with lines that are no JSON; a connector that cannot start ----
make rows connector.class=io.debezium.connector.jdbc.JdbcSinkConnector "topics=$GROUP.public.a" "connection.url=jdbc:sqlite:$dir/rows.db" \
    insert.mode=upsert primary.key.mode=record_key schema.evolution=basic "key.converter=$json" "value.converter=$json"
make file connector.class=FileStreamSink "topics=$GROUP-lines" "file=$dir/out" "value.converter=$json" value.converter.schemas.enable=false \
    errors.tolerance=all errors.log.enable=true "errors.deadletterqueue.topic.name=$GROUP-dead" errors.deadletterqueue.topic.replication.factor=1
kcat -b "$BOOTSTRAP" -t "$GROUP-config" -P -K '|' <<<'connector-broken|{"properties":{"name":"broken","connector.class":"FileStreamSource"}}'

wait_until 30 placed 1 cdc lines rows file || fail "not all run: $(cat "$dir/answer")"
wait_until 30 test -s "$dir/out" || fail "no line has arrived"
sql -d $db -c "insert into a select i, 'v' || i from generate_series(5001, 5100) i"
wait_until 30 check all || fail "metrics: $(cat "$dir/problems")"
wait_until 10 check settled || fail "not settled: $(cat "$dir/problems")"

# ---- what moves takes its metrics along ----
gone=$(owner 1 lines)
other=$((3 - gone))
stop_worker "$gone"
wait_until 30 placed $other cdc lines rows file || fail "not taken over: $(cat "$dir/answer")"
up "$gone"
shared() { [ "$(units_of $other "$gone" | cut -d' ' -f2)" -ge 2 ] && placed $other cdc lines rows file && check settled; }
wait_until 30 shared || fail "not shared out again: $(cat "$dir/problems" "$dir/answer")"
for n in 1 2; do stop_worker $n; done
