#!/bin/bash
# Changes through workers that do not lead: each endpoint, the leader's death in the middle of a request, an answer that is lost,
# requests during a rebalance, and what only workers may ask.
# seconds: 240
# beside others
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

# what others are told of worker 1 is a proxy's address
for n in 1 2 3; do worker_file $n; done
bash tests/support/proxy.sh start "$dir/proxy" "$(port_of 1)"
at_exit bash tests/support/proxy.sh stop "$dir/proxy"
# shellcheck disable=SC1091
. "$dir/proxy/proxy.env"
proxy() { bash tests/support/proxy.sh send "$dir/proxy" "$@" >/dev/null; }
worker_file 1 rest.advertised.host.name=localhost "rest.advertised.port=$PROXY_PORT"

# ---- health: starting until it has joined and the leader has said what is to run, which cannot be while that one hangs ----
up 1
kill -STOP "$(pid_of 1)"
start_worker 2
answers() { call 2 GET /health && [ "$STATUS" != 000 ]; }
wait_until 20 answers || fail "worker 2 does not answer"
[ "$STATUS" = 503 ] || fail "a worker is healthy before it has joined: $STATUS $(cat "$dir/answer")"
matches -x '{"status":"starting","message":"Worker is still starting up. .*"}' <"$dir/answer" || fail "health: $(cat "$dir/answer")"
kill -CONT "$(pid_of 1)"
start_worker 3
ready 2 3
call 3 GET /health
matches -x '{"status":"healthy","message":"Worker has completed startup and is ready to handle requests."}' <"$dir/answer" ||
    fail "health: $(cat "$dir/answer")"
[ "$(leader 1 2 3)" = 1 ] || fail "worker 1 does not lead"
matches -F "localhost:$PROXY_PORT" < <(kcat -b "$BOOTSTRAP" -t "$GROUP-config" -C -e -q) || fail "the advertised address is not in the topic"

# ---- each endpoint that changes something, through a follower, which then shows the change at once ----
: >"$dir/in-a"
printf 'x\ny\n' >"$dir/in-b"
answered() { [ "$(field "$1")" = "$2" ] || fail "expected $1 to be $2: $(cat "$dir/answer")"; }
state_of() { call "$1" GET "/connectors/$2/status" && [ "$(field 'j["connector"]["state"]')" = "$3" ]; }
expect 201 2 POST /connectors "$(file_source a)"
answered 'j["name"]' a
expect 200 2 GET /connectors/a/config
body=$(curl -s -i -m 20 -X PUT -H 'Content-Type: application/json' -d "$(file_source b | python3 -c 'import json,sys; print(json.dumps(json.load(sys.stdin)["config"]))')" \
    "http://$(id_of 3)/connectors/b/config" | tr -d '\r')
