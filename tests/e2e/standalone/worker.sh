# shellcheck shell=bash
# worker.sh - a standalone worker under test, with the embedded broker unless a test says otherwise.
#
# Usage:  . tests/e2e/standalone/worker.sh      (after which lib.sh is there, too)
#
#   worker_properties FILE [KEY=VALUE...]    writes a worker's settings; REST on $URL
#   source_properties NAME IN TOPIC [...]    writes $dir/NAME.properties of a file source, prints its path
#   sink_properties NAME OUT TOPICS [...]    the same of a file sink
#   worker_start FILE...                     starts it (SLUICE_COMMAND=distributed: one of a cluster), waits until
#   worker_stop                              SIGTERM, and expects exit code 0 within STOP_SECONDS (15)
#   worker_kill                              SIGKILL
#   call METHOD PATH [BODY]                  prints the body; STATUS gets the HTTP status
#   field EXPR                               reads JSON, prints a Python expression over it (named j)
#   state_is CONNECTOR STATE / task_is CONNECTOR TASK STATE
#
# Needs B or SLUICE; TEST_DIR is made when it is not set.
# shellcheck source=tests/support/sluice.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/sluice.sh"

PORT=$(SL_PORT_FROM=${SL_PORT_FROM:-25000} SL_PORT_TO=${SL_PORT_TO:-25999} free_port)
URL=http://127.0.0.1:$PORT

worker_properties() {
    local file=$1
    shift
    {
        echo "bootstrap.servers=embedded:"
        echo "key.converter=org.apache.kafka.connect.storage.StringConverter"
        echo "value.converter=org.apache.kafka.connect.storage.StringConverter"
        echo "offset.storage.file.filename=$dir/offsets"
        echo "offset.flush.interval.ms=200"
        echo "listeners=$URL"
        printf '%s\n' "$@"
    } | last_of_each >"$file"
}

source_properties() {
    local name=$1 in=$2 topic=$3
    shift 3
    printf '%s\n' "name=$name" "connector.class=FileStreamSource" "file=$in" "topic=$topic" "$@" >"$dir/$name.properties"
    echo "$dir/$name.properties"
}

sink_properties() {
    local name=$1 out=$2 topics=$3
    shift 3
    printf '%s\n' "name=$name" "connector.class=FileStreamSink" "file=$out" "topics=$topics" "$@" >"$dir/$name.properties"
    echo "$dir/$name.properties"
}

# run_worker: keeps the exit code of the worker, which is nobody's child once it was spawned
worker_spawn() {
    rm -f "$dir/worker.rc"
    # shellcheck disable=SC2016  # for the inner shell
    spawn worker "$dir" bash -c 'trap : TERM INT; "$@" & echo $! >"$0.real"; while kill -0 $! 2>/dev/null; do rc=0; wait $! || rc=$?; done; echo "$rc" >"$0.rc"' \
        "$dir/worker" "$SLUICE" "${SLUICE_COMMAND:-standalone}" "$@"
    wait_until 10 test -s "$dir/worker.real" || fail "the worker was not started"
    WORKER=$(cat "$dir/worker.real")
    rm -f "$dir/worker.real"
}

healthy() {
    [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 5 "$URL/health")" = 200 ]
}

worker_start() {
    worker_spawn "$@"
    if ! wait_until 20 healthy; then
        show_log worker "$dir"
        fail "the worker is not healthy"
    fi
}

worker_ended() {
    test -s "$dir/worker.rc"
}

# worker_exit SECONDS: waits for its end, prints the exit code
worker_exit() {
    wait_until "$1" worker_ended || { show_log worker "$dir" && fail "the worker did not end within $1 s"; }
    cat "$dir/worker.rc"
}

worker_stop() {
    kill -TERM "$WORKER"
    local rc
    rc=$(worker_exit "${STOP_SECONDS:-15}")
    [ "$rc" = 0 ] || { show_log worker "$dir" && fail "expected exit code 0, got $rc"; }
}

worker_kill() {
    kill -KILL "$WORKER"
    worker_exit 10 >/dev/null
}

kill_leftover() {
    [ -z "${WORKER:-}" ] || worker_ended || kill -KILL "$WORKER" 2>/dev/null || true
}
at_exit kill_leftover

call() {
    ask 20 "$1" "$URL$2" "${3:-}"
    cat "$dir/answer"
}

# expect STATUS METHOD PATH [BODY]: a call that must end so; its body is in $dir/answer
expect() {
    local want=$1
    shift
    call "$@" >/dev/null
    [ "$STATUS" = "$want" ] || fail "$1 $2: expected $want, got $STATUS: $(cat "$dir/answer")"
}

field() {
    python3 -c 'import json,sys; j=json.load(sys.stdin); v=eval(sys.argv[1]); print(json.dumps(v) if isinstance(v,(dict,list,bool)) or v is None else v)' "$1"
}

state_is() {
    [ "$(call GET "/connectors/$1/status" | field 'j["connector"]["state"]')" = "$2" ]
}

task_is() {
    [ "$(call GET "/connectors/$1/tasks/$2/status" | field 'j["state"]')" = "$3" ]
}

lines_are() { # lines_are FILE N
    [ "$(wc -l <"$1" 2>/dev/null || echo 0)" -eq "$2" ]
}

stored_position() { # stored_position CONNECTOR: the stored position of a file source
    call GET "/connectors/$1/offsets" | field 'j["offsets"][0]["offset"]["position"]'
}
