#!/bin/bash
# Every file of config/ run as it stands, but for addresses, file names and the name of the shop: data arrives at its end.
# seconds: 150
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

: "${BOOTSTRAP:?}" "${PGHOST:?}" "${PGPORT:?}" "${PGUSER:?}"
export PGPASSWORD=${PGPASSWORD:-unused}
shop=sample$$ # in place of the word shop, in names of databases, topics and slots

sql() { # sql DATABASE STATEMENT
    psql -X -q -A -t -d "$1" -c "$2" 2>/dev/null
}
lite() { # lite FILE STATEMENT
    sqlite3 "$dir/$1" "$2" 2>/dev/null
}

drop_all() {
    local db
    for db in "$shop" "${shop}_copy"; do
        sql postgres "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = '$db' and not active" || true
        sql postgres "drop database if exists $db with (force)" || true
    done
}
at_exit drop_all

# ---- the samples, with this test's addresses ----
samples=$dir/config
mkdir "$samples"
used=0
for file in config/*; do
    sed -e "s|/tmp/|$dir/|g" -e "s|localhost:9092|$BOOTSTRAP|g" -e "s|http://127.0.0.1:8083|$URL|g" -e "s|connect-test|$shop-lines|g" \
        -e "s|127.0.0.1:5432/|$PGHOST:$PGPORT/|g" -e "s|\(database.hostname=\).*|\1$PGHOST|; s|\( hostname: \).*|\1$PGHOST|" \
        -e "s|\(database.port=\).*|\1$PGPORT|; s|\( port: \).*|\1$PGPORT|" -e "s|\(database.user=\).*|\1$PGUSER|; s|\( user: \).*|\1$PGUSER|" \
        -e "s|\"connection.username\": \".*\"|\"connection.username\": \"$PGUSER\"|" -e "s|slot.name: sluice_|&${shop}_|; s|publication.name: sluice_|&${shop}_|" \
        -e "s|shop|$shop|g" "$file" >"$samples/${file##*/}"
    used=$((used + 1))
done
if grep -rwE '5432|9092|8083' "$samples" | grep -vE ':[[:space:]]*#|:8083\)'; then
    fail "an address of a sample was not replaced"
fi

psql -X -q -d postgres -c "create database $shop"
psql -X -q -d postgres -c "create database ${shop}_copy"
psql -X -q -d "$shop" <<'END'
create table customers (id int primary key, name text not null);
create table orders (id int primary key, customer int not null, amount numeric(8,2));
insert into customers values (1, 'Ada'), (2, 'Bo');
insert into orders values (10, 1, 12.50);
END
printf 'first\nsecond\n' >"$dir/sluice-in.txt"

change_shop() {
    sql "$shop" "insert into customers values (3, 'Cy'); update orders set amount = 13.75; delete from customers where id = 2"
}
customers_are() { # customers_are COMMAND...: what a command prints when the target has the shop's customers
    [ "$("$@" | sort | tr '\n' ' ')" = "1|Ada 3|Cy " ]
}
in_copy() { sql "${shop}_copy" "select id, name from ${shop}_public_customers"; }
in_lite() { lite "$1" 'select id, name from customers'; }
amount_is() {
    [ "$("$@")" = 13.75 ]
}
copied_amount() { sql "${shop}_copy" "select amount from ${shop}_public_orders"; }
lite_amount() { lite "$1" 'select round(amount, 2) from orders'; }
running() {
    local name
    for name in "$@"; do
        task_is "$name" 0 RUNNING || return 1
    done
}
show_and_fail() {
    call GET '/connectors?expand=status' >&2
    show_log worker "$dir"
    fail "$@"
}

# ---- the worker's file with every connector's file, on the real Kafka ----
files=()
for file in "$samples"/*; do
    case $file in *connect-standalone.properties | *.yaml) ;; *) files+=("$file") ;; esac
done
[ $((${#files[@]} + 2)) -eq "$used" ] || fail "config/ has $used files, expected a worker's, a pipeline's and connectors'"
worker_start "$samples/connect-standalone.properties" "${files[@]}"
wait_until 40 running local-file-source local-file-sink "$shop" "$shop-copy" "$shop-sqlite" || show_and_fail "not all run"
change_shop
wait_until 40 customers_are in_copy || show_and_fail "jdbc-sink-postgres.json: $(in_copy)"
wait_until 20 amount_is copied_amount || show_and_fail "jdbc-sink-postgres.json: amount $(copied_amount)"
wait_until 40 customers_are in_lite "$shop.db" || show_and_fail "jdbc-sink-sqlite.properties: $(in_lite "$shop.db")"
wait_until 20 amount_is lite_amount "$shop.db" || show_and_fail "jdbc-sink-sqlite.properties: amount $(lite_amount "$shop.db")"
wait_until 20 cmp -s "$dir/sluice-in.txt" "$dir/sluice-out.txt" || show_and_fail "file-source and file-sink: $(cat "$dir/sluice-out.txt")"
worker_stop
log "the worker's file with ${#files[@]} connectors"

# ---- the pipeline in one file ----
worker_start "$samples/pipeline.yaml"
sql "$shop" "insert into customers values (4, 'Di'); delete from customers where id = 4"
wait_until 40 customers_are in_lite pipeline.db || show_and_fail "pipeline.yaml: $(in_lite pipeline.db)"
wait_until 20 amount_is lite_amount pipeline.db || show_and_fail "pipeline.yaml: amount $(lite_amount pipeline.db)"
worker_stop
log "$used samples run"
