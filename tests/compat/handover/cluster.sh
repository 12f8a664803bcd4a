# shellcheck shell=bash
# cluster.sh - a Java cluster and a Sluice cluster, one after the other on the same file and topics, and the same port.
#
# Usage:  . tests/compat/handover/cluster.sh      (after which fault.sh and what it has are there, too)
#
#   java_start [KEY=VALUE...]     Kafka Connect, distributed, with Debezium
#   java_stop N                   stops it; its log ends up in $dir/java-N.log
#   worker_start "$file"          Sluice, distributed
#   json_of NAME KEY=VALUE...     the body that makes connector $NAME-NAME; initial_state is not of its configuration
#   make NAME KEY=VALUE...        makes it
#   preflight CODE                `sluice preflight` of $file must end so; $dir/preflight.{txt,json} have what it says
#   preflight_text CODE           the same without the JSON
#   json_is EXPR [ARGUMENT...]    a Python expression over that JSON (named j; a = the arguments) is true
# shellcheck source=tests/fault/fault.sh disable=SC2119
. "$(dirname "${BASH_SOURCE[0]}")/../../fault/fault.sh"
# shellcheck disable=SC2034  # for worker.sh
SLUICE_COMMAND=distributed
java=$dir/connect
file=$java/worker.properties # the one file of both

java_start() {
    CONNECT_HEAP_MB=400 bash "$SL_SUPPORT/connect.sh" start "$java" "$BOOTSTRAP" "$PORT" "group.id=$NAME" \
        "config.storage.topic=$NAME-configs" "offset.storage.topic=$NAME-offsets" "status.storage.topic=$NAME-status" \
        offset.flush.interval.ms=500 "$@"
}
java_stop() {
    bash "$SL_SUPPORT/connect.sh" stop "$java"
    cp "$java/connect.log" "$dir/java-$1.log"
}
at_exit bash "$SL_SUPPORT/connect.sh" remove "$java"

json_of() {
    python3 - "$NAME-$1" "${@:2}" <<'END'
import json, sys
config = dict(a.split("=", 1) for a in sys.argv[2:])
state = config.pop("initial_state", None)
print(json.dumps({"name": sys.argv[1], "config": config, **({"initial_state": state} if state else {})}))
END
}
make() { expect 201 POST /connectors "$(json_of "$@")"; }

preflight_text() {
    local rc=0
    "$SLUICE" preflight "$file" >"$dir/preflight.txt" 2>&1 || rc=$?
    [ "$rc" = "$1" ] || fail "sluice preflight: expected exit code $1, got $rc: $(cat "$dir/preflight.txt")"
}
preflight() {
    local rc=0
    preflight_text "$1"
    "$SLUICE" preflight --json "$file" >"$dir/preflight.json" 2>/dev/null || rc=$?
    [ "$rc" = "$1" ] || fail "sluice preflight --json: expected exit code $1, got $rc"
}
json_is() {
    python3 -c 'import json, sys
j, a = json.load(open(sys.argv[1], encoding="utf-8")), sys.argv[3:]
sys.exit(0 if eval(sys.argv[2]) else 1)' "$dir/preflight.json" "$@" || fail "not so: $* in $(cat "$dir/preflight.json")"
}
