#!/bin/bash
# Workers join, leave and come back while lines flow: what is to run is shared out, what need not move does not stop; connectors
# are made over REST on any worker, and by a record in the config topic.
# seconds: 150
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

DELAY_MS=5000 # a worker that is started again at once is back within that
for n in 1 2 3; do worker_file $n; done
up 1
names=(a b c d e f)
make_source 1 "${names[@]}"
wait_until 20 placed 1 "${names[@]}" || fail "not all run: $(cat "$dir/answer")"
feed 55 "${names[@]}"

# ---- join ----
up 2 3
wait_until 20 even 2 2 2 1 2 3 || fail "not shared out evenly: $(for n in 1 2 3; do units_of 2 $n; done)"
[ "$(leader 1 2 3)" = 1 ] || fail "the leader changed when others joined"
moved=0
for c in "${names[@]}"; do moved=$((moved + $(starts_of "$c") - 1)); done
if [ "$moved" -lt 4 ] || [ "$moved" -gt 5 ]; then
    fail "four tasks have to move to share out six among three, five when one joins after the other; $moved moved"
fi

# ---- the same on every worker; a write on one that does not lead ----
expect 409 2 POST /connectors "$(file_source a)"
expect 404 3 GET /connectors/nobody/status
expect 202 3 PUT /connectors/a/pause
state_is() { call "$1" GET "/connectors/$2/status" && [ "$(field 'j["connector"]["state"] + " " + " ".join(t["state"] for t in j["tasks"])')" = "$3" ]; }
wait_until 10 state_is 2 a "PAUSED PAUSED" || fail "a was not paused: $(cat "$dir/answer")"
expect 202 2 PUT /connectors/a/resume
wait_until 10 placed 3 a || fail "a was not resumed"
expect 204 2 PUT /connectors/b/stop
wait_until 10 state_is 3 b "STOPPED " || fail "b was not stopped: $(cat "$dir/answer")"
expect 200 3 GET /connectors/b/offsets
expect 202 3 PUT /connectors/b/resume
wait_until 10 placed 1 b || fail "b was not resumed: $(cat "$dir/answer")"
other=$(owner 1 c)
expect 204 $((other % 3 + 1)) POST /connectors/c/tasks/0/restart
wait_until 10 placed 1 c || fail "c does not run after the restart of its task"
expect 202 2 POST "/connectors/c/restart?includeTasks=true"
wait_until 10 placed 1 c || fail "c does not run after its restart"

# ---- a record in the config topic ----
: >"$dir/in-g"
file_source g | python3 -c 'import json, sys
j = json.load(sys.stdin)
print("connector-g|" + json.dumps({"properties": {**j["config"], "name": "g"}}))' |
    kcat -b "$BOOTSTRAP" -t "$GROUP-config" -P -K '|'
wait_until 20 placed 2 g || fail "the connector of the record does not run: $(cat "$dir/answer")"
seq 1 100 >>"$dir/in-g"

# ---- leave: the others take over, after the delay ----
before=$(starts_of a)
here=$(owner 1 a)
gone=$((here == 3 ? 2 : 3))
left=$(date +%s%3N)
stop_worker $gone
all_of() { [ "$(($(units_of "$1" "$2" | cut -d' ' -f2) + $(units_of "$1" "$3" | cut -d' ' -f2)))" = 7 ]; }
rest=$((6 - 1 - gone))
wait_until 15 all_of 1 1 $rest || fail "not taken over: $(units_of 1 1), $(units_of 1 $rest)"
left=$(($(date +%s%3N) - left))
log "taken over $left ms after it was told to leave"
[ "$left" -ge "$DELAY_MS" ] || fail "taken over before the delay was over"
[ "$(starts_of a)" = "$before" ] || fail "a task that needed not move was stopped"

# ---- back, then away for less than the delay: it gets its own back, and nothing else stops ----
up $gone
all_three() { placed 1 "${names[@]}" g; }
settled_on() { # seven tasks on three workers, and none on its way
    local n tasks
    for n in 1 2 3; do
        tasks=$(units_of 1 "$n" | cut -d' ' -f2)
        if [ "$tasks" != 2 ] && [ "$tasks" != 3 ]; then return 1; fi
    done
    all_three
}
wait_until 20 settled_on || fail "not shared out again: $(for n in 1 2 3; do units_of 1 "$n"; done)"
starts_of_all() { cat "$dir"/?.log | grep -cE 'INFO  [a-g]-0: reading'; }
for try in 1 2 3 4; do # on a busy machine it may be away for longer
    total=$(starts_of_all)
    had=$(units_of 1 $gone | cut -d' ' -f2)
    left=$(date +%s%3N)
    stop_worker $gone
    up $gone
    left=$(($(date +%s%3N) - left))
    log "it was away for $left ms"
    [ "$left" -ge "$DELAY_MS" ] || break
    [ "$try" -lt 4 ] || fail "four times the worker was not back within $DELAY_MS ms"
    wait_until 20 settled_on || fail "not shared out again: $(for n in 1 2 3; do units_of 1 "$n"; done)"
done
again() { [ "$(units_of 1 $gone | cut -d' ' -f2)" = "$had" ] && all_three; }
wait_until 20 again || fail "it did not get its own back: had $had, has $(units_of 1 $gone)"
now=$(starts_of_all)
[ $((now - total)) = "$had" ] || fail "$had tasks were started again, expected; $((now - total)) were"

# ---- delete ----
expect 204 2 DELETE /connectors/g
expect 404 2 GET /connectors/g
removed() { call 3 GET /connectors/g/status && [ "$STATUS" = 404 ]; }
wait_until 10 removed || fail "the status of g is still there: $(cat "$dir/answer")"

feed_wait
for c in "${names[@]}"; do compare "$c" once; done
for n in 3 2 1; do stop_worker $n; done
