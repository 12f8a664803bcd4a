#!/bin/bash
# The state topics against a real Kafka Connect, both ways: what Java wrote (connectors, task configurations, paused and stopped
# ones, offsets, statuses, a deleted connector) reads the same here; what is written here, with Sluice's own keys beside it, Java
# reads, shows over REST, and runs from the offset given.
# seconds: 240
# beside others
# shellcheck source=tests/integration/kafka-state/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../integration/kafka-state/drivers.sh"

: "${BOOTSTRAP:?a broker is needed}"
dir=$TEST_DIR
prefix=fmt-$$-$RANDOM
build_driver state_driver
worker_file "$dir/worker.properties" "$prefix"
connect=$dir/connect
at_exit bash tests/support/connect.sh remove "$connect"

start_java() {
    (cd "$SL_ROOT" && CONNECT_HEAP_MB=400 bash tests/support/connect.sh start "$connect" "$BOOTSTRAP" \
        "group.id=$prefix" "config.storage.topic=$prefix-configs" "offset.storage.topic=$prefix-offsets" \
        "status.storage.topic=$prefix-status" key.converter=org.apache.kafka.connect.storage.StringConverter \
        value.converter=org.apache.kafka.connect.storage.StringConverter offset.flush.interval.ms=500 >&2)
    # shellcheck source=/dev/null
    . "$connect/connect.env"
}

stop_java() {
    (cd "$SL_ROOT" && bash tests/support/connect.sh stop "$connect" >&2)
}

rest() { # rest METHOD PATH [BODY]
    curl -sS -f -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$CONNECT_URL$2"
}

state() { # what state_driver reads
    timeout 60 "$dir/state_driver" "$dir/worker.properties" "$@" 2>>"$dir/driver.log"
}

source_json() { # source_json NAME [FIELD...]
    local name=$1
    shift
    jq -cn --arg n "$name" --arg f "$dir/$name.in" --arg t "$prefix-$name" \
        '{name: $n, config: {name: $n, "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
          "tasks.max": "1", file: $f, topic: $t, "a \"quoted\" key": "\u00fc \u20ac \ud83d\ude00 \\ \n"}}'
}

running() {
    [ "$(rest GET "/connectors/$1/status" | jq -r '[.connector.state, .tasks[].state] | unique | join(",")')" = "$2" ]
}

expect_line() { # expect_line TEXT: a line of the last dump
    grep -qxF -- "$1" "$dir/dump" || {
        cat "$dir/dump" >&2
        fail "expected the line '$1'"
    }
}

expect_no() {
    if grep -q -- "$1" "$dir/dump"; then
        cat "$dir/dump" >&2
        fail "did not expect a line with '$1'"
    fi
}

# ---- Java writes, we read ----
for name in one two three gone; do
    seq 1 100 >"$dir/$name.in"
done
start_java
for name in one two three gone; do
    rest POST /connectors "$(source_json $name)" >/dev/null
done
for name in one two three gone; do
    wait_until 30 running $name RUNNING || fail "Java does not run $name"
done
rest PUT /connectors/two/pause
rest PUT /connectors/three/stop
rest DELETE /connectors/gone
wait_until 30 running two PAUSED || fail "two is not paused"
wait_until 30 running three STOPPED || fail "three is not stopped"
size=$(wc -c <"$dir/one.in")
offset_there() { rest GET /connectors/one/offsets | jq -e --argjson n "$size" '.offsets[0].offset.position == $n'; }
wait_until 30 offset_there || fail "Java has not stored the offset of one"
rest GET /connectors/one/config >"$dir/one.json"
rest GET /connectors/one/tasks | jq -c '.[0].config' >"$dir/one.task.json"
worker=$(rest GET /connectors/one/status | jq -r .connector.worker_id)
stop_java

state dump >"$dir/dump"
expect_line "connector one STARTED tasks=1 fenced=-1 needs-fencing"
expect_line "connector two PAUSED tasks=1 fenced=-1 needs-fencing"
expect_line "connector three STOPPED tasks=0 fenced=-1 needs-fencing"
expect_no "^connector gone"
expect_line "offset one {\"filename\":\"$dir/one.in\"} {\"position\":$size}"
expect_line "session-key there"
expect_line "topic one $prefix-one"
grep -q "^status one 0 UNASSIGNED $worker" "$dir/dump" || fail "expected Java's last status of task 0"
jq -r 'to_entries[] | "config one \(.key)=\(.value)"' "$dir/one.json" >"$dir/wanted"
while IFS= read -r line; do
    grep -aqxF -- "$line" "$dir/dump" || fail "the configuration of one: expected '$line'"
