#!/bin/bash
# One comparison of Debezium on Java Connect with Sluice, on the same database at once, in several configurations. Called by events.test.sh.
# COMPAT_CONFIGS="a b" takes only some of them, while you work on one.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/compat/postgres/both.sh
. "$here/both.sh"

use_database compat
sql -f "$here/schema.sql"
sql -f "$here/types.sql"
sql -f "$here/rows.sql" >/dev/null

start_java
python3 "$here/keys.py" "$CONNECT_URL" "$SLUICE" "$TEST_DIR" || fail "a key of Debezium's"

# properties NAME PREFIX FILE: one configuration, for whoever reads it
properties() {
    echo "name=$1"
    connection "$2"
    sed "/^#/d; s/PREFIX/$2/g" "$3"
}

files=()
prefixes=()
for extra in "$here"/configs/*.properties; do
    name=$(basename "$extra" .properties)
    [[ " ${COMPAT_CONFIGS:-$name} " = *" $name "* ]] || continue
    prefixes+=("$name$$")
    sql -c "create sequence beat_dbz$name$$; create sequence beat_slu$name$$" # for heartbeat.action.query
    properties "slu-$name" "slu$name$$" "$extra" >"$TEST_DIR/slu-$name.properties"
    files+=("$TEST_DIR/slu-$name.properties")
    properties "dbz-$name" "dbz$name$$" "$extra" | json >"$TEST_DIR/dbz-$name.json"
    put_java "dbz-$name" "$TEST_DIR/dbz-$name.json"
done
start_sluice "${files[@]}"

last=()
for p in "${prefixes[@]}"; do
    topic=$(sed -n 's/^# last: //p' "$here/configs/${p%"$$"}.properties") # what its name ends in, where it is not the usual one
    for who in dbz slu; do
        last+=(-t "$who$p${topic:-.public.zz_last}:0:-1")
    done
done

# shellcheck disable=SC2317  # called by wait_until
last_has() { # last_has COUNT: the table that comes last has so many records for everybody
    kcat -b "$BOOTSTRAP" -Q "${last[@]}" | awk -v want="$1" -v all=$((${#last[@]} / 2)) \
        '{ have += $NF + 0 >= want } END { exit have != all }'
}

# shellcheck disable=SC2317  # called by wait_until
last_or_failed() {
    curl -fsS "$CONNECT_URL/connectors?expand=status" | matches '"state":"FAILED"' || last_has "$1"
}

arrived() { # arrived COUNT WHAT
    if ! wait_until 60 last_or_failed "$1" || ! last_has "$1"; then
        fail "$2 did not arrive"
    fi
}
arrived 1 "the snapshots"
awk -v dir="$TEST_DIR" '/^-- catch up/ { n++ } { printf "%s\n", $0 >(dir "/part" 100 + n ".sql") }' "$here/stream.sql"
# a table must not change its shape before all of them stream: they read it from the catalog then
sql -c "insert into zz_last values (2)"
arrived 2 "the first change"
part=2
for file in "$TEST_DIR"/part*.sql; do
    part=$((part + 1))
    psql -X -q -d "$db" -f "$file" -c "insert into zz_last values ($part)" >/dev/null 2>&1 # the server refuses some of it: that is part of it
    arrived "$part" "the changes of part $part"
done

[ -n "${COMPAT_CONFIGS:-}" ] || [ "$(sql -c 'select count(*) from pg_sequences where sequencename ~ $$^beat$$ and last_value > 2')" -eq 2 ] || fail "heartbeat.action.query was not executed by both"

failed=0
for p in "${prefixes[@]}"; do
    echo "== configuration ${p%"$$"}"
    python3 "$here/compare.py" "$BOOTSTRAP" "dbz$p" "slu$p" "$here/allowed.txt" || failed=1
done
pages=()
for p in "${prefixes[@]}"; do
    pages+=("${p%"$$"}=slu$p")
done
[ -n "${COMPAT_CONFIGS:-}" ] || python3 "$here/types_page.py" "$BOOTSTRAP" "$SL_ROOT/docs/postgres-types.md" "${pages[@]}" || failed=1
end_both
exit "$failed"
