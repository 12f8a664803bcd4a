#!/bin/bash
# The worker of a cluster that runs a PostgreSQL source is killed in the middle of its snapshot, and again while it streams, under
# load: another goes on within session, delay and 2 s; the topics have what happened, nothing missing, in order.
# seconds: 300
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/distributed/cluster.sh"

: "${PGHOST:?a server is needed}"
FAULT=$SL_ROOT/tests/fault
database=cdc_${RANDOM}_$$
proxy() { bash "$SL_SUPPORT/proxy.sh" "$@" 2>/dev/null; }
at_exit drop_database
at_exit proxy stop "$dir/net"
at_exit cleanup_cluster # workers end before what they use
sql -d postgres -c "create database $database"
sql -d "$database" -f "$FAULT/schema.sql" -c 'call fill(60000)'
proxy start "$dir/net" "$PGPORT"
# shellcheck disable=SC1091
. "$dir/net/proxy.env"
proxy send "$dir/net" rate 150000 >/dev/null # a snapshot that lasts until it is let go

for n in 1 2 3; do worker_file $n; done
up 1 2 3
json=org.apache.kafka.connect.json.JsonConverter
expect 201 1 POST /connectors "$(python3 - <<END
import json
print(json.dumps({"name": "cdc", "config": {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": "1",
    "database.hostname": "$PGHOST", "database.port": "$PROXY_PORT", "database.user": "$PGUSER", "database.dbname": "$database",
    "topic.prefix": "$GROUP", "slot.name": "$database", "publication.name": "pub", "publication.autocreate.mode": "filtered",
    "table.include.list": "public.a,public.b", "decimal.handling.mode": "string", "max.batch.size": "500", "status.update.interval.ms": "500",
    "slot.retry.delay.ms": "300", "slot.max.retries": "20", "key.converter": "$json", "value.converter": "$json"}}))
END
)"
limit=$((SESSION_MS + DELAY_MS + 2000))

# lose_owner: kills who runs the task; it runs elsewhere in time
lose_owner() {
    local gone asked began
    gone=$(owner 1 cdc) || gone=$(owner 2 cdc)
    asked=$((gone % 3 + 1))
    began=$(now)
    kill_worker "$gone"
    elsewhere() { runs "$asked" cdc && [ "$(field 'j["tasks"][0]["worker_id"]')" != "$(id_of "$gone")" ]; }
    wait_until $((limit / 1000 + 60)) elsewhere || fail "its task does not run elsewhere: $(cat "$dir/answer")"
    timeline ran "$began" $limit "$(id_of "$gone")" cdc
    up "$gone"
}

# ---- in the middle of the snapshot ----
read_some() { [ "$(curl -s "http://$(id_of "$(owner 1 cdc)")/metrics" | sed -n 's/^kafka_connect_source_task_source_record_poll_total{.*} //p')" -ge 1000 ]; }
wait_until 90 read_some || fail "the snapshot did not begin"
complete() { cat "$dir"/?.log | grep -q 'snapshot of 2 table(s) is complete'; }
! complete || fail "the snapshot was over before the kill; the test needs more rows"
sql -d "$database" -c 'delete from a where id <= 500' -c "update a set seq = nextval('seqs'), v = 'changed' where id between 701 and 900"
lose_owner
proxy send "$dir/net" rate 0 >/dev/null
wait_until 90 complete || fail "the snapshot was not completed"

# ---- while it streams ----
sql -d "$database" -c "call work(24, 0.004)" &
FEEDERS+=($!)
sleep 3
lose_owner
sleep 2
lose_owner
feed_wait
arrived() { python3 "$FAULT/oracle.py" "$BOOTSTRAP" "$GROUP" "$database" >"$dir/oracle" 2>&1; }
wait_until 60 arrived || fail "the topics do not have what happened: $(cat "$dir/oracle")"
log "$(cat "$dir/oracle")"
for n in 1 2 3; do stop_worker $n; done
