#!/bin/bash
# The demo: a shop's PostgreSQL database flows, change by change, through the embedded broker into a SQLite file and into
# another PostgreSQL database. Usage: tests/demo/run.sh BUILD  (`make demo` installs what is needed and builds first)
#
# Everything runs on loopback with its data below BUILD/demo, and is gone afterwards. Exit code 0 means: after a snapshot, inserts,
# updates, a changed primary key, deletes and an ALTER TABLE, the source and both targets were equal, row by row.
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/lib.sh"
cd "$SL_ROOT"
build=$(cd "${1:?usage: run.sh BUILD}" && pwd)
dir=$build/demo
CUSTOMERS=${DEMO_CUSTOMERS:-5000}
ORDERS=${DEMO_ORDERS:-50000}

bold='' dim='' green='' red='' plain='' clear=''
if [ -t 1 ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m' clear=$'\r\e[K'
fi

say() { printf '%s\n' "$*"; }
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
progress() { if [ -t 1 ]; then printf '%s  %s' "$clear$dim" "$*$plain"; fi; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

give_up() {
    say "${red}demo failed: $*$plain"
    [ -f "$dir/worker.log" ] && tail -n 20 "$dir/worker.log" | sed 's/^/  worker | /'
    exit 1
}

shop() { psql -X -q -At -v ON_ERROR_STOP=1 -d shop "$@"; }
copy() { psql -X -q -At -v ON_ERROR_STOP=1 -d copy "$@"; }
lite() { sqlite3 -readonly -cmd '.timeout 5000' "$dir/shop.sqlite" "$@" 2>/dev/null; }

# ---- one canonical text for each row, whatever the database ----

columns() { # columns TABLE: what the source's table has now, in order
    shop -c "select attname from pg_attribute where attrelid = 'public.$1'::regclass and attnum > 0
             and not attisdropped order by attnum"
}

rows_pg() { # rows_pg PSQL TABLE
    local list
    list=$(columns "$2" | sed 's/.*/coalesce("&"::text, chr(8709))/' | paste -sd '~' | sed "s/~/ || '|' || /g")
    "$1" -c "set timezone = 'UTC'" -c "set datestyle = 'ISO'" -c "select $list from \"$2\" order by 1" |
        sed -e 's/+00\(|\|$\)/Z\1/g' | LC_ALL=C sort
}

rows_lite() { # numbers as the source writes them; a ZonedTimestamp as PostgreSQL shows it
    local list='' c type
    while read -r c; do
        type=$(shop -c "select format_type(atttypid, atttypmod) from pg_attribute
                        where attrelid = 'public.$1'::regclass and attname = '$c'")
        case $type in
            numeric*) c="printf('%.2f', \"$c\")" ;;
            boolean) c="case \"$c\" when 1 then 'true' when 0 then 'false' end" ;;
            timestamp*) c="replace(replace(\"$c\", 'T', ' '), '+00:00', 'Z')" ;;
            *) c="\"$c\"" ;;
        esac
        list="$list${list:+ || '|' || }coalesce($c, char(8709))"
    done < <(columns "$1")
    lite "select $list from \"$1\"" | LC_ALL=C sort
}

equal_everywhere() {
    local t
    for t in customers orders; do
        rows_pg shop "$t" >"$dir/$t.source" || return 1
        rows_pg copy "$t" >"$dir/$t.copy" 2>/dev/null || return 1
        cmp -s "$dir/$t.source" "$dir/$t.copy" || return 1
        rows_lite "$t" >"$dir/$t.sqlite" 2>/dev/null || return 1
        cmp -s "$dir/$t.source" "$dir/$t.sqlite" || return 1
    done
}

counts() {
    local t
    for t in customers orders; do
        printf '  %-10s source %6s   postgresql copy %6s   sqlite %6s\n' "$t" "$(shop -c "select count(*) from $t")" \
            "$(copy -c "select count(*) from $t" 2>/dev/null || echo -)" "$(lite "select count(*) from $t" || echo -)"
    done
}

