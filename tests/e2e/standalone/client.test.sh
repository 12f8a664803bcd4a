#!/bin/bash
# The commands that talk to a worker: tables, --json, exit codes, completion and the manual page.
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"
printf 'a\nb\n' >"$dir/in"
worker_properties "$dir/worker.properties"
worker_start "$dir/worker.properties" "$(source_properties first "$dir/in" t)"
export SLUICE_URL=$URL
printf '%s\n' 'name=second one' connector.class=FileStreamSource "file=$dir/in" topic=u >"$dir/second.properties"

says() { # says PATTERN ARGS...: the command succeeds and prints that
    local pattern=$1
    shift
    "$SLUICE" "$@" >"$dir/out" 2>&1 || fail "sluice $*: $(cat "$dir/out")"
    grep -q -- "$pattern" "$dir/out" || fail "sluice $*: expected '$pattern', got: $(cat "$dir/out")"
}
refuses() { # refuses CODE PATTERN ARGS...
    local code=$1 pattern=$2 rc=0
    shift 2
    "$SLUICE" "$@" >"$dir/out" 2>&1 || rc=$?
    [ $rc = "$code" ] || fail "sluice $*: expected exit code $code, got $rc: $(cat "$dir/out")"
    grep -q -- "$pattern" "$dir/out" || fail "sluice $*: expected '$pattern', got: $(cat "$dir/out")"
}

says '^first  source  RUNNING  1/1' connectors
says '^first$' connectors --names
says '"status"' connectors --json
says '^second one: created' create "$dir/second.properties"
refuses 1 '409: Connector second one already exists' create "$dir/second.properties"
says '^second one: configured' create --replace "$dir/second.properties"
runs() { "$SLUICE" status "second one" | matches '^  task 0 *RUNNING'; }
wait_until 10 runs || fail "the new connector does not run: $("$SLUICE" status "second one")"
says 'pausing' pause "second one"
says 'resuming' resume "second one"
says 'restarting' restart --tasks "second one" first
wait_until 10 runs || fail "the connector does not run after a restart"
stored() { "$SLUICE" offsets "second one" | matches '{"position": 4}'; }
wait_until 10 stored || fail "no offset: $("$SLUICE" offsets "second one")"
refuses 1 '400: Connectors must be in the STOPPED state' offsets "second one" reset
says 'stopped' stop "second one"
says '"offsets"' offsets "second one" get --json
sed 's/"position": *4/"position":2/' "$dir/out" >"$dir/offsets.json"
says 'altered successfully' offsets "second one" set "$dir/offsets.json"
says '{"position": 2}' offsets "second one"
says 'reset successfully' offsets "second one" reset
says 'deleted' delete "second one"
refuses 1 '404: Connector second one not found' delete "second one"
says 'herder: DEBUG' logs level herder DEBUG
says '"DEBUG"' logs level herder
refuses 2 'usage: sluice status' status --nonsense
refuses 2 'usage: sluice preflight' preflight --nonsense
refuses 2 'expected the file of a distributed worker' preflight
refuses 2 'cannot be opened' preflight "$dir/no-such-file"
refuses 2 'expected the name of a connector' pause
refuses 1 'no worker answers' status --url=http://127.0.0.1:1
refuses 1 'no worker answers' status --url http://127.0.0.1:1
"$SLUICE" completion bash >"$dir/completion" && bash -n "$dir/completion"
# shellcheck disable=SC1091
words=$(. "$dir/completion" && COMP_WORDS=(sluice stat) COMP_CWORD=1 && _sluice 2>/dev/null && echo "${COMPREPLY[*]}")
[ "$words" = status ] || fail "completion of 'stat': '$words'"
says '^\.SS status' man
worker_stop
