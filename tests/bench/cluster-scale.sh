#!/bin/bash
# 1,000 connectors (or what $1 says) on 3 workers: time to make them, to start all of them anew, to add one more, to take over after a
# kill; memory and CPU when idle. Fails when adding one takes a second or disturbs others, or the takeover takes too long.
# Needs BOOTSTRAP of a running Kafka; `make bench BENCH=cluster` starts one. Not part of the checks.
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/distributed/cluster.sh"
count=${1:-1000}

for n in 1 2 3; do worker_file $n; done
# scale ASKED COMMAND ARGS...: one HTTP connection to worker ASKED; prints milliseconds
#   make FIRST COUNT   makes connectors n<FIRST>...; how long
#   add NAME           makes one more; how long until it runs
#   wait COUNT [GONE]  waits until so many run, none of it on worker GONE; since when it was called
scale() {
    python3 - "$(port_of "$1")" "$dir/in-all" "$GROUP-all" "${@:2}" <<'END'
import http.client, json, sys, time
port, path, topic, command, *args = sys.argv[1:]
client = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)

def ask(method, url, body=None):
    client.request(method, url, body and json.dumps(body), {"Content-Type": "application/json"})
    answer = client.getresponse()
    return answer.status, json.loads(answer.read() or "null")

def make(name):
    config = {"connector.class": "FileStreamSource", "file": path, "topic": topic, "tasks.max": "1"}
    status, answer = ask("POST", "/connectors", {"name": name, "config": config})
    assert status == 201, (status, answer)

def units(status):
    return [status.get("connector", {"state": None}), *status.get("tasks", [])]

def runs(status, gone=None):
    return len(units(status)) == 2 and all(u["state"] == "RUNNING" and u["worker_id"] != gone for u in units(status))

def all_run(count, gone=None):
    connectors = ask("GET", "/connectors?expand=status")[1]
    return sum(runs(c["status"], gone) for c in connectors.values()) == count

def wait(condition, seconds):
    while not condition():
        assert time.monotonic() < began + seconds, "not in time"
        time.sleep(0.02)

began = time.monotonic()
if command == "make":
    for i in range(int(args[0]), int(args[0]) + int(args[1])):
        make(f"n{i}")
elif command == "add":
    make(args[0])
    wait(lambda: runs(ask("GET", f"/connectors/{args[0]}/status")[1]), 30)
else:
    wait(lambda: all_run(int(args[0]), *args[1:]), 300)
print(round((time.monotonic() - began) * 1000))
END
}
ticks() { for n in 1 2 3; do awk '{print $14 + $15}' "/proc/$(pid_of $n)/stat"; done | paste -sd+ | bc; }
resident() { for n in 1 2 3; do awk '/VmRSS/ {print $2}' "/proc/$(pid_of $n)/status"; done | paste -sd' '; }
starts() { cat "$dir"/*.log | grep -c "INFO  .*-0: reading"; }

up 1 2 3
printf '%s\n' idle >"$dir/in-all"
echo "$count connectors made, one after the other: $(scale 1 make 0 "$count") ms"
echo "then all run after: $(scale 2 wait "$count") ms; CPU so far: $(ticks) ticks of 10 ms"
for n in 1 2 3; do stop_worker $n; done
before=$(starts)
began=$(date +%s%3N)
up 1 2 3
scale 2 wait "$count" >"$dir/waited"
echo "all run after a start of all workers: $(($(date +%s%3N) - began)) ms; CPU: $(ticks) ticks of 10 ms"
again=$(($(starts) - before))
echo "tasks started for that: $again"
sleep 3
before=$(ticks)
sleep 10
echo "idle: $(($(ticks) - before)) ticks of 10 ms CPU in 10 s, all three; resident KB: $(resident)"
before=$(starts)
took=$(scale 3 add extra)
echo "one more runs: $took ms"
[ "$took" -lt 1000 ] || fail "adding a connector took $took ms"
sleep 1
[ $(($(starts) - before)) = 1 ] || fail "adding a connector started $(($(starts) - before)) tasks"
gone=$(($(leader 1 2 3) % 3 + 1))
[ $gone != 2 ] || gone=$((gone % 3 + 1))
[ $gone != "$(leader 1 2 3)" ] || gone=2
kill_worker $gone
took=$(scale $((gone % 3 + 1)) wait $((count + 1)) "$(id_of $gone)")
echo "taken over after a kill: $took ms (session $SESSION_MS, delay $DELAY_MS)"
[ "$took" -le $((SESSION_MS + DELAY_MS + 2000)) ] || fail "the takeover took $took ms"
