#!/bin/bash
# From Java to Sluice and back: Debezium on a Java Connect standalone worker takes a snapshot and streams, Sluice goes on from its
# offset file, slot and publication, then Java again, twice. One snapshot, every change once, in order; the same file all along.
# seconds: 200
# beside others
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/fault.sh"

fault_database 1000
mkdir -p "$dir/connect"
java_file=$dir/connect/offsets.dat
fault_worker "offset.storage.file.filename=$java_file"
fault_source
at_exit bash "$SL_SUPPORT/connect.sh" remove "$dir/connect"

java_turn() { # java_turn SECONDS
    bash "$SL_SUPPORT/connect.sh" start "$dir/connect" "$BOOTSTRAP" --standalone "$dir/src.properties"
    [ -z "$1" ] || work "$1"
    wait_until 60 arrived --exact --snapshots 1 || fail "Java: $(arrived --exact --snapshots 1)"
    sleep 1.5 # it stores its offsets once a second
    bash "$SL_SUPPORT/connect.sh" stop "$dir/connect"
}
work() {
    writer_start "$1" 0.02
    writer_wait
}
sluice_turn() { # sluice_turn SECONDS
    start_source
    [ -z "$1" ] || work "$1"
    wait_until 30 arrived --exact --snapshots 1 || fail "Sluice: $(arrived --exact --snapshots 1)"
    wait_until 10 running || fail "Sluice: $(call GET "/connectors/$NAME-src/status")"
    worker_stop
    [ "$(head -c 2 "$java_file" | od -An -tx1)" = " ac ed" ] || fail "the offset file is no longer in Java's form"
}

java_turn 3
work 1 # while nobody reads
sluice_turn 3
log "Java, then Sluice: $(arrived --exact --snapshots 1)"
work 1
java_turn 2
log "and Java again: $(arrived --exact --snapshots 1)"
work 1
sluice_turn ""
! grep 'snapshot of' "$dir/worker.log" || fail "Sluice took a snapshot"
log "and Sluice again: $(arrived --exact --snapshots 1)"
