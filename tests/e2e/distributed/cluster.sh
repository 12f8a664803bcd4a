# shellcheck shell=bash
# cluster.sh - several distributed workers under test, on a real Kafka ($BOOTSTRAP).
#
# Usage:  . tests/e2e/distributed/cluster.sh      (after which lib.sh is there, too)
#
#   worker_file N [KEY=VALUE...]   writes $dir/N.properties; REST on port_of N
#   up N... / ready N...           starts workers; waits until they serve
#   stop_worker N / kill_worker N  SIGTERM, exit code 0 expected / SIGKILL
#   pid_of N                       its process id
#   call N METHOD PATH [BODY]      asks worker N; body in $dir/answer, STATUS gets the HTTP status. SCHEME (http) and CURL, an
#                                  array of options of curl's, say how
#   expect STATUS N METHOD PATH [BODY]
#   file_source NAME [KEY=VALUE]   the JSON of a file source from $dir/in-NAME into topic $GROUP-NAME
#   feed SECONDS NAME...           writes numbered lines into these files in the background; feed_wait waits, feed_end ends it. When
#                                  the machine did not let it write for long, is in $dir/stalls (see timeline.py)
#   now                            milliseconds since 1970
#   timeline CHECK...              checks of tests/fault/timeline.py on this cluster
#   placed N CONNECTOR...          connector and task 0 RUN, as worker N sees it (whoever runs them)
#   owner CONNECTOR                the number of the worker that runs its task 0, as any worker alive says
#   units_of N                     how many connectors and tasks run on worker N
#   compare NAME [once]            file against topic: all there, in order; once: nothing twice
#   leader                         the number of the worker that leads
#   sql ARGS...                    psql; make_database NAME: one with table a of 5,000 rows and publication pub, for slot NAME
# shellcheck source=tests/support/sluice.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/sluice.sh"

GROUP=cluster-${RANDOM}-$$
SESSION_MS=6000 DELAY_MS=2000
FEEDERS=() SCHEME=http

port_of() { cat "$dir/$1.port"; }
pid_of() { cat "$dir/$1.pid"; }
id_of() { echo "127.0.0.1:$(port_of "$1")"; }

worker_file() {
    local n=$1
    shift
    [ -e "$dir/$n.port" ] || SL_PORT_FROM=$((23000 + n * 100)) SL_PORT_TO=$((23099 + n * 100)) free_port >"$dir/$n.port"
    {
        printf '%s\n' "bootstrap.servers=$BOOTSTRAP" "group.id=$GROUP" "listeners=$SCHEME://$(id_of "$n")" \
            "config.storage.topic=$GROUP-config" "offset.storage.topic=$GROUP-offset" "status.storage.topic=$GROUP-status" \
            config.storage.replication.factor=1 offset.storage.replication.factor=1 status.storage.replication.factor=1 \
            offset.storage.partitions=3 status.storage.partitions=2 \
            key.converter=org.apache.kafka.connect.storage.StringConverter \
            value.converter=org.apache.kafka.connect.storage.StringConverter \
            offset.flush.interval.ms=500 "session.timeout.ms=$SESSION_MS" heartbeat.interval.ms=1500 \
            "scheduled.rebalance.max.delay.ms=$DELAY_MS" "plugin.path=$(dirname "$SLUICE")/plugins" "$@"
    } | last_of_each >"$dir/$n.properties"
}

start_worker() {
    "$SLUICE" distributed "$dir/$1.properties" >>"$dir/$1.log" 2>&1 &
    echo $! >"$dir/$1.pid"
}

serves() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "${CURL[@]}" "$SCHEME://$(id_of "$1")/health")" = 200 ]; }

ready() {
    local n
    for n in "$@"; do
        wait_until 40 serves "$n" || { tail -n 30 "$dir/$n.log" && fail "worker $n does not serve"; }
    done
}

up() {
    local n
    for n in "$@"; do start_worker "$n"; done
    ready "$@"
}

stop_worker() {
    local rc=0
    kill -TERM "$(pid_of "$1")"
    wait "$(pid_of "$1")" || rc=$?
    [ "$rc" = 0 ] || { tail -n 30 "$dir/$1.log" && fail "worker $1 ended with $rc"; }
    rm "$dir/$1.pid"
}

kill_worker() {
    kill -KILL "$(pid_of "$1")"
    wait "$(pid_of "$1")" 2>/dev/null || true
    rm "$dir/$1.pid"
}

