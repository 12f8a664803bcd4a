#!/bin/bash
# kill -9 again and again while a file is copied through a real broker: nothing is missing, what is repeated is in order.
# seconds: 240
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

: "${BOOTSTRAP:?a broker is needed}"
topic=standalone-kill-$$-$RANDOM
worker_properties "$dir/worker.properties" "bootstrap.servers=$BOOTSTRAP" "consumer.session.timeout.ms=6000"
sed -i '/^bootstrap.servers=embedded:/d' "$dir/worker.properties"
: >"$dir/in"
source=$(source_properties source "$dir/in" "$topic")
sink=$(sink_properties "sink-$topic" "$dir/out" "$topic" consumer.override.auto.offset.reset=earliest)

ROUNDS=${ROUNDS:-6}
for ((round = 1; round <= ROUNDS; round++)); do
    worker_start "$dir/worker.properties" "$source" "$sink"
    (for ((i = 0; i < 40; i++)); do
        seq -f "$round-$i-%.0f" 1 250 >>"$dir/in"
        sleep 0.02
    done) &
    writer=$!
    sleep "$(awk -v r=$RANDOM 'BEGIN { print 0.3 + r / 32768 * 1.5 }')"
    if [ "$round" -lt "$ROUNDS" ]; then worker_kill; fi
    wait "$writer"
done

everything() { [ "$(sort -u "$dir/out" | wc -l)" -eq "$(wc -l <"$dir/in")" ]; }
wait_until 90 everything || fail "expected $(wc -l <"$dir/in") lines, $(sort -u "$dir/out" | wc -l) of them arrived"
worker_stop
# each line's first arrival is in the order of the file
awk '!seen[$0]++' "$dir/out" >"$dir/first"
cmp "$dir/in" "$dir/first" || fail "what arrived is not in order"
log "$(wc -l <"$dir/in") lines in $ROUNDS runs, $(($(wc -l <"$dir/out") - $(wc -l <"$dir/in"))) repeated"