done <"$dir/wanted"
jq -r 'to_entries[] | select(.value | contains("\n") | not) | "task one 0 \(.key)=\(.value)"' "$dir/one.task.json" >"$dir/wanted"
[ -s "$dir/wanted" ] || fail "Java shows no task configuration"
while IFS= read -r line; do
    expect_line "$line"
done <"$dir/wanted"
log "what Java wrote is read"

# ---- we write, Java reads ----
own_key() { printf 'target-state-\tsluice-%s' "$1"; }
own_value() { printf '{"state":"STARTED","state.v2":"STARTED","sluice":%s}' "$1"; }
seq 1 200 >>"$dir/one.in"
seq 1 50 >"$dir/four.in"
config() { source_json "$1" | jq -c '{properties: .config}'; }
task() { source_json "$1" | jq -c '{properties: (.config + {"task.class": "org.apache.kafka.connect.file.FileStreamSourceTask"})}'; }
state write connector-four "$(config four)" task-four-0 "$(task four)" commit-four '{"tasks":1}' \
    target-state-five '{"state":"PAUSED","state.v2":"PAUSED"}' connector-five "$(config five)" \
    "$(own_key assignment-w)" "$(own_value '{"member":"m","generation":1,"units":{"four":[-1,0]}}')" \
    "$(own_key worker-w)" "$(own_value '{"member":"m","url":"http://w/","done":1,"still":{}}')" \
    "$(own_key leader)" "$(own_value '{"member":"m","worker":"w"}')" \
    "$(own_key proposal-four)" "$(own_value '{"config":"0","tasks":[]}')" "$(own_key proposal-four)" -
state put target-state-two '{"state":"STARTED","state.v2":"STARTED"}'
state put target-state-three '{"state":"STARTED","state.v2":"STARTED"}'
half=$(head -n 25 "$dir/four.in" | wc -c)
state offset four "{\"filename\":\"$dir/four.in\"}" "{\"position\":$half}"
state status four -1 RUNNING there:1 3
state status four 0 RUNNING there:1 3
state topic four "$prefix-four" 0 1700000000000
# an aborted transaction on top: Java reads uncommitted, so nothing of it may remain that matters
state zombie "$(own_key worker-w)" "$(own_value '{"member":"m","url":"http://w/","done":1,"still":{}}')" >/dev/null
start_java
for name in one two three four; do
    wait_until 40 running $name RUNNING || {
        tail -n 30 "$connect/connect.log" >&2
        fail "Java does not run $name: $(rest GET "/connectors/$name/status")"
    }
done
wait_until 20 running five PAUSED || fail "five is not paused"
[ "$(rest GET /connectors | jq -c sort)" = '["five","four","one","three","two"]' ] || fail "Java shows $(rest GET /connectors)"
rest GET /connectors/four/config | jq -S . >"$dir/got"
config four | jq -S .properties >"$dir/wanted"
cmp "$dir/wanted" "$dir/got" || fail "Java reads another configuration of four"
topic_shown() { rest GET /connectors/four/topics | jq -e --arg t "$prefix-four" '.four.topics | index($t)'; }
wait_until 30 topic_shown || fail "the topic of four is not shown"
arrived() { [ "$(read_topic "$1" 2>/dev/null | wc -l)" -eq "$2" ]; }
wait_until 30 arrived "$prefix-four" 25 || fail "four: Java did not begin at the offset that was written here"
wait_until 30 arrived "$prefix-one" 300 || fail "one: Java did not go on behind its own offset"
for name in leader worker-w assignment-w proposal-four; do
    timeout 60 kcat -b "$BOOTSTRAP" -C -t "$prefix-configs" -o beginning -e -q -f '%k\n' | matches -xF "$(own_key $name)" ||
        fail "the config topic has none of Sluice's own keys ($name): is the test still one?"
done
if grep -E ' ERROR |WARN org.apache.kafka.connect.storage' "$connect/connect.log"; then fail "Java met errors, see above"; fi
size=$(wc -c <"$dir/four.in")
four_there() { rest GET /connectors/four/offsets | jq -e --argjson n "$size" '.offsets | length == 1 and .[0].offset.position == $n'; }
wait_until 30 four_there || fail "four: Java has $(rest GET /connectors/four/offsets)"
stop_java

# ---- the same key, byte for byte: compaction would keep one ----
read_key() { timeout 60 kcat -b "$BOOTSTRAP" -C -t "$prefix-offsets" -o beginning -e -q -f '%p %k\n' | grep four | sort -u; }
[ "$(read_key | wc -l)" -eq 1 ] || fail "four has offsets under several keys or in several partitions: $(read_key)"
log "what was written here runs in Java"
