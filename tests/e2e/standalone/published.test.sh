#!/bin/bash
# Published clients manage a worker, and requests made from its OpenAPI description get no 5xx.
# seconds: 240
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"
# shellcheck source=tests/support/versions.sh
. tests/support/versions.sh
printf 'a\nb\n' >"$dir/in"
tools=${XDG_CACHE_HOME:-$HOME/.cache}/sluice/rest-clients-$SL_KAFKA_CONNECT_PY_VERSION-$SL_CONNECTORCTL_VERSION-$SL_SCHEMATHESIS_VERSION
if [ ! -e "$tools/ready" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install -q "kafka-connect-py==$SL_KAFKA_CONNECT_PY_VERSION" "connectorctl==$SL_CONNECTORCTL_VERSION" \
        "schemathesis==$SL_SCHEMATHESIS_VERSION"
    touch "$tools/ready"
fi
worker_properties "$dir/worker.properties"
worker_start "$dir/worker.properties" "$(source_properties first "$dir/in" t)"
cat >"$dir/second.json" <<END
{"name": "second", "config": {"connector.class": "FileStreamSource", "file": "$dir/in", "topic": "u"}}
END

# ---- kafka-connect-py ----
export KAFKA_CONNECT_URL=$URL HOME=$dir
connect() { timeout 30 "$tools/bin/kafka-connect" "$@" >"$dir/out" 2>&1 || fail "kafka-connect $*: $(cat "$dir/out")"; }
connect create -f "$dir/second.json"
grep -q '"name": "second"' "$dir/out" || fail "create: $(cat "$dir/out")"
wait_until 10 task_is second 0 RUNNING || fail "the new connector does not run"
connect list
grep -q second "$dir/out" || fail "list: $(cat "$dir/out")"
connect pause second
wait_until 10 state_is second PAUSED || fail "not paused"
connect resume second
connect restart -i second
wait_until 10 task_is second 0 RUNNING || fail "not running after a restart"
connect list-topics second
connect list-plugins
connect delete second
expect_gone() { call GET /connectors | field 'j' | matches -x '\["first"\]'; }
wait_until 10 expect_gone || fail "not deleted"

# ---- connectorctl ----
ctl() { timeout 30 "$tools/bin/connectorctl" "$@" >"$dir/out" 2>&1 || fail "connectorctl $*: $(cat "$dir/out")"; }
ctl set-env dev --server 127.0.0.1 --port "$PORT"
ctl use-env dev
ctl list
grep -q first "$dir/out" || fail "list: $(cat "$dir/out")"
ctl status first
grep -q RUNNING "$dir/out" || fail "status: $(cat "$dir/out")"
ctl pause first
wait_until 10 state_is first PAUSED || fail "connectorctl did not pause"
ctl resume first
wait_until 10 state_is first RUNNING || fail "connectorctl did not resume"

# ---- requests from the description ----
cd "$dir" # it leaves a folder where it runs
"$tools/bin/schemathesis" run "$URL/openapi.json" --url "$URL" --max-examples 15 --checks not_a_server_error \
    --phases fuzzing,coverage --request-timeout 20 -w 2 --seed 1 >"$dir/schemathesis.log" 2>&1 || {
    tail -n 40 "$dir/schemathesis.log" >&2
    fail "a request made from the description was answered with a 5xx, or not at all"
}
cd "$SL_ROOT"
call GET /health | matches healthy || fail "the worker is not healthy afterwards"
worker_stop
