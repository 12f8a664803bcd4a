#!/bin/bash
# Within a transaction whose rows share places in the log (COPY), Sluice is killed and Debezium on Java goes on from its offset; and
# Debezium is killed and Sluice goes on. Nothing is missing and nothing comes behind what follows it; what comes again is of that
# transaction.
# seconds: 400
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

ROWS=20000
fault_database 10
sql "create table c (id int primary key, v text)"
mkdir -p "$dir/connect"
fault_worker "offset.storage.file.filename=$dir/connect/offsets.dat" offset.flush.interval.ms=50
proxy start "$dir/net" "$PGPORT" 2>/dev/null
at_exit proxy stop "$dir/net"
# shellcheck disable=SC1091
. "$dir/net/proxy.env"
fault_source "database.port=$PROXY_PORT" table.include.list=public.c max.batch.size=300 max.queue.size=1000
at_exit bash "$SL_SUPPORT/connect.sh" remove "$dir/connect"

keys() { kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME.public.c" -o beginning -f '%k\n' 2>/dev/null | sed -n 's/.*"id":\([0-9]*\).*/\1/p'; }
has_key() { keys | matches -x "$1"; }
has_rows() { [ "$(kcat -q -Q -b "$BOOTSTRAP" -t "$NAME.public.c:0:-1" | awk '{ print $NF }')" -ge "$1" ]; }
slot_is_active() { [ "$(sql "select active from pg_replication_slots where slot_name = '$NAME'")" = t ]; }
java() { bash "$SL_SUPPORT/connect.sh" "$1" "$dir/connect" "${@:2}"; }
# copy FROM: a transaction with a row before, COPY, and a row behind
copy() {
    { echo "begin; insert into c values ($1, 'before'); copy c from stdin;"
        seq $(($1 + 1)) $(($1 + ROWS)) | sed 's/$/\tcopied/'
        echo '\.'
        echo "insert into c values ($(($1 + ROWS + 1)), 'behind'); commit"; } | psql -X -q -v ON_ERROR_STOP=1 -d "$SRC"
}
# whole WHAT FROM: its rows are all there, each first time behind the one before; the row behind it is the last one
whole() {
    wait_until 90 has_key $(($2 + ROWS + 1)) || fail "$1: the end of the transaction did not come; $(keys | wc -l) rows did"
    keys | awk -v from="$2" -v n=$((ROWS + 2)) '$1 >= from && $1 < from + n {
            if ($1 > from + seen) { print "row " $1 " came before row " from + seen; bad = 1; exit }
            if ($1 == from + seen) seen++; else again++
        }
        END { if (bad) exit 1; print seen + 0, "rows,", again + 0, "came again"; exit seen != n || again >= n }' >"$dir/rows" ||
        fail "$1: $(cat "$dir/rows")"
    log "ok: $1: $(cat "$dir/rows")"
}

# the offset file is Java's
sql "insert into c values (0, 'there')"
java start "$BOOTSTRAP" --standalone "$dir/src.properties"
wait_until 90 has_key 0 || fail "Debezium's snapshot did not come"
java stop
start_source
wait_until 30 slot_is_active || fail "the source did not start"
proxy send "$dir/net" rate 50000 >/dev/null
copy 1
wait_until 60 has_rows 3000 || fail "nothing came of the transaction"
worker_kill
! has_key $((ROWS + 2)) || fail "the transaction was over before the kill; the test needs more rows"
grep -a -q sluice_event "$dir/connect/offsets.dat" || fail "no offset was stored within the transaction"
proxy send "$dir/net" rate 0 >/dev/null
java start "$BOOTSTRAP" --standalone "$dir/src.properties"
whole "killed within COPY, Debezium goes on" 1

# and back: Debezium dies within one, Sluice goes on
proxy send "$dir/net" rate 30000 >/dev/null
before=$(keys | wc -l)
copy 100001
wait_until 90 has_rows $((before + 1500)) || fail "nothing came of the second transaction"
java kill
! has_key $((100001 + ROWS + 1)) || fail "the second transaction was over before the kill; the test needs more rows"
proxy send "$dir/net" rate 0 >/dev/null
start_source
whole "Debezium killed within COPY, Sluice goes on" 100001
! grep 'snapshot of' "$dir/worker.log" || fail "a second snapshot was taken"
worker_stop
log "passed"
