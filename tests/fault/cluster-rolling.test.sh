#!/bin/bash
# A rolling restart of a cluster with static members (group.instance.id) while lines flow: each worker gets its own tasks back, and
# those of the others never stop. A worker that is reached under the address of another one ends and says why.
# seconds: 300
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/distributed/cluster.sh"

SESSION_MS=10000
for n in 1 2 3; do worker_file $n "group.instance.id=worker-$n"; done
up 1
up 2 3
names=(a b c d e f)
make_source 1 "${names[@]}"
wait_until 90 even 1 2 2 1 2 3 || fail "not shared out evenly: $(for n in 1 2 3; do units_of 1 $n; done)"
declare -A home
for c in "${names[@]}"; do home[$c]=$(owner 1 "$c"); done
feed 290 "${names[@]}"
sleep 1

began=() ended=()
back() { [ "$(units_of "$2" "$1" | cut -d' ' -f2)" = 2 ] && placed "$2" "${names[@]}"; }
for n in 3 2 1; do # the leader last
    began[n]=$(now)
    stop_worker $n
    up $n
    wait_until 90 back $n $((n % 3 + 1)) || fail "worker $n did not get its own back: $(units_of $((n % 3 + 1)) $n)"
    ended[n]=$(now)
    sleep 1
done
for c in "${names[@]}"; do
    [ "$(owner 1 "$c")" = "${home[$c]}" ] || fail "$c moved from worker ${home[$c]} to $(owner 1 "$c")"
    [ "$(starts_of "$c")" = 2 ] || fail "$c was started $(starts_of "$c") times, two were expected: once, and after its worker's restart"
done

# ---- one with the address of another ----
began[4]=$(now)
worker_file 4 "rest.advertised.port=$(port_of 1)"
rc=0
timeout 90 "$SLUICE" distributed "$dir/4.properties" >"$dir/4.log" 2>&1 || rc=$?
[ "$rc" = 3 ] || fail "a worker with the address of another ended with $rc: $(tail -n 5 "$dir/4.log")"
grep -q "another worker of the cluster is reached under '$(id_of 1)', too" "$dir/4.log" || fail "it does not say why it ends"
grep -q "another worker says that it is reached under '$(id_of 1)', too" "$dir/1.log" || fail "worker 1 does not say it"
sleep 1
ended[4]=$(now)

feed_end
for c in "${names[@]}"; do compare "$c" once; done
for n in 4 3 2 1; do
    others=()
    for c in "${names[@]}"; do if [ "${home[$c]}" != $n ]; then others+=("$c"); fi; done
    timeline still "${began[n]}" "${ended[n]}" 1500 "${others[@]}"
done
for c in "${names[@]}"; do timeline lines "$c" 0 -- offsets "$c"; done
for n in 3 2 1; do stop_worker $n; done
