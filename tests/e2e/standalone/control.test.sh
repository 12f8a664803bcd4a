#!/bin/bash
# REST: pause, resume, stop, restart; what is shown; names with / and %; errors.
# seconds: 120
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

export TEST_SECRET=Tr0ub4dor
worker_properties "$dir/worker.properties" config.providers=env \
    config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
seq 1 100 >"$dir/in"
source=$(source_properties source "$dir/in" lines "producer.override.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"literal-pw\";")
sink=$(sink_properties sink "$dir/out" lines)
odd=$(source_properties odd "$dir/odd" odd-lines)
sed -i 's|^name=.*|name=a/b 100% Ω|' "$odd"
worker_start "$dir/worker.properties" "$source" "$sink" "$odd"
wait_until 20 lines_are "$dir/out" 100 || fail "the first lines did not arrive"

# ---- pause and resume ----
expect 202 PUT /connectors/source/pause
wait_until 10 task_is source 0 PAUSED || fail "the task was not paused"
state_is source PAUSED || fail "the connector is not shown as paused"
seq 101 200 >>"$dir/in"
sleep 1
lines_are "$dir/out" 100 || fail "a paused source went on"
expect 202 PUT /connectors/source/resume
wait_until 10 task_is source 0 RUNNING || fail "the task was not resumed"
wait_until 10 lines_are "$dir/out" 200 || fail "the lines of the pause did not arrive"
expect 202 PUT /connectors/sink/pause
wait_until 10 task_is sink 0 PAUSED || fail "the sink was not paused"
seq 201 300 >>"$dir/in"
sleep 1
lines_are "$dir/out" 200 || fail "a paused sink went on"
expect 202 PUT /connectors/sink/resume
wait_until 10 lines_are "$dir/out" 300 || fail "the lines of the sink's pause did not arrive"

# ---- stop and resume ----
expect 204 PUT /connectors/source/stop
wait_until 10 state_is source STOPPED || fail "the connector was not stopped"
[ "$(call GET /connectors/source/status | field 'len(j["tasks"])')" = 0 ] || fail "a stopped connector has tasks"
expect 404 GET /connectors/source/tasks/0/status
expect 204 POST /connectors/source/restart
seq 301 400 >>"$dir/in"
expect 202 PUT /connectors/source/resume
wait_until 10 lines_are "$dir/out" 400 || fail "the lines of the stop did not arrive"

# ---- restart ----
expect 204 POST /connectors/source/restart
wait_until 10 state_is source RUNNING || fail "not running after the restart"
expect 202 POST "/connectors/source/restart?includeTasks=true"
[ "$(field 'j["name"]' <"$dir/answer")" = source ] || fail "the answer to restart is no status"
wait_until 10 task_is source 0 RUNNING || fail "the task does not run after the restart"
expect 204 POST /connectors/source/tasks/0/restart
wait_until 10 task_is source 0 RUNNING || fail "the task does not run after its restart"
expect 204 POST "/connectors/source/restart?includeTasks=maybe"
expect 404 POST /connectors/source/tasks/7/restart
expect 404 POST /connectors/source/tasks/x/restart
seq 401 500 >>"$dir/in"
wait_until 15 lines_are "$dir/out" 500 || fail "the lines after the restarts did not arrive"
cmp "$dir/in" "$dir/out" || fail "what arrived differs"

# ---- names ----
name='a%2Fb%20100%25%20%CE%A9'
expect 200 GET "/connectors/$name"
[ "$(field 'j["name"]' <"$dir/answer")" = 'a/b 100% Ω' ] || fail "wrong name: $(cat "$dir/answer")"
expect 202 PUT "/connectors/$name/pause"
wait_until 10 state_is "$name" PAUSED || fail "the oddly named connector was not paused"
expect 404 GET "/connectors/a/b"
expect 400 GET "/connectors/%zz"
expect 400 GET "/connectors/%ff%fe"
expect 400 GET "/connectors/a%00b"

# ---- what is shown ----
cluster_known() { call GET / | field 'j["kafka_cluster_id"]' | matches -v null; }
wait_until 10 cluster_known || fail "the cluster's id is not shown: $(cat "$dir/answer")"
expect 200 GET /
[ "$(field 'sorted(j)' <"$dir/answer")" = '["commit", "kafka_cluster_id", "version"]' ] || fail "GET /: $(cat "$dir/answer")"
expect 200 GET /connectors
[ "$(field 'sorted(j)' <"$dir/answer")" = "$(python3 -c 'import json; print(json.dumps(sorted(["source", "sink", "a/b 100% Ω"])))')" ] || fail "GET /connectors: $(cat "$dir/answer")"
expect 200 GET "/connectors?expand=info&expand=status"
[ "$(field 'sorted(j["source"])' <"$dir/answer")" = '["info", "status"]' ] || fail "expand: $(cat "$dir/answer")"
expect 200 GET /connectors/source
[ "$(field '[j["type"], j["tasks"]]' <"$dir/answer")" = '["source", [{"connector": "source", "task": 0}]]' ] || fail "info: $(cat "$dir/answer")"
for path in /connectors/source /connectors/source/config /connectors/source/tasks "/connectors?expand=info"; do
    expect 200 GET "$path"
    if grep -q 'literal-pw' "$dir/answer"; then fail "$path shows a secret"; fi
    grep -q '\[hidden\]' "$dir/answer" || fail "$path does not mask the secret"
