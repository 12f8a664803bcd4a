#!/bin/bash
# A cluster changes hands while rows and lines are written: Kafka Connect with Debezium, then Sluice with the same file and topics,
# then Kafka Connect again. Connectors, configurations, task configurations and states (running, paused, stopped) are the same each
# time, offsets carry over: one snapshot, nothing lost, order kept, sinks write nothing twice. What was made, changed and deleted
# under Sluice is so under Kafka Connect, which meets no error in Sluice's own records.
# seconds: 400
# beside others
# shellcheck source=tests/compat/handover/cluster.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

shown() { python3 "$SL_ROOT/tests/compat/handover/shown.py" "$URL"; }
same_shown() { shown >"$dir/shown" && cmp -s "$1" "$dir/shown"; }
carried_over() { # carried_over FILE WHO
    wait_until 120 same_shown "$1" || {
        diff "$1" "$dir/shown" >&2 || true
        call GET "/connectors?expand=status" >&2 || true
        fail "$2 shows something else than the one before"
    }
}
all_running() { # all_running NAME...
    local name states
    for name in "$@"; do
        states=$(call GET "/connectors/$NAME-$name/status" | field '" ".join(sorted({u["state"] for u in [j["connector"]] + j["tasks"]})) if j["tasks"] else "none"')
        [ "$states" = RUNNING ] || return 1
    done
}
must_run() { wait_until 120 all_running "$@" || fail "not all run: $(call GET "/connectors?expand=status")"; }

# ---- connectors ----
make_file_source() { # make_file_source NAME [KEY=VALUE...]
    make "$1" connector.class=org.apache.kafka.connect.file.FileStreamSourceConnector "file=$dir/in-$1" "topic=$NAME-$1" tasks.max=1 \
        "${@:2}"
}
write_lines() { # write_lines NAME FROM TO
    seq "$2" "$3" >>"$dir/in-$1"
}
position() { call GET "/connectors/$NAME-$1/offsets" | field 'j["offsets"][0]["offset"]["position"] if j["offsets"] else -1'; }
position_is() { [ "$(position "$1")" = "$2" ]; }
at_end() { position_is "$1" "$(stat -c %s "$dir/in-$1")"; }
records() { kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME-$1" -o beginning -X isolation.level=read_committed -f "${2:-%s\n}" 2>/dev/null; }
lines_of() { records "$1" | python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)["payload"])'; }
topic_has() { # topic_has NAME TO: the lines 1..TO, each once, in order
    lines_of "$1" | cmp -s - <(seq 1 "$2")
}

make_all() {
    local jdbc=(connector.class=io.debezium.connector.jdbc.JdbcSinkConnector "connection.url=jdbc:postgresql://$PGHOST:$PGPORT/$DST"
        "connection.username=$PGUSER" connection.password=none)
    fault_source
    mapfile -t source < <(grep -v '^name=' "$dir/src.properties")
    make src "${source[@]}"
    make_file_source lines topic.creation.default.partitions=4 topic.creation.default.replication.factor=1
    make out connector.class=org.apache.kafka.connect.file.FileStreamSinkConnector "topics=$NAME-lines" "file=$dir/out" tasks.max=1
    make db "${jdbc[@]}" "topics=$NAME-lines" tasks.max=2 insert.mode=insert primary.key.mode=none schema.evolution=basic \
        collection.name.format=lines transforms=hoist "transforms.hoist.type=org.apache.kafka.connect.transforms.HoistField\$Value" \
        transforms.hoist.field=line
    make dst "${jdbc[@]}" "topics=$NAME.public.a" tasks.max=1 insert.mode=upsert primary.key.mode=record_key delete.enabled=true \
        collection.name.format=a
    make_file_source paused
    make_file_source stopped
    make_file_source doomed
}

# ---- what is written meanwhile, until $dir/enough is there ----
write_rows() {
    while [ ! -e "$dir/enough" ]; do write_for 1 0.05; done
}
write_numbers() {
    local n=1001
    while [ ! -e "$dir/enough" ]; do
        seq $n $((n + 4)) >>"$dir/in-lines"
        n=$((n + 5))
        sleep 0.05
    done
}

sink_rows() { dst 'select line from lines' 2>/dev/null | sort -n; }
sinks_have() { sort -n "$dir/out" | cmp -s - "$dir/in-lines" && sink_rows | cmp -s - "$dir/in-lines"; }
check_lines() {
    wait_until 90 sinks_have || {
        sort -n "$dir/out" | diff - "$dir/in-lines" | head -n 5 >&2 || true
        sink_rows | diff - "$dir/in-lines" | head -n 5 >&2 || true
        fail "the sinks have not each line once: $(wc -l <"$dir/in-lines") lines, $(wc -l <"$dir/out") in the file, $(sink_rows | wc -l) rows"
    }
    records lines '%p %s\n' | python3 -c 'import json, sys
last = {}
for line in sys.stdin:
    p, value = line.split(" ", 1)
    n = int(json.loads(value)["payload"])
    assert n > last.get(p, 0), f"partition {p}: {n} after {last[p]}"
    last[p] = n
assert len(last) == 4, last' || fail "the lines are not in order"
}
check_rows() {
    wait_until 120 arrived --exact --snapshots 1 || fail "$(arrived --exact --snapshots 1)"
    same() { [ "$(sql 'select id, seq, v from a order by id')" = "$(dst 'select id, seq, v from a order by id')" ]; }
    wait_until 60 same || fail "the target's table is not the source's"
    local twice
    twice=$(dst "select count(*) from (select from audit where op <> 'd' group by id, seq having count(*) > 1) x")
    [ "$twice" = 0 ] || fail "the sink wrote $twice rows twice"
}

