#!/bin/bash
# A transaction that is cut in the middle, with provide.transaction.metadata: Sluice goes on counting where Debezium on Java Connect
# stopped, by the counts that it left in the offset: one begin, one end, no number twice or missing. Debezium goes on behind what Sluice
# sent, or with the last of it, with the same keys in the offset; it begins the transaction anew then, as it does behind itself.
# seconds: 600
# beside others
# shellcheck source=tests/compat/postgres/both.sh
. "$(dirname "${BASH_SOURCE[0]}")/both.sh"

dir=$TEST_DIR
rows=60000
use_database cut
build_driver source_driver
sql -c "create table a (id int primary key, v text)" -c "create table b (id int primary key)"
start_java "group.id=cut-$$" "config.storage.topic=cut-configs-$$" "offset.storage.topic=cut-offsets-$$" "status.storage.topic=cut-status-$$"

# lines PREFIX: the connector, which reads in small pieces, so that it can be stopped between them
lines() {
    connection "$1"
    printf '%s\n' publication.autocreate.mode=filtered "table.include.list=public.a,public.b" snapshot.mode=no_data \
        provide.transaction.metadata=true max.batch.size=64 max.queue.size=128
}
drive() { # drive PREFIX OPTION...: Sluice's source, its records added to $dir/PREFIX.ours
    local prefix=$1
    shift
    { echo "name=$prefix" && lines "$prefix"; } >"$dir/$prefix.properties"
    "$dir/source_driver" "$B/plugins/postgres-cdc.so" "$dir/$prefix.properties" "$dir/$prefix.offsets" --idle 1500 "$@" >>"$dir/$prefix.ours" 2>>"$dir/log"
}
one_transaction() {
    sql -c "begin; insert into a select i, 'x' from generate_series(1, 100) i; update a set id = id + 1000000 where id > 90; insert into b select i from generate_series(1, $rows) i;
        delete from a; insert into b select -i from generate_series(1, 50) i; commit"
}
undo() { sql -c "truncate a, b"; }
call() { # call METHOD PATH [BODY FILE]
    curl -fsS -X "$1" -H 'Content-Type: application/json' ${3:+--data-binary "@$3"} "$CONNECT_URL/connectors/$2"
}
# shellcheck disable=SC2317  # called by wait_until
size_is() { [ "$(kcat -b "$BOOTSTRAP" -q -Q -t "$1:0:-1" 2>/dev/null | awk '{ print $NF }')" -ge "$2" ]; }
# shellcheck disable=SC2317  # called by wait_until
stopped() { call GET "$1/status" | matches '"tasks":\[\]'; }

# delivered PREFIX: all that the transaction's end counts is there; the end is in a topic of its own, and may be there earlier
# shellcheck disable=SC2317  # called by wait_until
delivered() {
    local end n
    end=$(kcat -q -b "$BOOTSTRAP" -C -t "$1.transaction" -e -o beginning -f '%s\n' | jq -r '(.payload // .) | select(.status == "END").event_count')
    n=$(for t in a b; do kcat -q -b "$BOOTSTRAP" -C -t "$1.public.$t" -e -o beginning -f '%S\n'; done | grep -vc '^-1$')
    [ "$n" -ge "$end" ]
}

