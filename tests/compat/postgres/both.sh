# shellcheck shell=bash
# both.sh - Debezium on Java Connect and a standalone worker of Sluice on one database. drivers.sh is there afterwards, too.
#
# Usage:  . tests/compat/postgres/both.sh
#
#   use_database NAME              makes database $db
#   sql [OPTION...]                psql on it
#   start_java                     Kafka Connect, with its files in $TEST_DIR/connect and topics of its own; removed when the test
#                                  ends. Sets CONNECT_URL
#   connection PREFIX              a connector's lines: on $db, with topics, slot and publication of that prefix
#   json                           .properties on standard input as a JSON object
#   put_java NAME FILE             makes the connector of a file with JSON in Java Connect
#   start_sluice FILE...           a worker with these connectors; ended when the test ends
#   end_both                       ends both, and drops the slots that nobody uses
set -euo pipefail
# shellcheck source=tests/support/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/drivers.sh"

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$db" "$@"; }

use_database() {
    db=$1_$$
    psql -X -q -d postgres -c "create database $db"
    settle_on "$db"
}

start_java() {
    at_exit bash "$SL_SUPPORT/connect.sh" remove "$TEST_DIR/connect"
    bash "$SL_SUPPORT/connect.sh" start "$TEST_DIR/connect" "$BOOTSTRAP" "group.id=$db" "config.storage.topic=$db-configs" \
        "offset.storage.topic=$db-offsets" "status.storage.topic=$db-status"
    # shellcheck disable=SC1091
    . "$TEST_DIR/connect/connect.env"
}

connection() {
    cat <<END
connector.class=io.debezium.connector.postgresql.PostgresConnector
tasks.max=1
database.hostname=127.0.0.1
database.port=$PGPORT
database.user=$PGUSER
database.password=x
database.dbname=$db
topic.prefix=$1
plugin.name=pgoutput
slot.name=$1
publication.name=pub_$1
END
}

json() {
    python3 -c 'import json, sys
print(json.dumps(dict(l.rstrip("\n").replace("\\\\", "\\").split("=", 1) for l in sys.stdin if l.strip())))'
}

put_java() {
    curl -fsS -X PUT -H 'Content-Type: application/json' --data-binary "@$2" "$CONNECT_URL/connectors/$1/config" >/dev/null
}

start_sluice() {
    cat >"$TEST_DIR/worker.properties" <<END
bootstrap.servers=$BOOTSTRAP
listeners=http://127.0.0.1:$(free_port)
offset.storage.file.filename=$TEST_DIR/offsets
offset.flush.interval.ms=1000
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
END
    at_exit end worker "$TEST_DIR" 10
    spawn worker "$TEST_DIR" "$SLUICE" standalone "$TEST_DIR/worker.properties" "$@"
}

slots_unused() { [ "$(sql -c "select count(*) from pg_replication_slots where database = '$db' and active")" -eq 0 ]; }

end_both() {
    end worker "$TEST_DIR" 10
    bash "$SL_SUPPORT/connect.sh" remove "$TEST_DIR/connect"
    wait_until 20 slots_unused || fail "a slot is in use, and both have ended"
    sql -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '$db'" >/dev/null
}
