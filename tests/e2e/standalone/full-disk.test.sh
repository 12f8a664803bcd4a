#!/bin/bash
# The disk under the offset file is full: the worker names the file and the remedy, keeps the old offsets, goes on with the
# data, also after kill -9 and an orderly stop, and stores offsets once there is room. Nothing is lost.
# seconds: 120
# beside others
if [ -z "${OWN_MOUNTS:-}" ]; then # a small file system of its own, gone with the test
    for rights in "" --map-root-user; do
        if unshare --mount $rights mount -t tmpfs -o size=64k tmpfs /mnt 2>/dev/null; then
            OWN_MOUNTS=1 exec unshare --mount $rights bash "$0"
        fi
    done
    echo "skipped: no right to mount a file system here; test_offsets has a file that may not grow" >&2
    exit 0
fi
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

disk=$dir/disk
mkdir -p "$disk"
mount -t tmpfs -o size=64k tmpfs "$disk"
worker_properties "$dir/worker.properties"
sed -i "s|^offset.storage.file.filename=.*|offset.storage.file.filename=$disk/offsets|" "$dir/worker.properties"
: >"$dir/in"
source=$(source_properties source "$dir/in" lines)
sink=$(sink_properties sink "$dir/out" lines)

more_lines() { seq -f "$1 %.0f" 1 1000 >>"$dir/in"; }
arrived() { [ "$(sort -u "$dir/out" 2>/dev/null | wc -l)" -eq "$(wc -l <"$dir/in")" ]; }
caught_up() { [ "$(stored_position source)" = "$(stat -c %s "$dir/in")" ]; }
fill_disk() { if cat /dev/zero >"$disk/fill" 2>/dev/null; then fail "the disk is not full"; fi; }
old_is_intact() { cmp "$dir/old-offsets" "$disk/offsets" || fail "$1: the offset file has changed"; }
warned() { grep -q "WARN  offsets: source-0: offsets were not stored $1.*cannot write '$disk/offsets.tmp': No space left on device; make room" "$dir/worker.log"; }

# ---- as it should be ----
more_lines first
worker_start "$dir/worker.properties" "$source" "$sink"
wait_until 20 arrived || fail "the first lines did not arrive"
wait_until 10 caught_up || fail "the offset was not stored"
cp "$disk/offsets" "$dir/old-offsets"

# ---- full: it says so, the data flows, the old offsets stay ----
fill_disk
more_lines second
wait_until 20 arrived || fail "the data stopped with the offsets"
wait_until 10 warned 'and will be tried again' || fail "no word of the full disk: $(tail -n 3 "$dir/worker.log")"
old_is_intact "full disk"
[ ! -e "$disk/offsets.tmp" ] || fail "the attempt was left on the disk"
task_is source 0 RUNNING || fail "the source does not run on a full disk"
if caught_up; then fail "REST shows an offset that is not stored"; fi

# ---- offsets that are set through REST are refused, not pretended ----
expect 204 PUT /connectors/source/stop
wait_until 10 state_is source STOPPED || fail "the source was not stopped"
warned 'at the end' || fail "no word of the offsets at the end of the task: $(tail -n 3 "$dir/worker.log")"
expect 503 PATCH /connectors/source/offsets "{\"offsets\":[{\"partition\":{\"filename\":\"$dir/in\"},\"offset\":{\"position\":3}}]}"
matches "$disk/offsets.tmp.*make room" "$dir/answer" || fail "the answer does not name the file and the remedy: $(cat "$dir/answer")"
old_is_intact "offsets through REST"
expect 202 PUT /connectors/source/resume

# ---- killed while full, and started while full: from the old offset ----
wait_until 20 task_is source 0 RUNNING || fail "the source does not run again"
worker_kill
old_is_intact "kill -9"
worker_start "$dir/worker.properties" "$source" "$sink"
more_lines third
wait_until 20 arrived || fail "the lines after kill -9 did not arrive"

# ---- an orderly stop while full ----
worker_stop
[ "$(grep -c "offsets were not stored at the end" "$dir/worker.log")" -ge 2 ] || fail "no word of the offsets at the orderly stop"
old_is_intact "orderly stop"

# ---- room again: offsets follow by themselves ----
worker_start "$dir/worker.properties" "$source" "$sink"
more_lines fourth
wait_until 20 arrived || fail "the last lines did not arrive"
if caught_up; then fail "an offset was stored on a full disk"; fi
rm "$disk/fill"
wait_until 20 caught_up || fail "the offset was not stored after there was room"
worker_stop
awk '!seen[$0]++' "$dir/out" >"$dir/first"
cmp "$dir/in" "$dir/first" || fail "what arrived is not in order"
log "$(wc -l <"$dir/in") lines, $(($(wc -l <"$dir/out") - $(wc -l <"$dir/in"))) repeated"
