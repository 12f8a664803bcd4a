#!/bin/bash
# The same requests to distributed Kafka Connect and to a cluster of three workers, each request to the next of them: the same
# statuses and bodies, whoever is asked.
# seconds: 240
# beside others
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../e2e/distributed/cluster.sh"
here=tests/compat/rest
mkdir -p "$dir/java" "$dir/data"
printf 'a\nb\n' >"$dir/data/in.txt"
json=org.apache.kafka.connect.json.JsonConverter

at_exit bash tests/support/connect.sh remove "$dir/java"
for n in 1 2 3; do worker_file $n "key.converter=$json" "value.converter=$json"; done
for n in 1 2 3; do start_worker $n; done
bash tests/support/connect.sh start "$dir/java" "$BOOTSTRAP" "group.id=java-$GROUP" "config.storage.topic=java-$GROUP-config" \
    "offset.storage.topic=java-$GROUP-offset" "status.storage.topic=java-$GROUP-status" offset.flush.interval.ms=500
# shellcheck disable=SC1091
. "$dir/java/connect.env"
ready 1 2 3

# the script expects a connector to be there, as a standalone Kafka Connect must have one
first='{"name": "first", "config": {"connector.class": "FileStreamSource", "topic": "conformance-first", "file": "'$dir/data/first.txt'"}}'
: >"$dir/data/first.txt"
expect 201 1 POST /connectors "$first"
curl -sf -H 'Content-Type: application/json' -d "$first" "$CONNECT_URL/connectors" >/dev/null || fail "Kafka Connect did not take it"
wait_until 20 placed 1 first || fail "the first connector does not run"
java_runs() { curl -sf "$CONNECT_URL/connectors/first/status" | matches '"id":0,"state":"RUNNING"'; }
wait_until 20 java_runs || fail "Kafka Connect's first connector does not run"

began=$SECONDS
python3 $here/compare.py "$CONNECT_URL" "http://$(id_of 1),http://$(id_of 2),http://$(id_of 3)" "$dir/data"
log "compared in $((SECONDS - began)) s"
