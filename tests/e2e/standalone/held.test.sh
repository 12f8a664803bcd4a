#!/bin/bash
# A source that outruns its sinks, with far more data than the embedded broker keeps (5 MB a partition): it is held back,
# memory stays bounded, and everything arrives, in order. One sink is paused and resumed, the other has a slow reader.
# seconds: 180
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

LINES=640000
LINE_BYTES=100
AHEAD=$((16 * 1024 * 1024)) # how far a source may be ahead: what the broker keeps, and what the task has under way
PEAK_MAX_KB=$((64 * 1024))

polled_bytes() { # what the source has polled
    call GET /metrics | awk -v bytes=$LINE_BYTES \
        '$1 == "kafka_connect_source_task_source_record_poll_total{connector=\"source\",task=\"0\"}" { n = $2 } END { print n * bytes }'
}
size_of() { stat -c %s "$1" 2>/dev/null || echo 0; }
is_whole() { [ "$(size_of "$1")" -eq "$(size_of "$dir/in")" ]; }

# held_at: waits until the source polls nothing for two seconds and more, prints how much it has polled
held_at() {
    local before=-1 now same=0
    for _ in {1..90}; do
        now=$(polled_bytes)
        if [ "$now" -gt 0 ] && [ "$now" -eq "$before" ]; then same=$((same + 1)); else same=0; fi
        if [ "$same" -ge 3 ]; then
            echo "$now"
            return
        fi
        before=$now
        sleep 0.7
    done
    fail "the source was never held back: it has polled $now bytes of $(size_of "$dir/in")"
}

# slow_reader FIFO FILE RATE: copies with RATE bytes a second
slow_reader() {
    spawn reader "$dir" python3 -c '
import os, sys, time
fifo = os.open(sys.argv[1], os.O_RDWR)
with open(sys.argv[2], "wb", buffering=0) as out:
    due = time.monotonic()
    while data := os.read(fifo, 32768):
        out.write(data)
        due = max(due, time.monotonic() - 0.1) + len(data) / int(sys.argv[3])
        time.sleep(max(0, due - time.monotonic()))
' "$@"
    at_exit end reader "$dir"
    wait_until 20 test -e "$2" || fail "the reader was not started"
}

worker_properties "$dir/worker.properties"
awk -v n=$LINES -v w=$((LINE_BYTES - 9)) 'BEGIN { srand(1); for (i = 1; i <= n; i++) printf "%08d%0*d\n", i, w, rand() * 1e15 }' >"$dir/lines"
[ "$(size_of "$dir/lines")" -eq $((LINES * LINE_BYTES)) ] || fail "the test's own input is wrong"
mkfifo "$dir/fifo"
slow_reader "$dir/fifo" "$dir/slow" 6000000
source=$(source_properties source "$dir/in" lines)
paused=$(sink_properties paused "$dir/paused" lines)
slow=$(sink_properties slow "$dir/fifo" lines)

# ---- a sink that is paused holds the source ----
worker_start "$dir/worker.properties" "$source" "$paused" "$slow"
wait_until 20 task_is paused 0 RUNNING || fail "the sink does not run"
expect 202 PUT /connectors/paused/pause
wait_until 10 task_is paused 0 PAUSED || fail "the sink was not paused"
mv "$dir/lines" "$dir/in"
held=$(held_at)
log "held back after $held of $(size_of "$dir/in") bytes by the paused sink"
[ "$held" -ge 1000000 ] || fail "the source was held back before there was any need: $held bytes"
[ "$held" -le $AHEAD ] || fail "expected at most $AHEAD bytes to be polled, got $held"
[ "$(size_of "$dir/paused")" -eq 0 ] || fail "a paused sink has written"
task_is source 0 RUNNING || fail "a source that is held back is not shown as running"

# ---- it goes on with the sink, never further ahead of the slower one ----
expect 202 PUT /connectors/paused/resume
rounds=0 began=$SECONDS
while ! is_whole "$dir/slow"; do
    arrived=$(size_of "$dir/slow")
    ahead=$(($(polled_bytes) - arrived))
    [ "$ahead" -le $AHEAD ] || fail "the source is $ahead bytes ahead of the slow sink"
    [ $((rounds += 1)) -lt 400 ] || fail "not all arrives: $arrived bytes did"
    sleep 0.5
done
[ $((SECONDS - began)) -ge 5 ] || fail "the slow sink was not slow: $((SECONDS - began)) s"
wait_until 30 is_whole "$dir/paused" || fail "the resumed sink got $(size_of "$dir/paused") of $(size_of "$dir/in") bytes"

peak=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$WORKER/status")
log "peak memory: $peak kB"
[ "$peak" -le $PEAK_MAX_KB ] || fail "expected at most $PEAK_MAX_KB kB resident, got $peak"
worker_stop
cmp "$dir/in" "$dir/paused" || fail "what the resumed sink wrote differs"
cmp "$dir/in" "$dir/slow" || fail "what the slow sink wrote differs"
if grep -E ' (WARN|ERROR) ' "$dir/worker.log" | grep -v ' kafka: \|waiting for it$'; then
    fail "expected no warnings but those of the Kafka client"
fi
log ok
