#!/bin/bash
# Workers of a cluster are killed while lines flow: the one that does not lead, the leader, all at once; one is stopped for longer than
# its session and goes on (a zombie). Nothing is lost, order is kept, tasks run again in time, others do not stop.
# seconds: 300
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/distributed/cluster.sh"

for n in 1 2 3; do worker_file $n; done
up 1 2 3
names=(a b c d e f)
make_source 2 "${names[@]}"
wait_until 90 even 1 2 2 1 2 3 || fail "not shared out evenly: $(for n in 1 2 3; do units_of 1 $n; done)"
feed 290 "${names[@]}"
limit=$((SESSION_MS + DELAY_MS + 2000))

# taken_over GONE ASKED: everything runs, nothing of it on that worker
taken_over() {
    call "$2" GET '/connectors?expand=status' && [ "$STATUS" = 200 ] &&
        [ "$(field "all(u['state'] == 'RUNNING' and u['worker_id'] != '$(id_of "$1")' for c in j.values() for u in [c['status']['connector'], *c['status']['tasks']])")" = true ]
}

# lose GONE ASKED WHAT: after it is gone its tasks run elsewhere in time, and no other task was started anew
lose() {
    local gone=$1 asked=$2 began untouched=() theirs=() c before=0 after=0
    for c in "${names[@]}"; do if [ "$(owner "$asked" "$c")" != "$gone" ]; then untouched+=("$c"); else theirs+=("$c"); fi; done
    for c in "${untouched[@]}"; do before=$((before + $(starts_of "$c"))); done
    began=$(now)
    shift 2
    "$@" "$gone"
    wait_until $((limit / 1000 + 60)) taken_over "$gone" "$asked_now" || fail "not taken over: $(cat "$dir/answer")"
    timeline ran "$began" "$limit" "$(id_of "$gone")" "${theirs[@]}"
    for c in "${untouched[@]}"; do after=$((after + $(starts_of "$c"))); done
    [ "$before" = "$after" ] || fail "tasks that needed not move were started again"
}

pause_worker() { kill -STOP "$(pid_of "$1")"; }

# ---- one that does not lead ----
lead=$(leader 1 2 3)
gone=$((lead % 3 + 1))
asked_now=$lead
lose "$gone" "$lead" kill_worker
up "$gone"
back() { [ "$(units_of "$lead" "$gone" | cut -d' ' -f2)" = 2 ]; }
wait_until 90 back || fail "the worker that was started again got nothing"

# ---- a zombie: it finds its lease over, writes nothing, and joins again ----
zombie=$((gone % 3 + 1))
if [ "$zombie" = "$lead" ]; then zombie=$((zombie % 3 + 1)); fi
lose "$zombie" "$lead" pause_worker
kill -CONT "$(pid_of "$zombie")"
rejoined() { [ "$(units_of "$lead" "$zombie" | cut -d' ' -f2)" = 2 ]; }
wait_until 90 rejoined || fail "the zombie did not come back as a member"

# ---- the leader ----
asked_now=$((lead % 3 + 1))
lose "$lead" $asked_now kill_worker
[ -n "$(leader $asked_now $((asked_now % 3 + 1)) 2>/dev/null || leader 1 2 3)" ] || fail "nobody leads"
up "$lead"

# ---- all at once ----
for n in 1 2 3; do kill_worker $n; done
up 1 2 3
all_run() { placed 1 "${names[@]}" && [ "$(($(units_of 1 1 | cut -d' ' -f2) + $(units_of 1 2 | cut -d' ' -f2) + $(units_of 1 3 | cut -d' ' -f2)))" = 6 ]; }
wait_until 90 all_run || fail "not all run after all workers were killed: $(cat "$dir/answer")"

feed_end
for c in "${names[@]}"; do
    compare "$c"
    timeline lines "$c" 6 -- offsets "$c" # nobody wrote after another had taken over
done
for n in 1 2 3; do stop_worker $n; done
