#!/bin/bash
# 1,000 connectors (or what $1 says) on 3 workers: time to start all, to add one more, to take over after a kill; memory and CPU when idle.
# Needs BOOTSTRAP of a running Kafka. Not part of the checks.
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/distributed/cluster.sh"
count=${1:-1000}

for n in 1 2 3; do worker_file $n; done
up 1 2 3
now() { date +%s%3N; }
running() {
    call 2 GET '/connectors?expand=status'
    [ "$(field "sum(1 for c in j.values() if len(c['status']['tasks']) == 1 and all(u['state'] == 'RUNNING' and u['worker_id'] != '${2:-}' for u in [c['status']['connector'], *c['status']['tasks']]))")" = "$1" ]
}
began=$(now)
printf '%s\n' idle >"$dir/in-all"
python3 - "$(port_of 1)" "$count" "$dir/in-all" "$GROUP-all" <<'END'
import json, sys, http.client
port, count, path, topic = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
c = http.client.HTTPConnection("127.0.0.1", port)
for i in range(count):
    body = {"name": f"n{i}", "config": {"connector.class": "FileStreamSource", "file": path, "topic": topic, "tasks.max": "1"}}
    c.request("POST", "/connectors", json.dumps(body), {"Content-Type": "application/json"})
    r = c.getresponse()
    r.read()
    assert r.status == 201, r.status
END
echo "created $count: $(($(now) - began)) ms"
wait_until 300 running "$count" || fail "not all run"
echo "all of $count run: $(($(now) - began)) ms"
sleep 3
ticks() { for n in 1 2 3; do awk '{print $14 + $15}' "/proc/$(pid_of $n)/stat"; done | paste -sd+ | bc; }
before=$(ticks)
sleep 10
echo "idle: $(($(ticks) - before)) ticks of 10 ms CPU in 10 s, all three; resident KB: $(for n in 1 2 3; do awk '/VmRSS/ {print $2}' "/proc/$(pid_of $n)/status"; done | paste -sd' ')"
began=$(now)
make_source 3 extra
wait_until 30 runs 2 extra || fail "the one more does not run"
echo "one more runs: $(($(now) - began)) ms"
gone=$(($(leader 1 2 3) % 3 + 1))
[ $gone != 2 ] || gone=$((gone % 3 + 1))
began=$(now)
kill_worker $gone
wait_until 120 running $((count + 1)) "$(id_of $gone)" || fail "not taken over"
echo "taken over after a kill: $(($(now) - began)) ms (session $SESSION_MS, delay $DELAY_MS)"
