#!/bin/bash
# 500 idle file sources: few threads, no CPU worth measuring, little memory; and they still wake up.
# seconds: 180
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

N=500
worker_properties "$dir/worker.properties"
mkdir -p "$dir/in"
{
    echo "connectors:"
    for ((i = 0; i < N; i++)); do
        echo start >"$dir/in/$i"
        printf '  - name: idle-%d\n    connector.class: FileStreamSource\n    file: %s\n    topic: idle\n' "$i" "$dir/in/$i"
    done
} >"$dir/connectors.yaml"
sink=$(sink_properties sink "$dir/out" idle)

worker_start "$dir/worker.properties" "$dir/connectors.yaml" "$sink"
wait_until 60 lines_are "$dir/out" $N || fail "expected $N lines, got $(wc -l <"$dir/out")"
running() { [ "$(call GET /metrics | sed -n 's/^sluice_tasks{state="RUNNING"} //p')" = $((N + 1)) ]; }
wait_until 20 running || fail "not all tasks run"
metric() { call GET /metrics | sed -n "s/^$1 //p"; }
few() { [ "$(metric sluice_pool_threads)" -le 8 ]; }
wait_until 30 few || fail "expected at most 8 pool threads, there are $(metric sluice_pool_threads)"
call GET /connectors >/dev/null

ticks() { sed 's/.*) //' "/proc/$WORKER/stat" | awk '{ print $12 + $13 }'; }
for _ in {1..12}; do # what follows the start may go on for a while; then it is quiet for good
    before=$(ticks) steps=$(metric sluice_pool_steps_total)
    sleep 5
    after=$(ticks)
    steps=$(($(metric sluice_pool_steps_total) - steps))
    [ $((after - before)) -gt 25 ] || break
done
rss=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$WORKER/status")
all=$(find "/proc/$WORKER/task" -mindepth 1 -maxdepth 1 | wc -l)
log "$N idle sources and a sink: $(metric sluice_pool_threads) pool threads of $all, $((after - before)) CPU ticks and $steps steps in 5 s, $rss kB resident"
[ $((after - before)) -le 25 ] || fail "expected at most 25 ticks (5 %) in 5 s, took $((after - before))"

echo one more >>"$dir/in/250"
wait_until 10 lines_are "$dir/out" $((N + 1)) || fail "an idle source did not wake up"
STOP_SECONDS=20 worker_stop
log ok
