#!/bin/bash
# The network between one worker of a cluster and Kafka is cut while lines flow: shortly, and nothing stops; for longer than its
# session, and its tasks run elsewhere in time while it writes nothing any more; then the broker itself is killed and comes back.
# seconds: 300
# shellcheck source=tests/e2e/distributed/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/../e2e/distributed/cluster.sh"

proxy() { bash "$SL_SUPPORT/proxy.sh" "$@" 2>/dev/null; }
kafka() { bash "$SL_SUPPORT/kafka.sh" "$@" "$dir/kafka"; }

# ---- a broker of its own; worker 3 reaches it through a proxy only ----
inner=$(SL_PORT_FROM=26000 SL_PORT_TO=26099 free_port)
plain=$(SL_PORT_FROM=26100 SL_PORT_TO=26199 free_port)
control=$(SL_PORT_FROM=26200 SL_PORT_TO=26299 free_port)
at_exit proxy stop "$dir/net"
proxy start "$dir/net" "$inner"
# shellcheck disable=SC1091
. "$dir/net/proxy.env"
at_exit kafka remove
start_kafka() {
    bash "$SL_SUPPORT/kafka.sh" start "$dir/kafka" "$plain" "controller.quorum.voters=1@127.0.0.1:$control" \
        "listeners=PLAINTEXT://127.0.0.1:$plain,PROXIED://127.0.0.1:$inner,CONTROLLER://127.0.0.1:$control" \
        "advertised.listeners=PLAINTEXT://127.0.0.1:$plain,PROXIED://127.0.0.1:$PROXY_PORT"
}
start_kafka
BOOTSTRAP=127.0.0.1:$plain
worker_file 1
worker_file 2
worker_file 3 "bootstrap.servers=127.0.0.1:$PROXY_PORT"
up 1 2
up 3
names=(a b c d e f)
make_source 1 "${names[@]}"
wait_until 90 even 1 2 2 1 2 3 || fail "not shared out evenly: $(for n in 1 2 3; do units_of 1 $n; done)"
share() { # whose tasks are worker 3's
    theirs=() others=()
    for c in "${names[@]}"; do
        if [ "$(owner 1 "$c")" = 3 ]; then theirs+=("$c"); else others+=("$c"); fi
    done
}
[ "$(leader 1 2 3)" != 3 ] || fail "the worker behind the proxy leads; another was the first"
feed 290 "${names[@]}"
sleep 2

back() { [ "$(units_of 1 3 | cut -d' ' -f2)" = 2 ] && placed 1 "${names[@]}"; }

# ---- for less than a session: everything goes on where it is ----
# On a busy machine cutting and mending may take so long that it is no short cut any more: then it is made once more.
for _ in 1 2 3 4 5; do
    share
    began=$(now)
    proxy cut "$dir/net" >/dev/null
    sleep 2
    proxy pass "$dir/net" >/dev/null
    took=$(($(now) - began))
    sleep 3
    blip=$(now)
    [ "$took" -gt 3500 ] || break
    log "the cut took $took ms, once more"
    sleep "$((SESSION_MS / 1000))"
    wait_until 90 back || fail "the worker did not come back after a cut of $took ms: $(units_of 1 3)"
done
[ "$took" -le 3500 ] || fail "this machine is too busy for a cut of 2 s: the last one took $took ms"

# ---- for longer: a black hole, whose connections are dead afterwards ----
limit=$((SESSION_MS + DELAY_MS + 2000))
cut=$(now)
proxy stall "$dir/net" >/dev/null
gone_over() { [ "$(units_of 1 3 | cut -d' ' -f2)" = 0 ] && placed 1 "${names[@]}"; }
wait_until $((limit / 1000 + 60)) gone_over || fail "not taken over: $(cat "$dir/answer")"
sleep 2
proxy cut "$dir/net" >/dev/null
mended=$(now)
proxy pass "$dir/net" >/dev/null
wait_until 90 back || fail "the worker did not come back: $(units_of 1 3)"
grep -q 'no longer a member of group' "$dir/3.log" || fail "the worker that was cut off has not noticed"

# ---- the broker is killed ----
sleep 1
kafka kill
sleep 1
start_kafka
up_again=$(now)
all_run() { placed 1 "${names[@]}" && placed 3 "${names[@]}"; }
wait_until 90 all_run || fail "not all run after the broker's restart: $(cat "$dir/answer")"
log "all run $(($(now) - up_again)) ms after the broker was back"
sleep 1
feed_end
for c in "${names[@]}"; do compare "$c"; done
timeline still "$began" "$blip" 1500 "${others[@]}" -- still "$began" "$blip" 5500 "${theirs[@]}"
timeline still "$cut" "$mended" 1500 "${others[@]}" -- again "$cut" "$limit" "$(id_of 3)" "${theirs[@]}" \
    -- silent "$cut" "$mended" "$(id_of 3)"
for c in "${names[@]}"; do timeline lines "$c" 6 -- offsets "$c"; done
for n in 3 2 1; do stop_worker $n; done
