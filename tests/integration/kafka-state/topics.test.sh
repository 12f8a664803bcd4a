#!/bin/bash
# The state topics on a real broker: made as they must be, refused when they are not; a deposed leader is fenced; a reader waits for
# a transaction that was open when it began; offsets keep the bytes of their keys; a connector's own offset topic comes first.
# seconds: 120
# beside others
# shellcheck source=tests/integration/kafka-state/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/drivers.sh"

: "${BOOTSTRAP:?a broker is needed}"
dir=$TEST_DIR
prefix=state-$$-$RANDOM
build_driver state_driver
worker_file "$dir/worker.properties" "$prefix" status.storage.segment.ms=1000000

state() {
    timeout 60 "$dir/state_driver" "$dir/worker.properties" "$@" 2>"$dir/log"
}

expect() { # expect WHAT GOT WANTED
    [ "$2" = "$3" ] || {
        cat "$dir/log" >&2
        fail "$1: expected '$3', got '$2'"
    }
    log "ok: $1"
}

expect_error() { # expect_error WHAT PATTERN COMMAND...
    local what=$1 pattern=$2
    shift 2
    if "$@" >/dev/null; then fail "$what: no error"; fi
    grep -q -- "$pattern" "$dir/log" || {
        cat "$dir/log" >&2
        fail "$what: expected '$pattern'"
    }
    log "ok: $what"
}

topics() {
    bash "$SL_SUPPORT/kafka-tool.sh" topics --bootstrap-server "$BOOTSTRAP" "$@" 2>/dev/null
}

# ---- made, or refused ----
expect "an empty cluster" "$(state dump)" "session-key none"
topics --describe --topic "$prefix-.*" | grep '^Topic:' >"$dir/topics"
expect "topics that are compacted" "$(grep -c 'cleanup.policy=compact' "$dir/topics")" 3
expect "partitions" "$(sed -n 's/.*Topic: [^\t]*-\([a-z]*\).*PartitionCount: \([0-9]*\).*/\1 \2/p' "$dir/topics" | sort | xargs)" \
    "configs 1 offsets 4 status 2"
expect "settings of the worker's file" "$(grep -c 'segment.ms=1000000' "$dir/topics")" 1

topics --create --topic "$prefix-deleting" --partitions 1 --replication-factor 1
topics --create --topic "$prefix-wide" --partitions 2 --replication-factor 1 --config cleanup.policy=compact
cp "$dir/worker.properties" "$dir/good.properties"
sed -i "s/^config.storage.topic=.*/config.storage.topic=$prefix-deleting/" "$dir/worker.properties"
expect_error "a config topic that is not compacted" "'$prefix-deleting' (config.storage.topic) has cleanup.policy=delete" state dump
sed -i "s/^config.storage.topic=.*/config.storage.topic=$prefix-wide/" "$dir/worker.properties"
expect_error "a config topic with two partitions" "has 2 partitions, expected 1" state dump
sed -i "s/^config.storage.topic=.*/config.storage.topic=$prefix-three/; s/^\(config.*factor=\).*/\13/" "$dir/worker.properties"
expect_error "a replication factor that cannot be had" "config.storage.replication.factor" state dump
sed "s/^status.storage.topic=.*/status.storage.topic=$prefix-offsets/" "$dir/good.properties" >"$dir/worker.properties"
expect_error "one topic for two kinds of state" "status.storage.topic" state dump
cp "$dir/good.properties" "$dir/worker.properties"

# ---- the config topic ----
expect "a deposed leader is fenced, also the second time" "$(state zombie connector-z '{"properties":{"name":"z"}}' | xargs)" \
    "conflict conflict the new one has written"
expect "what the fenced one wrote is not there" "$(state dump | grep -c '^connector z')" 1
own=$'target-state-\tsluice-' # keys of the worker's own records
mkfifo "$dir/hold"
"$dir/state_driver" "$dir/worker.properties" stall "$own"stalled '{"sluice":"later"}' <"$dir/hold" >"$dir/stall.out" 2>/dev/null &
stall=$!
exec 7>"$dir/hold"
wait_until 30 grep -q open "$dir/stall.out" || fail "no open transaction"
state put "$own"behind '{"sluice":"plain"}'
state dump >"$dir/dump" 7>&- &
reader=$!
sleep 1.5
kill -0 "$reader" || fail "the reader did not wait for the transaction that was open"
exec 7>&-
wait "$stall"
wait "$reader" || fail "the reader failed"
expect "the reader saw what the transaction wrote" "$(grep '^own' "$dir/dump" | sort | xargs)" "own behind plain own stalled later"

# ---- statuses: what a former owner says late ----
state write connector-a '{"properties":{"name":"a"}}'
state status a 0 RUNNING new:1 5
state status a 0 UNASSIGNED old:1 4 safe
expect "a safe put behind a later generation" "$(state dump | grep '^status a 0')" "status a 0 RUNNING new:1"
state status a 0 UNASSIGNED old:1 4
expect "an unsafe one that comes late" "$(state dump | grep '^status a 0')" "status a 0 RUNNING new:1"
state status a 0 FAILED old:1 4
expect "another state does count" "$(state dump | grep '^status a 0')" "status a 0 FAILED old:1"
state status a 0 DESTROYED old:1 6
expect "a status that is deleted" "$(state dump | grep -c '^status a 0' || true)" 0

# ---- offsets ----
state offset a '{"b":1,"a":"x"}' '{"p":1}'
state offset a '{"a":"x","b":1}' '{"p":2}'
expect "one partition under one key" "$(timeout 30 kcat -b "$BOOTSTRAP" -C -t "$prefix-offsets" -o beginning -e -q -f '%k %s\n' | xargs)" \
    '[a,{b:1,a:x}] {p:1} [a,{b:1,a:x}] {p:2}'
expect "the last offset counts" "$(state dump | grep '^offset a')" 'offset a {"b":1,"a":"x"} {"p":2}'
state own "$prefix-own" offset a '{"b":1,"a":"x"}' '{"p":3}' a '{"c":1}' '{"p":4}'
state offset a '{"c":1}' '{"p":9}' a '{"d":1}' '{"p":5}'
expect "a connector's own topic comes first" "$(state own "$prefix-own" dump | grep '^offset a' | sort | xargs)" \
    'offset a {b:1,a:x} {p:3} offset a {c:1} {p:4} offset a {d:1} {p:5}'
expect "and is copied to the cluster's" "$(state dump | grep -F '"b":1')" 'offset a {"b":1,"a":"x"} {"p":3}'
state own "$prefix-own" offset a '{"c":1}' null
expect "a deletion is one in both" "$(state own "$prefix-own" dump | grep -c '"c":1' || true) $(state dump | grep -c '"c":1' || true)" "0 0"
