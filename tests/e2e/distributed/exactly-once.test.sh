#!/bin/bash
# Exactly-once sources in a cluster: workers with their tasks are killed and stopped (zombies) under load, tasks become fewer while
# one of the earlier ones sleeps; whoever reads committed records sees every line and row once, in order. Then the offsets of a
# connector with its own topic are read and changed over REST.
# seconds: 200
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

: "${PGHOST:?a server is needed}"
db=eos_${RANDOM}_$$
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -h "$PGHOST" -p "$PGPORT" -U "$PGUSER" "$@"; }
drop_db() {
    sql -d postgres -c "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '$db' and not active" >/dev/null || true
    sql -d postgres -c "drop database if exists $db with (force)" || true
}
at_exit drop_db
at_exit cleanup_cluster # workers end before what they use
sql -d postgres -c "create database $db"
sql -d "$db" -c "create table t(id serial primary key, tx int)"

for n in 1 2 3; do worker_file $n exactly.once.source.support=enabled; done
up 1 2 3
lead=$(leader 1 2 3)

# ---- what a worker with exactly-once accepts ----
touch "$dir/in-a" "$dir/in-b"
expect 201 2 POST /connectors "$(file_source a exactly.once.support=required)"
expect 201 2 POST /connectors "$(file_source b exactly.once.support=required transaction.boundary=interval transaction.boundary.interval.ms=200 "offsets.storage.topic=$GROUP-own")"
expect 400 3 POST /connectors "$(file_source x transaction.boundary=connector)"
matches 'does not support connector-defined transaction boundaries' "$dir/answer" || fail "refused for another reason: $(cat "$dir/answer")"
json=org.apache.kafka.connect.json.JsonConverter
expect 201 3 POST /connectors "$(python3 - <<END
import json
print(json.dumps({"name": "t", "config": {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "tasks.max": "1",
    "database.hostname": "$PGHOST", "database.port": "$PGPORT", "database.user": "$PGUSER", "database.dbname": "$db",
    "topic.prefix": "$GROUP", "slot.name": "$db", "publication.name": "pub", "publication.autocreate.mode": "filtered",
    "table.include.list": "public.t", "snapshot.mode": "no_data", "transaction.boundary": "connector", "exactly.once.support": "required",
    "slot.retry.delay.ms": "300", "slot.max.retries": "20", "key.converter": "$json", "value.converter": "$json",
    "key.converter.schemas.enable": "false", "value.converter.schemas.enable": "false"}}))
END
)"
wait_until 30 placed 1 a b t || fail "not all run: $(cat "$dir/answer")"
wait_until 20 slots_stream "$db" || fail "t does not stream"

# ---- workers are killed and stopped under load ----
write_rows() { # transactions of 1 to 9 rows, now and then one of 800
    local i=0 end=$((SECONDS + $1))
    while [ $SECONDS -lt $end ]; do
        echo "insert into t(tx) select $i from generate_series(1, $((i % 40 == 30 ? 800 : i % 9 + 1))); select pg_sleep(0.02);"
        i=$((i + 1))
        if [ $((i % 20)) = 0 ]; then sleep 0.4; fi
    done | sql -d "$db" >/dev/null
}
feed 32 a b
write_rows 32 &
FEEDERS+=($!)

moved() { # moved CONNECTOR GONE ASKED: it and its task run, and not on that worker
    call "$3" GET "/connectors/$1/status"
    [ "$STATUS" = 200 ] && [ "$(field "all(u['state'] == 'RUNNING' and u['worker_id'] != '$(id_of "$2")' for u in [j['connector'], *j['tasks']])")" = true ]
}
for c in t a t; do
    victim=$(owner 1 $c)
    asked=$((victim % 3 + 1))
    if [ $c = a ]; then
        kill -STOP "$(pid_of "$victim")"
    else
        kill_worker "$victim"
    fi
    wait_until 25 moved $c "$victim" $asked || fail "$c was not taken over: $(cat "$dir/answer")"
    if [ $c = a ]; then
        kill -CONT "$(pid_of "$victim")"
    else
        start_worker "$victim"
    fi
    ready "$victim"