matches '^HTTP/1.1 201' <<<"$body" || fail "PUT of a new connector: $body"
matches -x "Location: http://$(id_of 3)/connectors/b" <<<"$body" || fail "Location is not of who was asked: $body"
expect 200 3 GET /connectors/b
expect 200 2 PATCH /connectors/b/config '{"batch.size": "77"}'
answered 'j["config"]["batch.size"]' 77
expect 200 2 GET /connectors/b/config
answered 'j["batch.size"]' 77
expect 409 3 POST /connectors "$(file_source a)"
wait_until 20 placed 2 a b || fail "a and b do not run"
expect 202 2 PUT /connectors/a/pause
wait_until 10 state_of 3 a PAUSED || fail "not paused"
expect 202 3 PUT /connectors/a/resume
wait_until 10 state_of 2 a RUNNING || fail "not resumed"
expect 204 2 POST /connectors/a/restart
expect 202 3 POST "/connectors/a/restart?includeTasks=true"
answered '[j["connector"]["state"]] + [t["state"] for t in j["tasks"]]' '["RESTARTING", "RESTARTING"]'
expect 202 3 POST "/connectors/a/restart?includeTasks=true&onlyFailed=true"
wait_until 10 placed 2 a || fail "a does not run after its restarts"
for n in 1 2 3; do expect 204 $n POST /connectors/a/tasks/0/restart; done # one of them runs it
wait_until 10 placed 3 a || fail "a does not run after its task was restarted"
used() { call 2 GET /connectors/b/topics && [ "$(field 'len(j["b"]["topics"])')" = "$1" ]; }
wait_until 10 used 1 || fail "no topic of b: $(cat "$dir/answer")"
expect 202 3 PUT /connectors/b/topics/reset
wait_until 10 used 0 || fail "the topics of b were not reset"
at_end() { call 3 GET /connectors/b/offsets && [ "$(field '[o["offset"]["position"] for o in j["offsets"]]')" = '[4]' ]; }
wait_until 20 at_end || fail "offsets of b: $(cat "$dir/answer")"
expect 204 2 PUT /connectors/b/stop
wait_until 10 state_of 3 b STOPPED || fail "not stopped"
expect 200 2 PATCH /connectors/b/offsets "{\"offsets\": [{\"partition\": {\"filename\": \"$dir/in-b\"}, \"offset\": {\"position\": 2}}]}"
expect 200 3 GET /connectors/b/offsets
answered 'j["offsets"][0]["offset"]["position"]' 2
expect 200 3 DELETE /connectors/b/offsets
expect 200 2 GET /connectors/b/offsets
answered 'j["offsets"]' '[]'
expect 204 2 PUT '/admin/loggers/conformance?scope=cluster' '{"level": "DEBUG"}'
level() { call "$1" GET /admin/loggers/conformance && [ "$(field 'j["level"]')" = DEBUG ]; }
for n in 1 2 3; do wait_until 5 level $n || fail "the level is not set on worker $n"; done
expect 204 3 DELETE /connectors/b
expect 404 3 GET /connectors/b
expect 404 2 DELETE /connectors/b

# ---- not in a circle ----
expect 409 2 PUT '/connectors/a/pause?forward=false'
matches 'conflicting operation (e.g. worker rebalance)' <"$dir/answer" || fail "$(cat "$dir/answer")"
expect 202 2 PUT '/connectors/a/resume?forward=true'
expect 202 1 PUT '/connectors/a/resume?forward=false'

# ---- what only workers may ask ----
tasks="[{\"file\": \"$dir/in-a\", \"topic\": \"$GROUP-a\", \"task.class\": \"org.apache.kafka.connect.file.FileStreamSourceTask\", \"batch.size\": \"5\"}]"
key=$(kcat -b "$BOOTSTRAP" -t "$GROUP-config" -C -e -q -f '%k %s\n' | sed -n 's/^session-key //p' | tail -n 1)
[ -n "$key" ] || fail "no session key"
signature() { # signature BODY: what a worker sends along
    python3 - "$key" "$1" <<'END'
import base64, hashlib, hmac, json, sys
key = base64.b64decode(json.loads(sys.argv[1])["key"])
print(base64.b64encode(hmac.new(key, sys.argv[2].encode(), hashlib.sha256).digest()).decode())
END
}
internal() { # internal STATUS TEXT N METHOD PATH BODY [HEADER...]
    local want=$1 text=$2 url got header headers=()
    url="http://$(id_of "$3")$5"
    for header in "${@:7}"; do headers+=(-H "$header"); done
    got=$(curl -s -m 20 -o "$dir/answer" -w '%{http_code}' -X "$4" -H 'Content-Type: application/json' "${headers[@]}" -d "$6" "$url")
    [ "$got" = "$want" ] || fail "$4 $5 with ${*:7}: expected $want, got $got $(cat "$dir/answer")"
    [ -z "$text" ] || matches -F "$text" <"$dir/answer" || fail "$4 $5: expected '$text', got $(cat "$dir/answer")"
}
name=X-Connect-Authorization kind=X-Connect-Request-Signature-Algorithm
for n in 1 2; do
    for what in "POST /connectors/a/tasks $tasks" "PUT /connectors/a/fence {}"; do
        read -r method path body <<<"$what"
        internal 400 "missing required signature" $n "$method" "$path" "$body"
        internal 400 "missing required signature" $n "$method" "$path" "$body" "$name: $(signature "$body")"
        internal 400 "'HmacMD5' key signing algorithm" $n "$method" "$path" "$body" "$name: $(signature "$body")" "$kind: HmacMD5"
        internal 400 "'HmacSHA512' key signing algorithm" $n "$method" "$path" "$body" "$name: $(signature "$body")" "$kind: HmacSHA512"
        internal 403 "invalid signature" $n "$method" "$path" "$body" "$name: $(signature other)" "$kind: HmacSHA256"
        internal 403 "invalid signature" $n "$method" "$path" "$body" "$name: junk" "$kind: HmacSHA256"
    done
