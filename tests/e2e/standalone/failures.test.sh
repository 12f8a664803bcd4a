#!/bin/bash
# What goes wrong: configurations, ports, files, tasks; and what goes on all the same.
# seconds: 120
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

worker_properties "$dir/worker.properties"
seq 1 10 >"$dir/in"
source=$(source_properties source "$dir/in" lines)
sink=$(sink_properties sink "$dir/out" lines)

# ends_with CODE TEXT FILE...: a worker that must end by itself
ends_with() {
    local want=$1 text=$2 rc=0
    shift 2
    timeout 60 "$SLUICE" standalone "$@" >"$dir/short.log" 2>&1 || rc=$?
    [ "$rc" = "$want" ] || fail "$*: expected exit code $want, got $rc: $(cat "$dir/short.log")"
    grep -q -- "$text" "$dir/short.log" || fail "$*: expected '$text' in: $(cat "$dir/short.log")"
}

# ---- ends at once ----
ends_with 2 'usage' # no file at all
ends_with 3 'cannot\|No such file' "$dir/not-there.properties"
sed 's/^key.converter=.*/key.converter=NoSuchConverter/' "$dir/worker.properties" >"$dir/bad-worker.properties"
ends_with 3 'key.converter' "$dir/bad-worker.properties" "$source"
sed 's|^listeners=.*|listeners=ftp://x|' "$dir/worker.properties" >"$dir/bad-worker.properties"
ends_with 3 'listeners' "$dir/bad-worker.properties" "$source"
bad=$(source_properties bad "$dir/in" lines "tasks.max=many")
ends_with 3 'tasks.max' "$dir/worker.properties" "$bad" # nothing is left to run
echo 'sluice-offsets 1
[["source",{"filename":"x"}],{"position":1}]
end 2' >"$dir/offsets"
ends_with 3 "offsets' is damaged" "$dir/worker.properties" "$source"
rm "$dir/offsets"
sed "s|^offset.storage.file.filename=.*|offset.storage.file.filename=$dir/no/such/folder/offsets|" "$dir/worker.properties" >"$dir/bad-worker.properties"
ends_with 1 'no/such/folder' "$dir/bad-worker.properties" "$source"

# ---- a bad connector, a missing file and an unknown class beside good ones ----
unknown=$(source_properties unknown "$dir/in" lines)
sed -i 's/^connector.class=.*/connector.class=com.example.NoSuchConnector/' "$unknown"
broken=$(sink_properties broken "$dir/no/such/folder/out" lines errors.max.retries=0)
worker_start "$dir/worker.properties" "$bad" "$source" "$sink" "$unknown" "$broken"
wait_until 20 lines_are "$dir/out" 10 || fail "the good connectors do not run"
wait_until 10 state_is bad FAILED || fail "the bad connector is not shown as failed"
call GET /connectors/bad/status | field 'j["connector"]["trace"]' | matches 'tasks.max' || fail "no trace of the bad connector"
wait_until 10 state_is unknown FAILED || fail "the unknown connector is not shown as failed"
call GET /connectors/unknown/status | field 'j["connector"]["trace"]' | matches 'com.example.NoSuchConnector' || fail "no trace of the unknown class"
wait_until 10 task_is broken 0 FAILED || fail "the task of the sink without a folder did not fail"
call GET /connectors/broken/status | field 'j["tasks"][0]["trace"]' | matches "$dir/no/such/folder/out" || fail "the trace does not name the file: $(cat "$dir/answer")"
state_is broken RUNNING || fail "a failed task is not the connector's state"
[ "$(call GET /metrics | grep '^sluice_connectors{state="FAILED"}')" = 'sluice_connectors{state="FAILED"} 2' ] || fail "metrics of failed connectors"

# ---- it is put right and restarted ----
mkdir -p "$dir/no/such/folder"
expect 202 POST "/connectors/broken/restart?includeTasks=true&onlyFailed=true"
wait_until 10 task_is broken 0 RUNNING || fail "the task does not run after it was put right"
wait_until 20 lines_are "$dir/no/such/folder/out" 10 || fail "the restarted sink got nothing"

# ---- the same port, the same offset file ----
ends_with 3 "cannot listen on http://127.0.0.1:$PORT" "$dir/worker.properties" "$source"
sed "s|^listeners=.*|listeners=http://127.0.0.1:0|" "$dir/worker.properties" >"$dir/second.properties"
ends_with 3 "offsets' is in use by another worker" "$dir/second.properties" "$source"
healthy || fail "the first worker was disturbed"
worker_stop

# ---- offsets that cannot be written: the data flows, and the offsets follow once they can ----
rm -f "$dir/offsets" "$dir/out"
worker_start "$dir/worker.properties" "$source" "$sink"
wait_until 20 lines_are "$dir/out" 10 || fail "no lines"
wait_until 10 test -s "$dir/offsets" || fail "no offsets"
mkdir "$dir/offsets.tmp" # in the way of the new file
seq 11 20 >>"$dir/in"
wait_until 20 lines_are "$dir/out" 20 || fail "the data stopped with the offsets"
wait_until 10 grep -q 'offsets were not stored and will be tried again' "$dir/worker.log" || fail "no word of the failed store"
position=$(python3 -c 'import json,sys; print(json.loads(open(sys.argv[1]).read().split("\n")[1])[1]["position"])' "$dir/offsets")
[ "$position" -lt "$(stat -c %s "$dir/in")" ] || fail "the offset moved although the file could not be written"
caught_up() { [ "$(stored_position source)" = "$(stat -c %s "$dir/in")" ]; }
rmdir "$dir/offsets.tmp"
wait_until 20 caught_up || fail "the offsets did not follow"
worker_stop
log ok