done
expect 200 GET /connectors/source/offsets
[ "$(field 'j["offsets"][0]["partition"]' <"$dir/answer")" = "{\"filename\": \"$dir/in\"}" ] || fail "offsets: $(cat "$dir/answer")"
expect 200 GET /connectors/sink/offsets
expect 200 GET /connector-plugins
field '[p["class"] for p in j if p["type"] not in ("sink", "source")]' <"$dir/answer" | matches -x '\[\]' || fail "connectorsOnly is not the default"
expect 200 GET "/connector-plugins?connectorsOnly=false"
field '[p["class"] for p in j]' <"$dir/answer" | matches 'org.apache.kafka.connect.storage.StringConverter' || fail "no converters in the list"
expect 200 GET /connector-plugins/FileStreamSource/config
field '[d["name"] for d in j]' <"$dir/answer" | matches '"file".*"batch.size"\|"batch.size".*"file"' || fail "definitions: $(cat "$dir/answer")"
expect 404 GET /connector-plugins/Nope/config

# ---- validate ----
expect 200 PUT /connector-plugins/FileStreamSink/config/validate '{"connector.class":"FileStreamSink","name":"v","topics":"t","file":"/tmp/x","tasks.max":"none"}'
[ "$(field 'j["error_count"]' <"$dir/answer")" = 1 ] || fail "validate: $(cat "$dir/answer")"
[ "$(field '[c["value"]["name"] for c in j["configs"] if c["value"]["errors"]]' <"$dir/answer")" = '["tasks.max"]' ] || fail "validate blames another key"
[ "$(field '[c["definition"]["type"] for c in j["configs"] if c["value"]["name"] == "tasks.max"]' <"$dir/answer")" = '["INT"]' ] || fail "no definition"
# shellcheck disable=SC2016  # a reference for the worker
expect 200 PUT /connector-plugins/org.apache.kafka.connect.file.FileStreamSinkConnector/config/validate '{"name":"v","topics":"t","file":"${env:TEST_SECRET}","nope.password":"x"}'
[ "$(field 'j["error_count"]' <"$dir/answer")" = 0 ] || fail "validate with the class from the path: $(cat "$dir/answer")"
if grep -q "$TEST_SECRET" "$dir/answer"; then fail "validate shows a resolved value"; fi
expect 400 PUT /connector-plugins/FileStreamSink/config/validate '{"connector.class":"FileStreamSource"}'
expect 400 PUT /connector-plugins/FileStreamSink/config/validate '{"connector.class":'
expect 404 PUT /connector-plugins/Nope/config/validate '{}'

# ---- errors ----
expect 404 GET /connectors/nobody
[ "$(field '[j["error_code"], j["message"]]' <"$dir/answer")" = '[404, "Connector nobody not found"]' ] || fail "404: $(cat "$dir/answer")"
expect 404 GET /connectors/nobody/status
expect 404 PUT /connectors/nobody/pause
expect 404 GET /no/such/path
expect 405 PUT /
expect 405 DELETE /connectors/source/status
curl -s -D - -o /dev/null -X PUT "$URL/health" | tr -d '\r' | matches -x 'Allow: GET, HEAD, OPTIONS' || fail "405 without Allow"
[ "$(curl -s -o /dev/null -w '%{http_code} %{size_download}' -I "$URL/connectors")" = '200 0' ] || fail "HEAD"
[ "$(curl -s -o /dev/null -w '%{http_code}' -X OPTIONS "$URL/connectors")" = 200 ] || fail "OPTIONS"

# ---- loggers and metrics ----
expect 200 GET /admin/loggers
[ "$(field 'j["root"]["level"]' <"$dir/answer")" = INFO ] || fail "loggers: $(cat "$dir/answer")"
expect 200 PUT /admin/loggers/herder '{"level":"debug"}'
[ "$(call GET /admin/loggers/herder | field 'j["level"]')" = DEBUG ] || fail "the level was not set"
expect 404 PUT /admin/loggers/herder '{"level":"loud"}'
expect 400 PUT /admin/loggers/herder '{}'
expect 200 GET /metrics
grep -q '^kafka_connect_sink_task_sink_record_send_total{connector="sink",task="0"} 500$' "$dir/answer" || fail "metrics: $(grep sink_record "$dir/answer")"
grep -q '^sluice_tasks{state="RUNNING"} 2$' "$dir/answer" || fail "metrics: $(grep sluice_tasks "$dir/answer")"
grep -qE '^process_resident_memory_bytes [1-9][0-9]{6,}$' "$dir/answer" || fail "metrics: $(grep process_ "$dir/answer")"
if grep -v '^#' "$dir/answer" | grep -vqE '^[a-zA-Z_]+(\{[^}]*\})? [0-9.eE+-]+$'; then
    fail "a line of /metrics has the wrong form"
fi

worker_stop
if grep -q "literal-pw\|$TEST_SECRET" "$dir/worker.log"; then fail "the log shows a secret"; fi
log ok
