#!/bin/bash
# The README's first pipeline as a reader copies it: its SQL, its file, its commands; only addresses and the slot are the test's own.
# seconds: 90
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

: "${PGHOST:?}" "${PGPORT:?}" "${PGUSER:?}"
export PGDATABASE=shop$$
slot=readme_$$

# block LANGUAGE: the block of that language below "A first pipeline of your own"
block() {
    python3 - "$1" <<'END'
import re, sys
section = re.search(r"^## A first pipeline of your own\n(.*?)^## ", open("README.md").read(), re.S | re.M).group(1)
found = [text for language, text in re.findall(r"^```(\w*)\n(.*?)^```$", section, re.S | re.M) if language == sys.argv[1]]
assert len(found) == 1, (sys.argv[1], len(found))
print(found[0], end="")
END
}

drop_all() {
    psql -X -q -d postgres >/dev/null 2>&1 <<END
select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '$slot' and not active;
drop database if exists $PGDATABASE with (force);
drop role if exists sluice;
END
}
at_exit drop_all
psql -X -q -d postgres -c "create database $PGDATABASE"
psql -X -q -v ON_ERROR_STOP=1 -c "create table customers (id int primary key, name text); insert into customers values (1, 'Ada'), (2, 'Bo')"

# ---- its SQL; the server has wal_level=logical already ----
block sql >"$dir/setup.sql"
grep -v 'alter system' "$dir/setup.sql" | psql -X -q -v ON_ERROR_STOP=1 -f - || fail "the README's SQL fails"

# ---- its pipeline and its commands ----
block yaml | sed -e "s|hostname: localhost|hostname: $PGHOST\n    database.port: $PGPORT\n    slot.name: $slot|" -e "s|dbname: shop|dbname: $PGDATABASE|" \
    -e "s|offset.storage.file.filename: .*|&\n  listeners: $URL|" >"$dir/pipeline.yaml"
[ "$(grep -cE "slot.name: $slot|dbname: $PGDATABASE|listeners: $URL" "$dir/pipeline.yaml")" -eq 3 ] || fail "not the pipeline that was expected: $(cat "$dir/pipeline.yaml")"
block '' >"$dir/commands"
mapfile -t commands < <(sed "s/ *# .*//; s|localhost:8083|$URL|; s|^build/sluice|$SLUICE|" "$dir/commands")
[ "${#commands[@]} ${commands[1]}" = "4 $SLUICE standalone pipeline.yaml" ] || fail "not the commands that were expected: ${commands[*]}"

run() { (cd "$dir" && eval "$1"); }
in_sqlite() { run "${commands[3]}" | matches "$1"; }
run "${commands[0]}" >"$dir/validated" || fail "validate: $(cat "$dir/validated")"
tail -n 1 "$dir/validated" | matches ': 0 errors, 0 warnings$' || fail "the README's pipeline has warnings: $(cat "$dir/validated")"
cd "$dir" && worker_start pipeline.yaml && cd "$SL_ROOT"
wait_until 20 in_sqlite "VALUES(2,'Bo')" || { show_log worker "$dir" && fail "the rows did not arrive: $(run "${commands[3]}")"; }
run "${commands[2]}" | field 'j["tasks"][0]["state"]' | matches -x RUNNING || fail "status"
psql -X -q -c "insert into customers values (3, 'Cy'); delete from customers where id = 1"
wait_until 20 in_sqlite "VALUES(3,'Cy')" || fail "the new row did not arrive: $(run "${commands[3]}")"
if in_sqlite "VALUES(1,"; then fail "the deleted row is still there"; fi
[ -s "$dir/offsets" ] || fail "no offsets in the file of the pipeline"
worker_stop
if grep -E ' (WARN|ERROR) ' "$dir/worker.log" | grep -v ' kafka: the embedded broker'; then
    fail "the README's pipeline runs with warnings"
fi