wait_equal() { # wait_equal WHAT SECONDS
    local until=$((SECONDS + $2)) began
    began=$(now_ms)
    until equal_everywhere; do
        if [ "$SECONDS" -ge "$until" ]; then
            counts
            diff "$dir/customers.source" "$dir/customers.copy" | head -n 5 || true
            diff "$dir/customers.source" "$dir/customers.sqlite" | head -n 5 || true
            diff "$dir/orders.source" "$dir/orders.sqlite" | head -n 5 || true
            give_up "$1: the targets did not become equal to the source within $2 s"
        fi
        progress "$1: $(lite 'select count(*) from orders' || echo 0) orders in sqlite"
        alive worker "$dir" || give_up "the worker ended"
        sleep 0.2
    done
    printf '%s' "$clear"
    say "  ${green}equal, row by row$plain, $(($(now_ms) - began)) ms after the last change (waiting and comparing included)"
}

show_row() { # show_row TITLE ID: before and after, in all three places
    printf '  %-8s source: %s\n' "$1" "$(shop -c "select id, name, email, balance from customers where id = $2" | sed 's/^$/(no row)/' | grep . || echo '(no row)')"
    printf '  %-8s copy:   %s\n' '' "$(copy -c "select id, name, email, balance from customers where id = $2" | grep . || echo '(no row)')"
    printf '  %-8s sqlite: %s\n' '' "$(lite "select id, name, email, printf('%.2f', balance) from customers where id = $2" | grep . || echo '(no row)')"
}

make_shop() {
    psql -X -q -d postgres -c 'create database shop' -c 'create database copy'
    shop <<SQL
create table customers (id bigint primary key, name text not null, email text, balance numeric(10,2) not null,
                        active boolean not null, created timestamptz not null);
create table orders (id bigint primary key, customer bigint not null, total numeric(10,2) not null, status text not null,
                     note text, placed timestamptz not null);
insert into customers select i, 'Customer ' || i, 'customer' || i || '@shop.example', (i * 7 % 10000) / 100.0, i % 3 <> 0,
    timestamptz '2026-01-01 00:00:00+00' + i * interval '1 minute' from generate_series(1, $CUSTOMERS) i;
insert into orders select i, 1 + i % $CUSTOMERS, (i * 13 % 100000) / 100.0, case when i % 4 = 0 then 'open' else 'paid' end,
    case when i % 5 = 0 then null else 'Order no. ' || i || ' – größer' end,
    timestamptz '2026-02-01 00:00:00+00' + i * interval '1 second' from generate_series(1, $ORDERS) i;
SQL
}

write_pipeline() {
    cat >"$dir/pipeline.yaml" <<YAML
worker:
  bootstrap.servers: "embedded:"
  listeners: http://127.0.0.1:$port
  offset.storage.file.filename: $dir/offsets
  offset.flush.interval.ms: 1000
  key.converter: org.apache.kafka.connect.json.JsonConverter
  value.converter: org.apache.kafka.connect.json.JsonConverter
connectors:
  shop-source:
    connector.class: io.debezium.connector.postgresql.PostgresConnector
    database.hostname: 127.0.0.1
    database.port: $PGPORT
    database.user: $PGUSER
    database.dbname: shop
    topic.prefix: shop
    plugin.name: pgoutput
    table.include.list: public.customers,public.orders
    decimal.handling.mode: precise
  shop-to-sqlite:
    connector.class: io.debezium.connector.jdbc.JdbcSinkConnector
    connection.url: jdbc:sqlite:$dir/shop.sqlite
    topics: shop.public.customers,shop.public.orders
    insert.mode: upsert
    primary.key.mode: record_key
    delete.enabled: true
    schema.evolution: basic
    transforms: table
    transforms.table.type: org.apache.kafka.connect.transforms.RegexRouter
    transforms.table.regex: shop\.public\.(.*)
    transforms.table.replacement: \$1
  shop-to-postgres:
    connector.class: io.confluent.connect.jdbc.JdbcSinkConnector
    connection.url: jdbc:postgresql://127.0.0.1:$PGPORT/copy
    connection.user: $PGUSER
    topics: shop.public.customers,shop.public.orders
    insert.mode: upsert
    pk.mode: record_key
    delete.enabled: true
    auto.create: true
    auto.evolve: true
    transforms: unwrap,table
    transforms.unwrap.type: io.debezium.transforms.ExtractNewRecordState
    transforms.unwrap.delete.tombstone.handling.mode: tombstone
    transforms.table.type: org.apache.kafka.connect.transforms.RegexRouter
    transforms.table.regex: shop\.public\.(.*)
    transforms.table.replacement: \$1
YAML
}

