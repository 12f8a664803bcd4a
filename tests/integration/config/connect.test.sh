#!/bin/bash
# Settings that are right while the database behind them is not: `sluice validate` asks it with --connect only, REST always, as the
# Java connectors do; what is wrong stands at the key where they say it.
# seconds: 60
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../e2e/standalone/worker.sh"

: "${PGHOST:?}" "${PGPORT:?}"
out=$dir/out.txt
nobody=$(free_port)
worker_properties "$dir/worker.properties"

cdc() { # cdc NAME PORT [PASSWORD]: $dir/NAME.properties
    printf '%s\n' "name=$1" connector.class=io.debezium.connector.postgresql.PostgresConnector "database.hostname=$PGHOST" \
        "database.port=$2" database.user=secret "database.password=${3:-s3cret}" database.dbname=postgres topic.prefix=t "slot.name=$1" >"$dir/$1.properties"
}
sink() { # sink NAME CLASS URL [LINE...]
    printf '%s\n' "name=$1" "connector.class=$2" "connection.url=$3" topics=t "${@:4}" >"$dir/$1.properties"
}
confluent=io.confluent.connect.jdbc.JdbcSinkConnector
cdc good "$PGPORT"
cdc down "$nobody"
cdc denied "$PGPORT" wr0ng-one
sink good_sink jdbc-sink "jdbc:postgresql://$PGHOST:$PGPORT/postgres" connection.username=secret connection.password=s3cret
sink down_sink jdbc-sink "jdbc:postgresql://$PGHOST:$nobody/postgres"
sink denied_sink "$confluent" "jdbc:postgresql://$PGHOST:$PGPORT/postgres" connection.user=secret connection.password=wr0ng-one
sink no_folder "$confluent" "jdbc:sqlite:$dir/none/x.db"
all=(good down denied good_sink down_sink denied_sink no_folder)

check() { # check CODE [--connect] FILE...: validate ends with this code
    local want=$1 rc=0
    shift
    "$SLUICE" validate "$@" >"$out" 2>&1 || rc=$?
    [ "$rc" = "$want" ] || fail "validate $*: expected $want, got $rc: $(cat "$out")"
    if grep -q 'wr0ng-one\|s3cret' "$out"; then fail "a password was printed: $(cat "$out")"; fi
}

found() { # found NAME KEY TEXT: the last check said so, with the line of the key
    grep -q "/$1\.properties:[0-9]*: $2: $3" "$out" || fail "expected at $2 of $1: $3: $(cat "$out")"
}

files=("${all[@]/%/.properties}")
files=("${files[@]/#/$dir/}")
check 0 "$dir/worker.properties" "${files[@]}"
grep -q '0 errors, 0 warnings' "$out" || fail "without --connect nobody is asked: $(cat "$out")"
check 0 --connect "$dir/worker.properties" "$dir/good.properties" "$dir/good_sink.properties"
for worker in "$dir/worker.properties" ''; do
    check 3 --connect ${worker:+"$worker"} "${files[@]}"
    found down database.hostname "Error while validating connector config: .*refused"
    found denied database.hostname "Error while validating connector config: .*password authentication failed"
    found down_sink connection.url "Could not connect to database\. .*refused"
    found denied_sink connection.url "Could not connect to database\. .*password authentication failed"
    found no_folder connection.url "Could not connect to database\. .*unable to open"
    grep -q ': 5 errors, 0 warnings' "$out" || fail "five have no database: $(cat "$out")"
done
# shellcheck disable=SC2016 # for the worker
sed 's/^database.password=.*/database.password=${env:SECRET}/' "$dir/good.properties" >"$dir/reference.properties"
check 0 --connect "$dir/reference.properties"
grep -q 'no connection was tried' "$out" || fail "nothing is said of what was not tried: $(cat "$out")"

# a server that takes the connection and says nothing: connection.validation.timeout.ms is the limit
python3 -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
taken = []
while True:
    taken.append(s.accept())
    print("taken", file=sys.stderr, flush=True)' >"$dir/silent" 2>"$dir/taken" &
at_exit kill $!
wait_until 10 test -s "$dir/silent" || fail "no silent server"
cdc silent "$(cat "$dir/silent")"
echo connection.validation.timeout.ms=500 >>"$dir/silent.properties"
check 3 --connect "$dir/silent.properties"
wait_until 10 lines_are "$dir/taken" 1 || fail "validate asks once: $(cat "$dir/taken")"
found silent database.hostname "Error while validating connector config: .*within 500 ms"

# REST: /config/validate, and what it refuses is not created
json() { # json NAME: its settings
    python3 -c 'import json, sys; print(json.dumps(dict(l.rstrip("\n").split("=", 1) for l in open(sys.argv[1]))))' "$dir/$1.properties"
}
errors_at() { # errors_at KEY: of the answer in $dir/answer
    field "[c['value']['errors'] for c in j['configs'] if c['value']['name'] == '$1'][0]" <"$dir/answer"
}
worker_start "$dir/worker.properties"
expect 200 PUT /connector-plugins/PostgresConnector/config/validate "$(json good)"
[ "$(field 'j["error_count"]' <"$dir/answer")" = 0 ] || fail "the good one has errors: $(cat "$dir/answer")"
expect 200 PUT /connector-plugins/PostgresConnector/config/validate "$(json down)"
errors_at database.hostname | matches '^\["Error while validating connector config: ' || fail "REST: $(errors_at database.hostname)"
[ "$(field 'j["error_count"]' <"$dir/answer")" = 1 ] || fail "one error: $(cat "$dir/answer")"
expect 200 PUT /connector-plugins/jdbc-sink/config/validate "$(json down_sink)"
errors_at connection.url | matches '^\["Could not connect to database\.' || fail "REST: $(errors_at connection.url)"
expect 400 PUT /connectors/denied/config "$(json denied)"
grep -q 'password authentication failed' "$dir/answer" || fail "why it was refused: $(cat "$dir/answer")"
expect 404 GET /connectors/denied

# a worker that ends does not wait for a server that is silent
sed -i 's/^connection.validation.timeout.ms=.*/connection.validation.timeout.ms=60000/' "$dir/silent.properties"
(ask 40 PUT "$URL/connectors/silent/config" "$(json silent)") &
wait_until 10 lines_are "$dir/taken" 2 || fail "the silent server was not asked"
STOP_SECONDS=10 worker_stop
wait $! || true
log "databases are asked where they should be"