# ---- Kafka Connect ----
fault_database 1000
psql -X -q -v ON_ERROR_STOP=1 -d "$DST" -f "$FAULT/schema.sql"
for name in paused stopped doomed; do write_lines $name 1 100; done
write_lines lines 1 1000
java_start
make_all
must_run src lines out db dst paused stopped doomed
for name in paused stopped doomed; do wait_until 60 at_end $name || fail "Java has not read $name"; done
expect 202 PUT "/connectors/$NAME-paused/pause"
expect 204 PUT "/connectors/$NAME-stopped/stop"
write_rows &
WRITERS=($!)
write_numbers &
WRITERS+=($!)
at_exit touch "$dir/enough"
settled_states() { state_is "$NAME-paused" PAUSED && task_is "$NAME-paused" 0 PAUSED && state_is "$NAME-stopped" STOPPED; }
wait_until 60 settled_states || fail "not paused or stopped"
write_lines paused 101 200
write_lines stopped 101 200
stored_by_all() { # each connector has stored an offset, and runs as it is
    "$SLUICE" preflight --json "$file" 2>/dev/null | field 'all(c["offsets"] > 0 for c in j["connectors"])' | matches -x true
}
wait_until 30 stored_by_all || fail "no offsets of some: $("$SLUICE" preflight --json "$file")"
shown >"$dir/first"
preflight 0
json_is 'j["group"]["members"] == 1 and j["group"]["protocol"] == "connect"'
json_is 'j["summary"] == {"connectors": 8, "as_is": 8, "different": 0, "unsupported": 0}'
json_is 'all(c["offsets"] > 0 for c in j["connectors"])'
json_is '{c["target"] for c in j["connectors"]} == {"STARTED", "PAUSED", "STOPPED"}'
# two clusters of one group: neither takes anything from the other
sed "s/^listeners=.*/listeners=http:\/\/127.0.0.1:$(free_port)/" "$file" >"$dir/other.properties"
rc=0
timeout 90 "$SLUICE" distributed "$dir/other.properties" >"$dir/refused.log" 2>&1 || rc=$?
[ "$rc" = 3 ] || fail "Sluice beside Kafka Connect ended with $rc: $(tail -n 3 "$dir/refused.log")"
grep -q 'has members of another kind.* stop all of them before Sluice takes over' "$dir/refused.log" || fail "$(tail -n 3 "$dir/refused.log")"
java_stop 1

# ---- Sluice ----
worker_start "$file"
carried_over "$dir/first" Sluice
log "Sluice shows what Kafka Connect did"
wait_until 60 healthy || fail "not healthy"
sleep 2
topic_has paused 100 || fail "what is paused or stopped went on"
expect 202 PUT "/connectors/$NAME-paused/resume"
must_run src lines out db dst paused
wait_until 60 topic_has paused 200 || fail "paused: not from the offset on"
position_is stopped 292 || fail "the offset of stopped is $(position stopped)"
expect 200 PATCH "/connectors/$NAME-stopped/offsets" \
    "{\"offsets\": [{\"partition\": {\"filename\": \"$dir/in-stopped\"}, \"offset\": {\"position\": $((292 + 4 * 50))}}]}"
expect 202 PUT "/connectors/$NAME-paused/pause"
expect 204 DELETE "/connectors/$NAME-doomed"
write_lines made 1 100
make_file_source made
must_run made
wait_until 60 at_end made || fail "made: Sluice has not read it"
wait_until 60 settled_states || fail "not paused or stopped"
write_lines paused 201 300
shown >"$dir/second"
worker_stop
! grep -q 'snapshot of' "$dir/worker.log" || fail "Sluice took a snapshot"
write_lines made 101 200

# ---- Kafka Connect again ----
java_start
carried_over "$dir/second" "Kafka Connect"
log "Kafka Connect shows what Sluice did"
must_run src lines out db dst made
wait_until 60 topic_has made 200 || fail "made: not from the offset on"
topic_has paused 200 || fail "what is paused went on"
expect 202 PUT "/connectors/$NAME-paused/resume"
expect 202 PUT "/connectors/$NAME-stopped/resume"
wait_until 60 topic_has paused 300 || fail "paused: not from the offset on"
stopped_has() { lines_of stopped | cmp -s - <(seq 1 100; seq 151 200); }
wait_until 60 stopped_has || fail "stopped: not from the offset that was set under Sluice"
sleep 1
touch "$dir/enough"
for pid in "${WRITERS[@]}"; do wait "$pid" || fail "a writer has failed"; done
log "nothing is written any more"
check_lines
check_rows
log "$(arrived --exact --snapshots 1), $(wc -l <"$dir/in-lines") lines"
groups=$(bash "$SL_SUPPORT/kafka-tool.sh" groups --bootstrap-server "$BOOTSTRAP" --list | grep "$NAME" | sort | tr '\n' ' ')
[ "$groups" = "connect-$NAME-db connect-$NAME-dst connect-$NAME-out " ] || fail "the groups are $groups"
java_stop 2
own=$(kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME-configs" -o beginning -f '%k\n' | grep -c $'^target-state-\tsluice-')
[ "$own" -gt 2 ] || fail "Sluice has written no record of its own: is the test still one?"
for n in 1 2; do
    if grep -E ' ERROR |WARN org.apache.kafka.connect.storage' "$dir/java-$n.log"; then fail "Kafka Connect met errors, see above"; fi
done
