#!/bin/bash
# The commands for a terminal against a worker that does not lead and one that is dead; how far a snapshot is, whoever runs it, in
# a view that stays; published clients against a worker that does not lead.
# seconds: 240
# beside others
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
# shellcheck source=tests/support/published-clients.sh
. tests/support/published-clients.sh
db=client_$$
make_database $db

says() { # says PATTERN ARGS...: the command succeeds and prints that
    local pattern=$1
    shift
    timeout 40 "$SLUICE" "$@" >"$dir/out" 2>&1 || fail "sluice $*: $(cat "$dir/out")"
    grep -q -- "$pattern" "$dir/out" || fail "sluice $*: expected '$pattern', got: $(cat "$dir/out")"
}

install_clients
for n in 1 2; do worker_file $n; done
up 1
up 2
SLUICE_URL=http://$(id_of 2)
export SLUICE_URL

# ---- a worker that does not lead ----
printf 'x\ny\n' >"$dir/in-first"
printf '%s\n' name=first connector.class=FileStreamSource "file=$dir/in-first" "topic=$GROUP-first" >"$dir/first.properties"
says '^first: created' create "$dir/first.properties"
says '^first  source' connectors
wait_until 20 placed 2 first || fail "first does not run"
says '^first: configured' create --replace "$dir/first.properties"
says 'pausing' pause first
says 'resuming' resume first
says 'restarting' restart --tasks --failed first
says 'stopped' stop first
says 'reset successfully' offsets first reset
says '"offsets"' offsets first --json
says 'resuming' resume first
says 'conformance: DEBUG on all workers' logs level --cluster conformance DEBUG
wait_until 20 placed 2 first || fail "first does not run"
try_clients 127.0.0.1 "$(port_of 2)" "$dir" 4

# ---- a snapshot, 10 ms a row until it was seen, asked of the worker that does not run it ----
sql -d $db <<'END'
create sequence pace;
create function pace() returns boolean volatile language plpgsql as
    $$ begin if (select last_value from pace) = 1 then perform pg_sleep(0.01); end if; return true; end $$;
END
cat >"$dir/cdc.json" <<END
{"name": "cdc", "config": {"connector.class": "io.debezium.connector.postgresql.PostgresConnector", "database.hostname": "$PGHOST",
 "database.port": "$PGPORT", "database.user": "$PGUSER", "database.dbname": "$db", "topic.prefix": "$GROUP", "slot.name": "$db",
 "publication.name": "pub", "publication.autocreate.mode": "disabled", "table.include.list": "public.a", "snapshot.fetch.size": "100",
 "snapshot.select.statement.overrides": "public.a",
 "snapshot.select.statement.overrides.public.a": "select * from a where pace()"}}
END
says 'cdc: created' create "$dir/cdc.json"
wait_until 20 placed 2 cdc || fail "cdc does not run: $(cat "$dir/answer")"
other=$((3 - $(owner 2 cdc)))
progress='snapshot: [1-9][0-9]* of about 5000 rows ([0-9]*%), [1-9][0-9]* rows/s, about [0-9]* s left'
far() { timeout 20 "$SLUICE" status cdc --url "http://$(id_of $other)" >"$dir/out" 2>&1 && grep -q "^$progress" "$dir/out"; }
wait_until 15 far || fail "how far the snapshot is: $(cat "$dir/out")"
timeout 4 script -qefc "$SLUICE status --watch --url http://$(id_of $other)" /dev/null >"$dir/screen" </dev/null || true
for wanted in "$progress" $'\033\\[H' $'\033\\[32mRUNNING' 'NAME.*PROGRESS' '0 records/s'; do
    grep -q "$wanted" "$dir/screen" || fail "the view that stays has no '$wanted': $(cat "$dir/screen")"
done
sql -d $db -c "select setval('pace', 2)" >/dev/null
streams() { timeout 20 "$SLUICE" status cdc >"$dir/out" 2>&1 && grep -q '^streaming: [0-9.]* s behind' "$dir/out"; }
sql -d $db -c "insert into a values (5001, 'new')"
wait_until 30 streams || fail "how far behind: $(cat "$dir/out")"

# ---- a dead worker ----
kill_worker $other
rc=0
timeout 20 "$SLUICE" status --url "http://$(id_of $other)" >"$dir/out" 2>&1 || rc=$?
[ $rc = 1 ] || fail "a dead worker: exit code $rc"
grep -q "no worker answers at http://$(id_of $other).*SLUICE_URL" "$dir/out" || fail "a dead worker: $(cat "$dir/out")"
alive=$((3 - other))
says '^cdc *source' status --url "http://$(id_of $other),http://$(id_of $alive)"
says '"cdc"' connectors --json --url "http://$(id_of $other),http://$(id_of $alive)"
stop_worker $alive