cleanup_cluster() {
    local p
    for p in "${FEEDERS[@]}"; do kill "$p" 2>/dev/null || true; done
    for p in "$dir"/*.pid; do
        if [ -e "$p" ]; then kill -CONT "$(cat "$p")" 2>/dev/null; kill -KILL "$(cat "$p")" 2>/dev/null; fi || true
    done
}
at_exit cleanup_cluster

call() {
    ask 40 "$2" "$SCHEME://$(id_of "$1")$3" "${4:-}" || true
}

expect() {
    local want=$1
    shift
    call "$@"
    [ "$STATUS" = "$want" ] || fail "$2 $3 on worker $1: expected $want, got $STATUS: $(cat "$dir/answer")"
}

field() { python3 -c 'import json, sys
j = json.load(open(sys.argv[1], encoding="utf-8"))
v = eval(sys.argv[2])
print(v if isinstance(v, str) else json.dumps(v))' "$dir/answer" "$1"; }

file_source() {
    python3 - "$1" "$dir/in-$1" "$GROUP-$1" "${@:2}" <<'END'
import json, sys
name, path, topic, *more = sys.argv[1:]
config = {"connector.class": "FileStreamSource", "file": path, "topic": topic, "tasks.max": "1"}
config.update(m.split("=", 1) for m in more)
print(json.dumps({"name": name, "config": config}))
END
}

make_source() { # make_source WORKER NAME...
    local n=$1 name
    shift
    for name in "$@"; do
        : >>"$dir/in-$name"
        expect 201 "$n" POST /connectors "$(file_source "$name")"
    done
}

feed() {
    python3 - "$1" "$dir" "${@:2}" <<'END' &
import sys, time
seconds, folder, names = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
files = [open(f"{folder}/in-{n}", "a", encoding="utf-8") for n in names]
last = time.time()
end, i = last + seconds, int(last * 1000) % 10**9 * 1000
stalls = open(f"{folder}/stalls", "a", encoding="utf-8")
while (now := time.time()) < end:
    if now - last > 0.2:
        print(int(last * 1000), int(now * 1000), file=stalls, flush=True)
    last = now
    for f in files:
        f.write("".join(f"line {i + k}\n" for k in range(5)))
        f.flush()
    i += 5
    time.sleep(0.02)
END
    FEEDERS+=($!)
}

now() { date +%s%3N; }

timeline() { python3 "$SL_ROOT/tests/fault/timeline.py" "$BOOTSTRAP" "$GROUP" "$dir" "$@" >&2 || fail "$*"; }

feed_end() {
    kill "${FEEDERS[@]}"
    feed_wait 2>/dev/null || true
}

feed_wait() { wait "${FEEDERS[@]}"; }

runs() { # runs WORKER CONNECTOR
    call "$1" GET "/connectors/$2/status"
    [ "$STATUS" = 200 ] &&
        [ "$(field '[j["connector"]["state"]] + [t["state"] for t in j["tasks"]]')" = '["RUNNING", "RUNNING"]' ]
}

placed() {
    local n=$1 name
    shift
    for name in "$@"; do runs "$n" "$name" || return 1; done
}

owner() { # owner ASKED CONNECTOR
    call "$1" GET "/connectors/$2/status"
    basename "$(grep -lx "$(field 'j["tasks"][0]["worker_id"].split(":")[1]')" "$dir"/*.port)" .port
}

# units_of ASKED N: what runs on worker N, "connectors tasks"
units_of() {
    call "$1" GET '/connectors?expand=status'
    field "' '.join(str(len([1 for c in j.values() for u in us(c['status']) if u['worker_id'] == '$(id_of "$2")' and u['state'] == 'RUNNING'])) for us in (lambda s: [s['connector']], lambda s: s['tasks']))"
}

even() { # even ASKED CONNECTORS TASKS N...: each of them has that many
    local asked=$1 want="$2 $3" n
    shift 3
    for n in "$@"; do [ "$(units_of "$asked" "$n")" = "$want" ] || return 1; done
}

leader() {
    local n
    for n in "$@"; do
        if tail -n 1 <(grep 'leads the cluster$\|does not lead' "$dir/$n.log") | matches 'leads the cluster$'; then echo "$n" && return; fi
    done
    return 1
}

# starts_of NAME: how often its task was started, on any worker
starts_of() { cat "$dir"/*.log | grep -c "INFO  $1-0: reading" || true; }

read_topic() { timeout 60 kcat -b "$BOOTSTRAP" -X isolation.level=read_committed -t "$GROUP-$1" -C -e -q; }

same_lines() { read_topic "$1" | awk '!seen[$0]++' | cmp -s - "$dir/in-$1"; }

compare() {
    wait_until "${COMPARE_SECONDS:-30}" same_lines "$1" || {
        read_topic "$1" | awk '!seen[$0]++' | diff - "$dir/in-$1" | head -n 5
        fail "topic and file of $1 differ: $(wc -l <"$dir/in-$1") lines, $(read_topic "$1" | sort -u | wc -l) arrived"
    }
    local twice
    twice=$(read_topic "$1" | sort | uniq -d | wc -l)
    log "$1: $(wc -l <"$dir/in-$1") lines arrived in order, $twice of them twice"
    [ "${2:-}" != once ] || [ "$twice" = 0 ] || fail "$twice lines of $1 arrived twice"
}

sql() { psql -X -q -At -v ON_ERROR_STOP=1 -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" "$@"; }

drop_database() {
    sql -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$database' and not active" \
        >/dev/null || true
    sql -d postgres -c "drop database if exists $database with (force)" || true
}

make_database() {
    database=$1
    at_exit drop_database
    sql -d postgres -c "create database $1"
    sql -d "$1" -c "create table a (id int primary key, v text)" \
        -c "insert into a select i, 'v' || i from generate_series(1, 5000) i" -c "analyze a" -c "create publication pub for table a"
}
