#!/bin/bash
# JDBC sink, exactly once: plain inserts without a primary key while the worker is killed again and again; every record
# is there once, in a real broker's order. Then offsets are changed over REST: the ones in the target count, and follow.
# seconds: 90
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/../standalone/worker.sh"

: "${BOOTSTRAP:?}" "${PGHOST:?}" "${PGPORT:?}" "${PGUSER:?}"
RECORDS=60000
name=exactly_once_$$
sql() {
    psql -X -q -A -t -d "$name" -c "$1"
}
psql -X -q -d postgres -c "create database $name"
at_exit psql -X -q -d postgres -c "drop database if exists $name with (force)"
sql 'create table target (n bigint, at bigserial)'

seq 1 $RECORDS | sed 's/.*/{"schema":{"type":"struct","fields":[{"field":"n","type":"int64"}]},"payload":{"n":&}}/' |
    kcat -P -b "$BOOTSTRAP" -t "$name"
worker_properties "$dir/worker.properties" "bootstrap.servers=$BOOTSTRAP" value.converter=org.apache.kafka.connect.json.JsonConverter
cat >"$dir/sink.properties" <<END
name=$name
connector.class=io.confluent.connect.jdbc.JdbcSinkConnector
connection.url=jdbc:postgresql://$PGHOST:$PGPORT/$name?user=$PGUSER
topics=$name
table.name.format=target
insert.mode=insert
pk.mode=none
exactly.once.enabled=true
batch.size=200
consumer.override.max.poll.records=200
consumer.override.session.timeout.ms=6000
END

count() {
    sql 'select count(*) from target'
}

more_than() {
    [ "$(count)" -gt "$1" ]
}

complete() {
    [ "$(count)" -ge $RECORDS ]
}

kills=0
for round in 1 2 3 4; do
    before=$(count)
    [ "$before" -lt $RECORDS ] || break
    worker_start "$dir/worker.properties" "$dir/sink.properties"
    wait_until 20 more_than "$before" || fail "round $round: nothing was written after $before rows"
    worker_kill
    kills=$((kills + 1))
done
[ "$kills" -ge 2 ] || fail "everything was written before a second kill; the test needs more records"
worker_start "$dir/worker.properties" "$dir/sink.properties"
wait_until 30 complete || fail "only $(count) of $RECORDS rows after $kills kills"
got=$(sql 'select count(*), count(distinct n), min(n), max(n) from target')
[ "$got" = "$RECORDS|$RECORDS|1|$RECORDS" ] || fail "expected each of $RECORDS rows once after $kills kills, got $got"
disorder=$(sql 'select count(*) from (select n, lag(n) over (order by at) as before from target) x where n < before')
[ "$disorder" = 0 ] || fail "$disorder rows are out of order"
log "$RECORDS rows, each once, in order, after $kills kills"

# ---- the last ten once more ----
back=$((RECORDS - 10))
stop_sink() {
    call PUT "/connectors/$name/stop" >"$dir/said"
    [ "$STATUS" = 204 ] || fail "stop: $STATUS $(cat "$dir/said")"
    wait_until 10 state_is "$name" STOPPED || fail "the sink did not stop"
}
stop_sink
change_offset() { # refused while a worker that was killed counts as a member of the sink's group: until its session is over
    call PATCH "/connectors/$name/offsets" "{\"offsets\": [{\"partition\": {\"kafka_topic\": \"$name\", \"kafka_partition\": \"0\"},
        \"offset\": {\"kafka_offset\": $back}}]}" >"$dir/said"
    [ "$STATUS" != 409 ]
}
wait_until 20 change_offset || fail "PATCH: $STATUS $(cat "$dir/said")"
[ "$STATUS" = 200 ] || fail "PATCH: $STATUS $(cat "$dir/said")"
grep -q '"The offsets for this connector have been altered successfully"' "$dir/said" || fail "PATCH said: $(cat "$dir/said")"
[ "$(sql 'select next_offset from sluice_offsets')" = $back ] || fail "the target's offset is $(sql 'select next_offset from sluice_offsets'), not $back"
call PUT "/connectors/$name/resume" >"$dir/said"
more_by_ten() { [ "$(count)" -ge $((RECORDS + 10)) ]; }
wait_until 30 more_by_ten || fail "$(count) rows, expected $((RECORDS + 10))"
stop_sink
[ "$(count)" = $((RECORDS + 10)) ] || fail "$(count) rows, expected $((RECORDS + 10))"
call DELETE "/connectors/$name/offsets" >"$dir/said"
[ "$STATUS" = 200 ] || fail "DELETE: $STATUS $(cat "$dir/said")"
grep -q '"The offsets for this connector have been reset successfully"' "$dir/said" || fail "DELETE said: $(cat "$dir/said")"
[ "$(sql 'select count(*) from sluice_offsets')" = 0 ] || fail "offsets are left in the target after their reset"

# ---- a sink that keeps none in the target says that only Kafka's were changed ----
sed -i 's/^exactly.once.enabled=.*/exactly.once.enabled=false/' "$dir/sink.properties"
expect 200 PUT "/connectors/$name/config" "$(python3 -c 'import json, sys
print(json.dumps(dict(l.rstrip("\n").split("=", 1) for l in open(sys.argv[1]))))' "$dir/sink.properties")"
expect 200 PATCH "/connectors/$name/offsets" "{\"offsets\": [{\"partition\": {\"kafka_topic\": \"$name\", \"kafka_partition\": 0}, \"offset\": {\"kafka_offset\": 5}}]}"
managed='"The Connect framework-managed offsets for this connector have been % successfully. However, if this connector manages offsets externally, they will need to be manually % in the system that the connector uses."'
grep -qF "${managed//%/altered}" "$dir/answer" || fail "PATCH said: $(cat "$dir/answer")"
expect 200 DELETE "/connectors/$name/offsets"
grep -qF "${managed//%/reset}" "$dir/answer" || fail "DELETE said: $(cat "$dir/answer")"
worker_stop
