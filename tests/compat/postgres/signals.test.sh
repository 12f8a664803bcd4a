#!/bin/bash
# Incremental snapshots of Debezium on Java Connect and of Sluice: the same rows and notifications for the same signal from a topic, and
# each goes on with a snapshot that the other began.
# seconds: 280
# beside others
# shellcheck source=tests/compat/postgres/both.sh
. "$(dirname "${BASH_SOURCE[0]}")/both.sh"

dir=$TEST_DIR
use_database signals
sql <<'END'
create table dbz_signals (id varchar(64) primary key, type varchar(32), data text);
create table slu_signals (id varchar(64) primary key, type varchar(32), data text);
create table one (id int primary key, v text, at timestamptz default '2024-02-03 04:05:06+00');
create table two (a bigint, b varchar(20), n numeric(9,2), primary key (a, b));
create table three (u uuid primary key, d numeric unique);
create table none (v text);
create table empty (id int primary key);
insert into one select i, 'v' || i from generate_series(1, 450) i;
insert into two select i / 3, 'b' || i % 3, i * 1.25 from generate_series(1, 250) i;
insert into three select md5(i::text)::uuid, i * 0.5 from generate_series(1, 60) i;
END
start_java

properties() { # properties WHO PREFIX LINE...
    local who=$1 prefix=$2
    shift 2
    connection "$prefix"
    printf '%s\n' publication.autocreate.mode=filtered snapshot.mode=no_data incremental.snapshot.chunk.size=100 \
        table.include.list=public.one,public.two,public.three,public.none,public.empty \
        "signal.data.collection=public.${who}_signals" signal.poll.interval.ms=200 \
        notification.enabled.channels=sink "notification.sink.topic.name=notes_$prefix" "$@"
}

# read_topic TOPIC: its records, one line of JSON each
read_topic() {
    kcat -q -b "$BOOTSTRAP" -C -t "$1" -e -o beginning -J 2>/dev/null || true
}

# shellcheck disable=SC2317  # called by wait_until
completed() { # completed PREFIX COUNT: so many incremental snapshots are
    [ "$(read_topic "notes_$1" | grep -c 'COMPLETED.*Incremental Snapshot' || true)" -ge "$2" ]
}

# ---- the same signal, from a topic ----

kafka_lines=("signal.enabled.channels=source,kafka" "signal.kafka.bootstrap.servers=$BOOTSTRAP" "signal.kafka.topic=sig_$$")
d=dbza$$
s=slua$$
bash "$SL_SUPPORT/kafka-tool.sh" topics --bootstrap-server "$BOOTSTRAP" --create --topic "sig_$$" --partitions 1 >/dev/null
{
    echo "name=slu"
    properties slu "$s" "${kafka_lines[@]}" "signal.kafka.groupId=$s" "signal.consumer.client.id=signals"
} >"$dir/slu.properties"
start_sluice "$dir/slu.properties"
properties dbz "$d" "${kafka_lines[@]}" "signal.kafka.groupId=$d" | json >"$dir/dbz.json"
put_java dbz "$dir/dbz.json"

wait_until 60 slots_stream "$d" "$s" || fail "the two do not stream"

for p in "$d" "$s"; do
    printf '%s|{"id":"ad-hoc","type":"execute-snapshot","data":{"type":"INCREMENTAL","data-collections":["public\\\\.on.*","public.two","public\\\\.t[h-i].*e","public.none","public.empty"],"additional-conditions":[{"data-collection":"public.one","filter":"id %% 2 = 0"}]}}\n' "$p"
    echo "somebody-else|{}"
done | kcat -b "$BOOTSTRAP" -P -t "sig_$$" -K '|'
for p in "$d" "$s"; do
    wait_until 60 completed "$p" 1 || fail "$p: the snapshot does not end: $(read_topic "notes_$p" | tail -n 3; tail -n 5 "$dir/worker.log")"
done
read_rows() { # read_rows PREFIX: what the conditions let through is there; the notifications may have been earlier
    for t in one two three; do
        read_topic "$1.public.$t"
    done >"$dir/$1.rows"
    [ "$(wc -l <"$dir/$1.rows")" -ge $((225 + 250 + 60)) ]
}
for p in "$d" "$s"; do
    wait_until 30 read_rows "$p" || fail "$p: $(wc -l <"$dir/$p.rows") rows came"
    read_topic "notes_$p" >"$dir/$p.notes"
done
python3 - "$dir" "$d" "$s" <<'END'
import json, re, sys
dir, d, s = sys.argv[1:]