# counted PREFIX ORDER...: the records of both sides, in that order ("theirs" or "ours" first), are one transaction
counted() {
    local p=$1
    shift
    for t in transaction public.a public.b; do
        kcat -q -b "$BOOTSTRAP" -C -t "$p.$t" -e -o beginning -J 2>/dev/null || true
    done >"$dir/$p.theirs"
    python3 - "$dir/$p" "$rows" "$@" <<'END'
import json
import sys

base, rows, *order = sys.argv[1:]
total = 100 + 20 + int(rows) + 100 + 50
changes, status, cut = [], [], []
for side in order:
    seen = []
    for line in open(f"{base}.{side}"):
        m = json.loads(line)
        v = m.get("payload", m.get("value"))
        v = json.loads(v) if isinstance(v, str) else v
        v = v.get("payload", v) if v else None
        if v is None or (m["topic"].endswith("transaction") and v["status"] == "BEGIN" and status):
            continue
        if m["topic"].endswith("transaction"):
            status.append((v["status"], v["event_count"], sorted((c["data_collection"], c["event_count"]) for c in v["data_collections"] or [])))
        else:
            row = (v["after"] or v["before"])["id"]
            seen.append((v["transaction"]["total_order"], m["topic"].split(".", 1)[1], v["transaction"]["data_collection_order"], row))
    seen.sort()
    cut.append(len(seen))
    if side == "theirs" and changes: # Debezium begins anew: as if it had gone on; the last of what was sent may come again
        last = range(len(changes) - 1, max(-1, len(changes) - 5000), -1)
        start = next((i for i in last if changes[i][1::2] == seen[0][1::2]), len(changes))
        assert [c[1::2] for c in changes[start:]] == [c[1::2] for c in seen[:len(changes) - start]], (changes[start:][:3], seen[:3])
        changes = changes[:start]
        before = {t: sum(c[1] == t for c in changes) for t in ("public.a", "public.b")}
        seen = [(n + len(changes), t, k + before[t], row) for n, t, k, row in seen]
        assert status[-1][1] == len(seen), status
        status = status[:-1] + [("END", total, [("public.a", 220), ("public.b", int(rows) + 50)])]
    elif changes: # what was sent behind the last offset comes again, as it was
        again = [c for c in changes if seen and c[0] >= seen[0][0]]
        assert again == seen[:len(again)] and len(again) < 5000, (again[:3], seen[:3])
        changes = changes[:len(changes) - len(again)]
    changes += seen
want = [("BEGIN", None, []), ("END", total, [("public.a", 220), ("public.b", int(rows) + 50)])]
assert [c[0] for c in changes] == list(range(1, total + 1)), [(a, b) for a, b in zip(changes, changes[1:]) if b[0] != a[0] + 1][:5]
for t, n in ("public.a", 220), ("public.b", int(rows) + 50):
    assert [c[2] for c in changes if c[1] == t] == list(range(1, n + 1)), t
assert status == want, status
assert all(100 < n < total - 100 for n in cut), f"not cut in the middle: {cut}"
print(f"{' then '.join(order)}: {' + '.join(map(str, cut))} events")
END
}

# ---- Sluice begins ----
p=slufirst$$
drive "$p" --idle 300
one_transaction
drive "$p" --records 20000
grep -q '"transaction_id"' "$dir/$p.offsets" || fail "no transaction in the offset: $(cat "$dir/$p.offsets")"
lines "$p" | json >"$dir/$p.json"
python3 - "$dir/$p" "$p" <<'END'
import json
import sys
base, p = sys.argv[1:]
((partition, offset),) = json.load(open(base + ".offsets")).items()
json.dump({"offsets": [{"partition": {"server": p}, "offset": offset}]}, open(base + ".patch", "w"))
json.dump({"name": p, "config": json.load(open(base + ".json")), "initial_state": "STOPPED"}, open(base + ".create", "w"))
END
curl -fsS -X POST -H 'Content-Type: application/json' --data-binary "@$dir/$p.create" "$CONNECT_URL/connectors" >/dev/null
wait_until 30 call PATCH "$p/offsets" "$dir/$p.patch" || fail "Debezium's offset cannot be set"
call PUT "$p/resume" >/dev/null
wait_until 120 size_is "$p.transaction" 2 || fail "Debezium does not end the transaction"
wait_until 60 delivered "$p" || fail "Debezium's rows are not all there"
counted "$p" ours theirs || fail "Sluice, then Debezium: $(head -c 600 "$dir/$p.offsets")"
call DELETE "$p" >/dev/null
undo

# ---- Debezium begins ----
p=dbzfirst$$
lines "$p" | json >"$dir/$p.json"
put_java "$p" "$dir/$p.json"
wait_until 30 slots_stream "$p" || fail "Debezium does not stream"
one_transaction
wait_until 30 size_is "$p.public.b" 5000 || fail "Debezium does not read"
call PUT "$p/stop" >/dev/null
wait_until 30 stopped "$p" || fail "Debezium did not stop"
call GET "$p/offsets" >"$dir/$p.get"
python3 - "$dir/$p" <<'END'
import json
import sys
base = sys.argv[1]
(x,) = json.load(open(base + ".get"))["offsets"]
assert "transaction_id" in x["offset"], x
json.dump({json.dumps(x["partition"], separators=(",", ":")): x["offset"]}, open(base + ".offsets", "w"))
END
drive "$p"
counted "$p" theirs ours || fail "Debezium, then Sluice: $(cat "$dir/$p.get")"
call DELETE "$p" >/dev/null
end_both
