#!/bin/bash
# What source.snapshot says of each row of a snapshot (first, first_in_data_collection, true, last_in_data_collection, last), of one
# connection and of several that share large tables: Debezium on Java Connect and Sluice on the same tables.
# seconds: 200
# beside others
# shellcheck source=tests/compat/postgres/both.sh
. "$(dirname "${BASH_SOURCE[0]}")/both.sh"

use_database markers
sql <<'END'
create table a_some (id int primary key, v text);
create table b_two (id int primary key, v text);
create table c_large (id int primary key, v text);
create table d_large (id bigint primary key, v text);
create table e_empty (id int primary key);
create table f_keyless (v text);
create table g_one (id int primary key);
create table h_empty (id int primary key);
insert into a_some select i, 'x' from generate_series(1, 3) i;
insert into b_two select i, 'x' from generate_series(1, 2) i;
insert into c_large select i, repeat('x', 50) from generate_series(1, 9000) i;
insert into d_large select i, repeat('x', 50) from generate_series(1, 12000) i;
insert into f_keyless select 'v' from generate_series(1, 5);
insert into g_one values (1);
analyze
END
start_java "group.id=markers-$$" "config.storage.topic=markers-configs-$$" "offset.storage.topic=markers-offsets-$$" "status.storage.topic=markers-status-$$"

# case NAME LINE...: which tables are read, and how
cases=(one many first_one first_empty last_one only_one none)
lines_of() {
    case $1 in
    one) echo snapshot.max.threads=1 ;;
    many) printf '%s\n' snapshot.max.threads=4 snapshot.max.threads.multiplier=3 ;;
    first_one) printf '%s\n' snapshot.max.threads=1 "table.include.list=public.(g_one|h_empty)" ;;
    first_empty) printf '%s\n' snapshot.max.threads=1 "table.include.list=public.(e_empty|f_keyless|h_empty)" ;;
    last_one) printf '%s\n' snapshot.max.threads=1 "table.include.list=public.(b_two|g_one)" ;;
    only_one) printf '%s\n' snapshot.max.threads=3 "table.include.list=public.g_one" ;;
    none) printf '%s\n' snapshot.max.threads=2 "table.include.list=public.(e_empty|h_empty)" ;;
    esac
}

files=()
slots=()
for c in "${cases[@]}"; do
    for who in dbz slu; do
        p=$who$c$$
        { connection "$p" && echo publication.autocreate.mode=filtered && lines_of "$c"; } >"$TEST_DIR/$who-$c.properties"
        slots+=("$p")
    done
    json <"$TEST_DIR/dbz-$c.properties" >"$TEST_DIR/dbz-$c.json"
    put_java "markers-$c-$$" "$TEST_DIR/dbz-$c.json"
    echo "name=slu-$c" >>"$TEST_DIR/slu-$c.properties"
    files+=("$TEST_DIR/slu-$c.properties")
done
start_sluice "${files[@]}"

wait_until 60 slots_stream "${slots[@]}" || fail "not all of them stream"
python3 - "$BOOTSTRAP" "$$" "${cases[@]}" <<'END'
import collections
import json
import subprocess
import sys
import time

bootstrap, run, *cases = sys.argv[1:]
ROWS = {"one": 21011, "many": 21011, "first_one": 1, "first_empty": 5, "last_one": 3, "only_one": 1, "none": 0}


def topics():
    return [t["topic"] for t in json.loads(subprocess.run(["kcat", "-b", bootstrap, "-L", "-J"], check=True, capture_output=True).stdout)["topics"]]


def delivered(prefix, rows):
    """The markers once the rows are there: who streams may still have its last ones on the way to Kafka."""
    until = time.monotonic() + 60
    while True:
        found = markers(prefix)
        if sum(map(len, found.values())) >= rows or time.monotonic() > until:
            return found
        time.sleep(0.3)


def markers(prefix):
    """Table to the markers of its rows, in order."""
    found = {}
    for t in sorted(t for t in topics() if t.startswith(prefix + ".")):
        out = subprocess.run(["kcat", "-b", bootstrap, "-C", "-q", "-e", "-t", t, "-o", "beginning", "-f", "%s\n"], check=True, capture_output=True, text=True).stdout
        found[t[len(prefix) + 1:]] = [json.loads(l)["payload"]["source"]["snapshot"] for l in out.splitlines()]
    return found


def shown(table):
    return [f"{i}: {m}" for i, m in enumerate(table) if m != "true"], len(table)


bad = 0
for case in cases:
    theirs, ours = (delivered(f"{who}{case}{run}", ROWS[case]) for who in ("dbz", "slu"))
    if case == "many": # which table ends last is chance, and one does
        for side in theirs, ours:
            if sum(m == "last" for rows in side.values() for m in rows) != 1:
                print(f"{case}: expected one last row: { {t: shown(rows) for t, rows in side.items()} }")
                bad += 1
            for t, rows in side.items():
                side[t] = ["last_in_data_collection" if m == "last" else m for m in rows]
    for t in sorted(set(theirs) | set(ours)):
        a, b = shown(theirs.get(t, [])), shown(ours.get(t, []))
        if a != b:
            print(f"{case} {t}: debezium {a}, sluice {b}")
            bad += 1
    print(case, sum(map(len, theirs.values())), "rows", dict(collections.Counter(m for rows in ours.values() for m in rows)))
sys.exit(bad > 0)
END
end_both
