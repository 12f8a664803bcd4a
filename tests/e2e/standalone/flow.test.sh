#!/bin/bash
# The main path: a file through the embedded broker into a file; orderly stop; kill -9 and on; a quick start; the exit code.
# seconds: 120
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

now_ms() { echo $(($(date +%s%N) / 1000000)); }
stored_all() { [ "$(stored_position source)" = "$(stat -c %s "$dir/in")" ]; }

worker_properties "$dir/worker.properties"
seq -f 'line %.0f' 1 10000 >"$dir/in"
source=$(source_properties source "$dir/in" lines)
sink=$(sink_properties sink "$dir/out" lines)

# ---- up quickly: what it can do, of several starts, for others may keep the machine busy ----
for try in {1..8}; do
    began=$(now_ms)
    worker_spawn "$dir/worker.properties" "$source" "$sink"
    while ! curl -s -o /dev/null "$URL/"; do
        [ $(($(now_ms) - began)) -lt 60000 ] || fail "no REST within a minute"
    done
    took=$(($(now_ms) - began))
    log "REST answered after $took ms"
    [ "$took" -ge 500 ] || break
    [ "$try" -lt 8 ] || fail "expected REST within 500 ms, took $took at the last of $try starts"
    worker_stop
done

# ---- 10,000 lines ----
wait_until 20 state_is source RUNNING || fail "the source does not run"
wait_until 20 state_is sink RUNNING || fail "the sink does not run"
wait_until 40 lines_are "$dir/out" 10000 || fail "expected 10000 lines, got $(wc -l <"$dir/out")"
cmp "$dir/in" "$dir/out" || fail "what arrived differs"
wait_until 10 stored_all || fail "the offset was not stored"
grep -q '^sluice-offsets 1$' "$dir/offsets" || fail "the offset file is not what it should be"

# ---- memory of a worker at rest ----
rss=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$WORKER/status")
log "resident: $rss kB"
[ "$rss" -le 24576 ] || fail "expected at most 24 MB resident, got $rss kB"

# ---- orderly stop with something under way ----
seq -f 'more %.0f' 1 2000 >>"$dir/in"
wait_until 20 lines_are "$dir/out" 12000 || fail "the later lines did not arrive"
began=$(now_ms)
worker_stop
log "stopped after $(($(now_ms) - began)) ms"
grep -q "\"position\":$(stat -c %s "$dir/in")" <(tr -d ' ' <"$dir/offsets") || fail "the last offset was not stored at the stop"
if grep -E ' (WARN|ERROR) ' "$dir/worker.log" | grep -v ' kafka: '; then
    fail "expected no warnings but those of the Kafka client"
fi

# ---- on from there, then kill -9, and on again: nothing twice, nothing missing ----
worker_start "$dir/worker.properties" "$source" "$sink"
seq -f 'third %.0f' 1 500 >>"$dir/in"
wait_until 20 lines_are "$dir/out" 12500 || fail "after the restart: expected 12500 lines, got $(wc -l <"$dir/out")"
wait_until 10 stored_all || fail "the offset was not stored"
worker_kill
worker_start "$dir/worker.properties" "$source" "$sink"
seq -f 'fourth %.0f' 1 500 >>"$dir/in"
wait_until 20 lines_are "$dir/out" 13000 || fail "after kill -9: expected 13000 lines, got $(wc -l <"$dir/out")"
cmp "$dir/in" "$dir/out" || fail "after kill -9: what arrived differs"

# ---- INT stops as well ----
kill -INT "$WORKER"
rc=$(worker_exit 15)
[ "$rc" = 0 ] || fail "SIGINT: expected exit code 0, got $rc"
log ok
