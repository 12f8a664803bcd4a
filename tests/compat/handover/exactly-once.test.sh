#!/bin/bash
# Exactly-once across the two: a Kafka Connect worker with a source task is stopped (SIGSTOP) while lines are written, Sluice takes
# the task over, and the other wakes; then the other way round. Each fences the other's task: whoever reads committed records sees
# every line once, in order.
# seconds: 280
# beside others
# shellcheck source=tests/compat/handover/cluster.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

once=(exactly.once.source.support=enabled session.timeout.ms=6000 heartbeat.interval.ms=1500 scheduled.rebalance.max.delay.ms=0)
runs() { task_is "$NAME-lines" 0 RUNNING; }
lines_seen() { timeout 60 kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME-lines" -o beginning -X isolation.level=read_committed | jq -r .payload; }
end_offset() { timeout 20 kcat -Q -b "$BOOTSTRAP" -t "$NAME-lines:0:-1" | sed 's/.* //'; } # while there are more all the time
more_than() { [ "$(end_offset)" -gt "$1" ]; }
all_seen() { lines_seen >"$dir/seen" && [ "$(wc -l <"$dir/seen")" -ge "$(wc -l <"$dir/in")" ]; }
write_lines() {
    local n=1
    while [ ! -e "$dir/enough" ]; do
        seq $n $((n + 19)) >>"$dir/in"
        n=$((n + 20))
        sleep 0.02
    done
}
group_empty() { # what was its member for the broker is one no more
    [ "$("$SLUICE" preflight --json "$file" 2>/dev/null | field 'j["group"]["members"]')" = 0 ]
}
fencings() {
    kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME-configs" -o beginning -X isolation.level=read_committed -f '%k %s\n' |
        sed -n "s/^tasks-fencing-$NAME-lines //p" | tr '\n' ' '
}

# ---- Kafka Connect, which then sleeps ----
java_start "${once[@]}"
: >"$dir/in"
write_lines &
WRITER=$!
at_exit touch "$dir/enough"
make lines connector.class=org.apache.kafka.connect.file.FileStreamSourceConnector "file=$dir/in" "topic=$NAME-lines" tasks.max=1 \
    exactly.once.support=required
wait_until 40 runs || fail "the task does not run"
wait_until 20 more_than 1000 || fail "Kafka Connect writes nothing"
# shellcheck source=/dev/null
. "$java/connect.env"
kill -STOP "$CONNECT_PID"
at_exit eval "kill -CONT $CONNECT_PID 2>/dev/null"
wait_until 40 group_empty || fail "the sleeping worker is still a member"

# ---- Sluice takes over; the other wakes ----
java_port=$PORT
PORT=$(SL_PORT_FROM=26000 SL_PORT_TO=26999 free_port)
URL=http://127.0.0.1:$PORT
sed "s|127.0.0.1:$java_port|127.0.0.1:$PORT|" "$file" >"$dir/sluice.properties"
worker_start "$dir/sluice.properties"
wait_until 40 runs || fail "Sluice does not run the task"
before=$(end_offset)
kill -CONT "$CONNECT_PID"
wait_until 20 more_than $((before + 500)) || fail "Sluice writes nothing"
fenced_java() { grep -E 'ProducerFenced|InvalidProducerEpoch' "$java/connect.log" >/dev/null; }
wait_until 20 fenced_java || fail "the task of Kafka Connect was not fenced"
bash "$SL_SUPPORT/connect.sh" kill "$java"
cp "$java/connect.log" "$dir/java-1.log"

# ---- a new generation of tasks, written by Sluice ----
[ "$(fencings)" = '{"task-count":1} ' ] || fail "the records of fenced tasks are $(fencings)"
expect 204 PUT "/connectors/$NAME-lines/stop"
wait_until 20 state_is "$NAME-lines" STOPPED || fail "not stopped"
expect 202 PUT "/connectors/$NAME-lines/resume"
wait_until 20 runs || fail "not resumed"
[ "$(fencings)" = '{"task-count":1} {"task-count":1} ' ] || fail "the records of fenced tasks are $(fencings)"

# ---- Sluice sleeps, and Kafka Connect takes over ----
sluice=$WORKER
kill -STOP "$sluice"
at_exit eval "kill -CONT $sluice 2>/dev/null"
wait_until 40 group_empty || fail "the sleeping worker is still a member"
PORT=$java_port URL=http://127.0.0.1:$java_port
java_start "${once[@]}"
wait_until 40 runs || fail "Kafka Connect does not run the task"
before=$(end_offset)
kill -CONT "$sluice"
wait_until 20 more_than $((before + 500)) || fail "Kafka Connect writes nothing"
touch "$dir/enough"
wait "$WRITER"
wait_until 30 all_seen || fail "$(wc -l <"$dir/seen") of $(wc -l <"$dir/in") lines arrived"
cmp "$dir/in" "$dir/seen" || fail "not each line once and in order: $(diff "$dir/in" "$dir/seen" | head -n 5)"
log "$(wc -l <"$dir/in") lines, each once and in order"
[ "$(worker_exit 30)" != 0 ] || fail "Sluice ended as if nothing were wrong while another cluster has its group"
matches 'has members of another kind' "$dir/worker.log" || fail "Sluice does not say why it ended"
java_stop 2