def rows(p):
    out = []
    for line in open(f"{dir}/{p}.rows"):
        m = json.loads(line)
        key, value = json.loads(m["key"]), json.loads(m["payload"])
        for x in ("ts_ms", "ts_us", "ts_ns"):
            value["payload"].pop(x)
        for x in ("ts_ms", "ts_us", "ts_ns", "version", "sequence"):
            assert value["payload"]["source"].pop(x) is not None, x
        headers = [h for h in m.get("headers", []) if not re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", h)]
        text = json.dumps([m["topic"], key, value, headers], sort_keys=True)
        out.append(text.replace(p, "PREFIX"))
    return out

def notes(p):
    out = []
    for line in open(f"{dir}/{p}.notes"):
        m = json.loads(line)
        v = json.loads(m["payload"])
        k = json.loads(m["key"])
        assert k["payload"]["id"] == v["payload"]["id"]
        v["payload"].pop("timestamp")
        if v["payload"]["aggregate_type"] == "Initial Snapshot":
            v["payload"].pop("id")
        k.pop("payload")
        out.append(json.dumps([k, v], sort_keys=True).replace(p, "PREFIX"))
    return out

bad = 0
for what, f in ("rows", rows), ("notifications", notes):
    a, b = f(d), f(s)
    print(f"{what}: {len(a)} of Debezium, {len(b)} of Sluice")
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            at = next((k for k, (p, q) in enumerate(zip(x, y)) if p != q), 0)
            print(f"{what} {i} differ at {at}:\n  {x[max(0, at - 200):at + 200]}\n  {y[max(0, at - 200):at + 200]}")
            bad += 1
            if bad > 5:
                break
    bad += len(a) != len(b)
sys.exit(bad > 0)
END
log "ok: the same rows and notifications"
end worker "$dir" 10
curl -fsS -X DELETE "$CONNECT_URL/connectors/dbz" >/dev/null

# ---- each goes on with what the other began ----

build_driver source_driver
h=hand$$
{
    echo "name=c"
    properties dbz "$h"
} >"$dir/c.properties"
drive() { # runs Sluice's source
    "$dir/source_driver" "$B/plugins/postgres-cdc.so" "$dir/c.properties" "$dir/offsets.json" --idle 2000 "$@" >>"$dir/all" 2>>"$dir/log"
}
ids() { # the ids of table one in lines with rows of snapshots
    python3 -c 'import json, sys
for line in sys.stdin:
    m = json.loads(line)
    v = json.loads(m["payload"])["payload"] if "payload" in m else m["value"]
    if m["topic"].endswith("public.one") and v["op"] == "r":
        print(v["after"]["id"])'
}
drive --idle 300
sql -c "insert into dbz_signals values ('h1', 'execute-snapshot', '{\"data-collections\": [\"public.one\", \"public.two\"]}')"
drive --records 130 # of 450
sent=$(ids <"$dir/all" | tail -n 1)
((sent >= 90 && sent < 400)) || fail "Sluice sent rows up to $sent: expected to be in the middle"
properties dbz "$h" | json >"$dir/hand.json"
python3 - "$dir" "$h" <<'END'
import json, sys
dir, h = sys.argv[1:]
offsets = json.load(open(dir + "/offsets.json"))
(partition, offset), = offsets.items()
assert "incremental_snapshot_primary_key" in offset, offset
json.dump({"offsets": [{"partition": {"server": h}, "offset": offset}]}, open(dir + "/patch.json", "w"))
json.dump({"name": "hand", "config": json.load(open(dir + "/hand.json")), "initial_state": "STOPPED"}, open(dir + "/create.json", "w"))
END
curl -fsS -X POST -H 'Content-Type: application/json' --data-binary "@$dir/create.json" "$CONNECT_URL/connectors" >/dev/null
patched() { curl -fsS -X PATCH -H 'Content-Type: application/json' --data-binary "@$dir/patch.json" "$CONNECT_URL/connectors/hand/offsets" >/dev/null; }
wait_until 30 patched || fail "Debezium's offset cannot be set"
curl -fsS -X PUT "$CONNECT_URL/connectors/hand/resume" >/dev/null
wait_until 60 completed "$h" 1 || fail "Debezium does not end the snapshot that Sluice began"
expect_ids() { # expect_ids WHAT FIRST LAST
    [ "$4" = "$(seq "$2" "$3" | tr '\n' ' ')" ] || fail "$1: expected the rows $2 to $3, got: $4"
    log "ok: $1"
}
# shellcheck disable=SC2317  # called by wait_until
last_came() { [ "$(read_topic "$h.public.one" | ids | tail -n 1)" = 450 ]; }
wait_until 30 last_came || fail "Debezium's last row is not there"
expect_ids "Debezium goes on behind the last row that Sluice sent" $((sent + 1)) 450 "$(read_topic "$h.public.one" | ids | tr '\n' ' ')"

before=$(read_topic "$h.public.one" | wc -l)
sql -c "insert into dbz_signals values ('h2', 'execute-snapshot', '{\"data-collections\": [\"public.one\", \"public.two\"]}')" \
    -c "insert into dbz_signals values ('h3', 'pause-snapshot', '{}')"
# shellcheck disable=SC2317  # called by wait_until
paused() { read_topic "notes_$h" | matches PAUSED; }
wait_until 30 paused || fail "Debezium did not pause"
# the chunk that it was reading comes behind the word of the pause
# shellcheck disable=SC2317  # called by wait_until
whole_chunk() { chunk=$(($(read_topic "$h.public.one" | wc -l) - before)) && [ "$chunk" -gt 0 ] && [ $((chunk % 100)) -eq 0 ]; }
wait_until 30 whole_chunk || fail "expected whole chunks of 100 rows before the pause, got $chunk rows"
curl -fsS -X PUT "$CONNECT_URL/connectors/hand/stop" >/dev/null
# shellcheck disable=SC2317  # called by wait_until
stopped() { curl -fsS "$CONNECT_URL/connectors/hand/status" | matches '"tasks":\[\]'; }
wait_until 30 stopped || fail "Debezium did not stop"
curl -fsS "$CONNECT_URL/connectors/hand/offsets" >"$dir/theirs.json"
python3 - "$dir" <<'END'
import json, sys
dir = sys.argv[1]
(x,) = json.load(open(dir + "/theirs.json"))["offsets"]
(partition,) = json.load(open(dir + "/offsets.json"))
assert "incremental_snapshot_primary_key" in x["offset"], x
json.dump({partition: x["offset"]}, open(dir + "/offsets.json", "w"))
END
sent=$(read_topic "$h.public.one" | ids | tail -n 1)
: >"$dir/all"
drive
# what Debezium had sent last is in its offset: from there on
expect_ids "Sluice goes on behind the last row that Debezium sent" $((sent + 1)) 450 "$(ids <"$dir/all" | tr '\n' ' ')"
curl -fsS -X DELETE "$CONNECT_URL/connectors/hand" >/dev/null
end_both
