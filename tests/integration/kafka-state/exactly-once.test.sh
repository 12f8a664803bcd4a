#!/bin/bash
# A file source with exactly-once, killed again and again while it writes: whoever reads committed records sees every line once,
# in order, with each transaction.boundary; a second run of the same task fences the first, which then does not write.
# seconds: 240
# beside others
# shellcheck source=tests/integration/kafka-state/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/drivers.sh"

: "${BOOTSTRAP:?a broker is needed}"
dir=$TEST_DIR
ROUNDS=${ROUNDS:-8}
build_driver task_driver
build_driver state_driver
prefix=eos-$$-$RANDOM
worker_file "$dir/worker.properties" "$prefix" exactly.once.source.support=enabled
plugins=$B/plugins

source_file() { # source_file NAME [key=value...]
    local name=$1
    shift
    printf '%s\n' "name=$name" connector.class=FileStreamSource "file=$dir/$name.in" "topic=$prefix-$name" "$@" >"$dir/$name.properties"
    : >"$dir/$name.in"
}

start() { # start NAME [PROCESS]
    spawn "${2:-$1}" "$dir" "$dir/task_driver" "$plugins" "$dir/worker.properties" "$dir/$1.properties"
}

write_lines() { # write_lines NAME TEXT
    local i
    for ((i = 0; i < 20; i++)); do
        seq -f "$2-$i-%.0f" 1 200 >>"$dir/$1.in"
        sleep 0.05
    done
}

same() {
    read_topic "$prefix-$1" >"$dir/$1.out" 2>/dev/null || true
    cmp -s "$dir/$1.in" "$dir/$1.out"
}

settled() {
    [ "$(read_topic "$prefix-$1" 2>/dev/null | wc -l)" -ge "$(wc -l <"$dir/$1.in")" ]
}

kill_loop() { # kill_loop NAME [key=value...]
    local name=$1 round writer
    source_file "$@"
    for ((round = 1; round <= ROUNDS; round++)); do
        start "$name"
        write_lines "$name" "$round" &
        writer=$!
        sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.4 + r / 32768 }')"
        if [ "$round" -lt "$ROUNDS" ]; then signal_to KILL "$name" "$dir"; fi
        wait "$writer"
    done
    wait_until 60 settled "$name" || {
        show_log "$name" "$dir"
        fail "$name: expected $(wc -l <"$dir/$name.in") lines, $(read_topic "$prefix-$name" | wc -l) arrived"
    }
    end "$name" "$dir"
    same "$name" || fail "$name: $(diff "$dir/$name.in" "$dir/$name.out" | head -n 5)"
    log "$name: $(wc -l <"$dir/$name.in") lines in $ROUNDS runs, each once and in order"
}

kill_loop poll transaction.boundary=poll
kill_loop interval transaction.boundary=interval transaction.boundary.interval.ms=300
kill_loop own transaction.boundary=poll "offsets.storage.topic=$prefix-own-offsets"
"$dir/state_driver" "$dir/worker.properties" write connector-own '{"properties":{}}' 2>/dev/null
"$dir/state_driver" "$dir/worker.properties" own "$prefix-own-offsets" dump 2>/dev/null | matches '^offset own .*position' ||
    fail "the connector's own topic has no offset"

# a zombie: the same task started elsewhere; the old one is fenced at its next commit, says so, and does not go on
source_file zombie
start zombie old
seq 1 100 >>"$dir/zombie.in"
wait_until 30 settled zombie || fail "the first run wrote nothing"
signal_to STOP old "$dir"
start zombie new
wait_until 30 grep -q RUNNING "$dir/new.log" || fail "the second run does not start"
seq 101 200 >>"$dir/zombie.in"
wait_until 30 settled zombie || fail "the second run wrote nothing"
signal_to CONT old "$dir"
seq 201 300 >>"$dir/zombie.in"
wait_until 30 gone old "$dir" || fail "the fenced run goes on"
grep -q 'FAILED.*fenced' "$dir/old.log" || {
    show_log old "$dir"
    fail "the fenced run does not say so"
}
wait_until 30 settled zombie || fail "the second run stopped writing"
end new "$dir"
same zombie || fail "zombie: $(diff "$dir/zombie.in" "$dir/zombie.out" | head -n 5)"
log "a fenced task writes nothing"