done
internal 404 "Connector nobody not found" 2 POST /connectors/nobody/tasks "$tasks" "$name: $(signature "$tasks")" "$kind: HmacSHA256"
internal 204 "" 2 POST /connectors/a/tasks "$tasks" "$name: $(signature "$tasks")" "$kind: HmacSHA256"
expect 200 2 GET /connectors/a/tasks
answered 'j[0]["config"]["batch.size"]' 5
wait_until 10 placed 3 a || fail "a does not run with the tasks it was given"

# ---- tasks whose configurations no record can hold fail the connector, which says why ----
python3 - "$GROUP" >"$dir/large.json" <<'END'
import json, sys
print(json.dumps({"connector.class": "FileStreamSink", "topics": sys.argv[1] + "-a", "tasks.max": "12", "padding": "x" * 100000}))
END
got=$(curl -s -m 20 -o "$dir/answer" -w '%{http_code}' -X PUT -H 'Content-Type: application/json' --data-binary "@$dir/large.json" \
    "http://$(id_of 2)/connectors/large/config")
[ "$got" = 201 ] || fail "a connector with much in it: $got $(head -c 300 "$dir/answer")"
wait_until 15 state_of 3 large FAILED || fail "tasks that are too large: $(cat "$dir/answer")"
matches 'lower tasks.max' <"$dir/answer" || fail "the reason is not told: $(cat "$dir/answer")"
expect 204 3 DELETE /connectors/large

# ---- the leader has done it, and the answer is lost: asked again, it is told as done ----
lost() { # lost STATUS N METHOD PATH [BODY]
    proxy cut-after 10
    (sleep 1 && proxy pass) &
    expect "$@"
    wait $!
}
lost 201 2 POST /connectors "$(file_source c)"
answered 'j["name"]' c
lost 200 3 PATCH /connectors/c/config '{"batch.size": "9"}'
lost 204 3 DELETE /connectors/c
expect 404 3 GET /connectors/c
call 2 POST /connectors '{"name": "bad", "config": {"connector.class": "FileStreamSource"}}'
[ "$STATUS" = 400 ] || fail "an error through a follower: $STATUS"

# ---- the leader hangs with a request, and others take over; then it wakes ----
: >"$dir/in-d"
kill -STOP "$(pid_of 1)"
began=$SECONDS
call 2 POST /connectors "$(file_source d)"
[ "$STATUS" = 201 ] || fail "a request that a hanging leader had: $STATUS $(cat "$dir/answer")"
log "answered $((SECONDS - began)) s after the leader hung"
kill -CONT "$(pid_of 1)"
wait_until 20 placed 2 a d || fail "not all run: $(cat "$dir/answer")"
wait_until 20 serves 1 || fail "worker 1 does not come back"
call 1 GET /connectors/d
[ "$STATUS" = 200 ] || fail "worker 1 does not know d"

# ---- the leader dies with a request under way; those that come during the rebalance wait ----
lead=$(leader 2 3)
rest=$((lead == 2 ? 3 : 2))
kill -STOP "$(pid_of "$lead")"
began=$SECONDS
curl -s -m 40 -o /dev/null -w '%{http_code}' -X PUT "http://$(id_of $rest)/connectors/d/stop" >"$dir/stopped" &
sleep 0.5
kill_worker "$lead"
call 1 PUT /connectors/a/pause
[ "$STATUS" = 202 ] || fail "a request during a rebalance: $STATUS $(cat "$dir/answer")"
wait $!
[ "$(cat "$dir/stopped")" = 204 ] || fail "what the dead leader had was answered with $(cat "$dir/stopped")"
log "answered $((SECONDS - began)) s after the leader died"
wait_until 15 state_of $rest d STOPPED || fail "what the dead leader had was not done: $(cat "$dir/answer")"
wait_until 15 state_of 1 a PAUSED || fail "what was asked during the rebalance was not done: $(cat "$dir/answer")"
for n in 1 "$rest"; do stop_worker "$n"; done