rest() { curl -fsS --max-time 5 "http://127.0.0.1:$port$1"; }

all_running() {
    rest '/connectors?expand=status' >"$dir/status.json" || return 1
    [ "$(jq '[.[].status.tasks[] | select(.state == "RUNNING")] | length' "$dir/status.json")" = 3 ]
}

worker_cost() {
    local pid ticks
    pid=$(cat "$dir/worker.pid")
    pid=${pid%% *}
    ticks=$(awk '{print $14 + $15}' "/proc/$pid/stat")
    printf '  worker: %s MB in memory (peak %s MB), %s.%02d s of CPU, %s threads\n' \
        "$(awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$pid/status")" \
        "$(awk '/VmHWM/ {print int($2 / 1024)}' "/proc/$pid/status")" \
        $((ticks / 100)) $((ticks % 100)) "$(awk '/Threads/ {print $2}' "/proc/$pid/status")"
}

change_things() {
    shop <<SQL
insert into customers select i, 'New ' || i, null, 1.50, true, timestamptz '2026-03-01 00:00:00+00'
    from generate_series($CUSTOMERS + 1, $CUSTOMERS + 200) i;
update customers set balance = balance + 100, email = 'changed@shop.example' where id <= 50;
update customers set id = id + 1000000 where id = 7;
delete from orders where id % 10 = 0;
alter table customers add column level text;
update customers set level = 'gold' where id between 100 and 120;
insert into customers values (2000000, 'After the ALTER', 'a@shop.example', 9.99, false, '2026-04-01 12:00:00+00', 'new');
begin;
update orders set status = 'shipped', total = total * 2 where id between 1 and 999;
delete from customers where id = 8;
commit;
SQL
}

main() {
    local began
    bash tests/support/postgres.sh remove "$dir/postgres" >/dev/null 2>&1 || true
    rm -rf "$dir"
    mkdir -p "$dir"
    title "1. A throwaway PostgreSQL with a small shop: $CUSTOMERS customers, $ORDERS orders"
    at_exit bash tests/support/postgres.sh remove "$dir/postgres"
    PG_FSYNC=off bash tests/support/postgres.sh start "$dir/postgres" 2>"$dir/postgres-start.log" || give_up "$(cat "$dir/postgres-start.log")"
    set -a
    # shellcheck disable=SC1091
    . "$dir/postgres/postgres.env"
    set +a
    make_shop
    port=$(free_port)
    write_pipeline
    say "  pipeline: ${dir#"$SL_ROOT"/}/pipeline.yaml"

    title "2. sluice standalone: one source, two sinks, the broker within the process"
    began=$(now_ms)
    at_exit end worker "$dir" 10
    spawn worker "$dir" "$build/sluice" standalone "$dir/pipeline.yaml"
    wait_until 10 rest / || give_up "REST did not come up"
    say "  REST is up after $(($(now_ms) - began)) ms"
    wait_until 20 all_running || give_up "not all tasks are running: $(cat "$dir/status.json")"
    say "  three tasks are running after $(($(now_ms) - began)) ms"

    title "3. The snapshot arrives"
    wait_equal "snapshot" 30
    counts
    worker_cost

    title "4. Inserts, updates, a changed primary key, deletes, an ALTER TABLE"
    say "before:"
    show_row "id 7" 7
    show_row "id 20" 20
    change_things
    wait_equal "changes" 30
    say "after:"
    show_row "id 7" 7
    show_row "moved to" 1000007
    show_row "id 20" 20
    printf '  %-8s sqlite: %s\n' "new row" "$(lite "select id, name, level from customers where id = 2000000")"
    counts
    worker_cost

    title "5. The worker stops: offsets stored, connections closed"
    began=$(now_ms)
    end worker "$dir" 10
    say "  stopped after $(($(now_ms) - began)) ms"
    title "${green}All of it is equal in source and targets.$plain  Took $SECONDS s."
}

main