done
feed_wait
FEEDERS=()
for c in a b; do compare $c once; done
rows_there() {
    timeout 60 kcat -b "$BOOTSTRAP" -X isolation.level=read_committed -t "$GROUP.public.t" -C -e -q |
        jq -r 'select(.op == "c") | "\(.after.id) \(.after.tx)"' >"$dir/t.out"
    sql -d "$db" -c "select id || ' ' || tx from t order by id" >"$dir/t.in"
    [ "$(wc -l <"$dir/t.out")" -ge "$(wc -l <"$dir/t.in")" ]
}
wait_until 40 rows_there || fail "only $(wc -l <"$dir/t.out") of $(wc -l <"$dir/t.in") rows arrived"
cmp "$dir/t.in" "$dir/t.out" || fail "rows are not there once and in order: $(diff "$dir/t.in" "$dir/t.out" | head -n 5)"
log "t: $(wc -l <"$dir/t.in") rows, each once and in order"

# ---- six tasks become two while a worker with one of the six sleeps: it wakes with its lease, but is fenced ----
# signed METHOD PATH [BODY [KEY]]: asks the leader as another worker would; the key as in the config topic
signed() {
    python3 - "$(id_of "$lead")" "$BOOTSTRAP" "$GROUP-config" "$@" <<'END'
import base64, hashlib, hmac, json, subprocess, sys, urllib.error, urllib.request
worker, brokers, topic, method, path, *more = sys.argv[1:]
body = (more[0] if more else "").encode()
if len(more) > 1:
    key = more[1].encode()
else:
    lines = subprocess.run(["kcat", "-b", brokers, "-t", topic, "-C", "-e", "-q", "-K", "|", "-X", "isolation.level=read_committed"],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    last = [line.split("|", 1)[1] for line in lines if line.startswith("session-key|")][-1]
    key = base64.b64decode(json.loads(last)["key"])
request = urllib.request.Request(f"http://{worker}{path}", data=body or None, method=method, headers={
    "Content-Type": "application/json", "X-Connect-Request-Signature-Algorithm": "HmacSHA256",
    "X-Connect-Authorization": base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()})
try:
    print(urllib.request.urlopen(request, timeout=30).status)
except urllib.error.HTTPError as e:
    print(e.code, e.read().decode())
END
}
tasks() { # tasks FILE...: what makes a task of each
    python3 -c 'import json, sys
folder, group, *files = sys.argv[1:]
print(json.dumps([{"connector.class": "FileStreamSource", "task.class": "org.apache.kafka.connect.file.FileStreamSourceTask",
    "file": f"{folder}/in-{f}", "topic": f"{group}-{f}", "batch.size": "20"} for f in files]))' "$dir" "$GROUP" "$@"
}
fencings() { # of a connector, as the config topic has them
    timeout 30 kcat -b "$BOOTSTRAP" -X isolation.level=read_committed -t "$GROUP-config" -C -e -q -K '|' |
        sed -n "s/^tasks-fencing-$1|{\"task-count\":\([0-9]*\)}$/\1/p" | paste -sd' '
}
m_runs() { # m_runs TASKS
    call "$lead" GET /connectors/m/status
    [ "$STATUS" = 200 ] && [ "$(field "[len(j['tasks']), *sorted(set(t['state'] for t in j['tasks']))]")" = "[$1, \"RUNNING\"]" ]
}
lead=$(leader 1 2 3)
: >"$dir/in-m"
for i in 0 1 2 3 4 5; do : >"$dir/in-m$i"; done
expect 201 2 POST /connectors "$(file_source m)"
wait_until 20 placed 2 m || fail "m does not run"
[ "$(signed POST /connectors/m/tasks "$(tasks m0 m1 m2 m3 m4 m5)")" = 204 ] || fail "the leader did not take six tasks"
wait_until 20 m_runs 6 || fail "not six tasks: $(cat "$dir/answer")"
call "$lead" GET /connectors/m/status
me=$(field 'j["connector"]["worker_id"]')
read -r zombie task <<<"$(field "next(f\"{t['worker_id']} {t['id']}\" for t in reversed(j['tasks']) if t['worker_id'] not in ('$me', '$(id_of "$lead")'))")"
zombie=$(basename "$(grep -lx "${zombie#*:}" "$dir"/*.port)" .port)
[ "$task" -ge 2 ] || fail "a sleeping worker must have one of the tasks that go, not $task"
other=m$((task == 5 ? 4 : 5))
feed 12 "m$task" $other
on_their_way() { read_topic "m$task" | matches . && read_topic "$other" | matches .; }
wait_until 20 on_their_way || fail "the six write nothing"
kill -STOP "$(pid_of "$zombie")"
[ "$(signed POST /connectors/m/tasks "$(tasks "m$task" $other)")" = 204 ] || fail "the leader did not take two tasks"
two_fenced() { [ "$(fencings m)" = "1 6 2" ]; }
wait_until 5 two_fenced || fail "the records of fenced tasks: $(fencings m), expected 1 6 2"
kill -CONT "$(pid_of "$zombie")"
wait_until 20 m_runs 2 || fail "not two tasks: $(cat "$dir/answer")"
grep -h 'connector m: 6 earlier tasks are fenced' "$dir/$lead.log" >/dev/null || fail "the leader did not fence six tasks"
feed_wait
FEEDERS=()
for c in "m$task" $other; do compare "$c" once; done

# ---- what cannot be fenced does not start, and says why ----
with_timeout() { file_source m "producer.override.transaction.timeout.ms=$1" | python3 -c 'import json, sys; print(json.dumps(json.load(sys.stdin)["config"]))'; }
fence_failed() {
    call 1 GET /connectors/m/tasks/0/status
    [ "$STATUS" = 200 ] && [ "$(field 'j["state"]')" = FAILED ] && matches 'Failed to perform round of zombie fencing: .*transaction.max.timeout.ms' "$dir/answer"
}
expect 200 2 PUT /connectors/m/config "$(with_timeout 2000000000)"
wait_until 20 fence_failed || fail "the task does not say that others could not be fenced: $(cat "$dir/answer")"
[ "$(fencings m)" = "1 6 2" ] || fail "there is a record of tasks that were not fenced: $(fencings m)"
expect 200 3 PUT /connectors/m/config "$(with_timeout 30000)"
wait_until 20 m_runs 1 || fail "m does not run with a good configuration: $(cat "$dir/answer")"

# ---- what workers ask of each other is signed ----
[ "$(signed PUT /connectors/m/fence)" = 204 ] || fail "the leader did not fence what is fenced: $(signed PUT /connectors/m/fence)"
signed PUT /connectors/nobody/fence | matches '^404 ' || fail "no such connector, and yet fenced"
signed PUT /connectors/m/fence '' wrong | matches '^403 ' || fail "a wrong signature was taken"
expect 400 "$lead" PUT /connectors/m/fence

# ---- offsets of a connector with its own topic ----
offset_of_b() { call "$1" GET /connectors/b/offsets && field '[o["offset"]["position"] for o in j["offsets"]]'; }
size=$(stat -c %s "$dir/in-b")
expect 204 2 PUT /connectors/b/stop
for n in 1 2 3; do [ "$(offset_of_b $n)" = "[$size]" ] || fail "worker $n shows another offset than $size: $(cat "$dir/answer")"; done
expect 200 3 DELETE /connectors/b/offsets
[ "$(offset_of_b 1)" = "[]" ] || fail "offsets are left after their reset: $(cat "$dir/answer")"
printf 'one\ntwo\n' >>"$dir/in-b"
expect 200 1 PATCH /connectors/b/offsets "{\"offsets\": [{\"partition\": {\"filename\": \"$dir/in-b\"}, \"offset\": {\"position\": $size}}]}"
[ "$(offset_of_b 2)" = "[$size]" ] || fail "the changed offset is not there: $(cat "$dir/answer")"
timeout 30 kcat -b "$BOOTSTRAP" -X isolation.level=read_committed -t "$GROUP-own" -C -e -q | tail -n 1 | matches -F "{\"position\":$size}" ||
    fail "the connector's own topic does not end with the change"
[ "$(fencings b)" = "1 0" ] || fail "the records of fenced tasks of b: $(fencings b), expected 1 0"
expect 202 3 PUT /connectors/b/resume
wait_until 20 placed 1 b || fail "b was not resumed: $(cat "$dir/answer")"
compare b once
for n in 1 2 3; do stop_worker $n; done
