#!/bin/bash
# connect.sh - a Java Kafka Connect worker with Debezium's PostgreSQL and JDBC connectors, on 127.0.0.1.
#
# Usage:  tests/support/connect.sh start DIR BOOTSTRAP [PORT] [--standalone FILE...] [worker.property=value ...]
#         tests/support/connect.sh stop|kill|remove|status DIR
#
# start   distributed, or standalone with the connector files given; returns when GET /health says that it is healthy.
#         Without a PORT: that of the last start in DIR, else a free one. Properties replace those below (group.id
#         connect-cluster, topics connect-configs, connect-offsets and connect-status, JSON converters with schemas).
# stop    an orderly stop; kill: SIGKILL; remove: stop and delete DIR
#
# DIR/connect.env has CONNECT_URL, CONNECT_PORT and CONNECT_PID; DIR/connect.pid the id; DIR/connect.log the log.
# Heap: CONNECT_HEAP_MB (default 700); log level: CONNECT_LOG_LEVEL (default info). Needs packages.sh check.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    sed -n '/^# Usage/,/^#$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# read_arguments: PORT, MODE, FILES and PROPERTIES from what follows BOOTSTRAP
read_arguments() {
    local argument
    PORT="" MODE=distributed FILES=() PROPERTIES=()
    for argument in "$@"; do
        case "$argument" in
        --standalone) MODE=standalone ;;
        [a-z]*.*=*) PROPERTIES+=("$argument") ;;
        *[!0-9]*)
            if [ $MODE != standalone ] || [ ! -r "$argument" ]; then
                fail "expected a port, --standalone FILE or worker.property=value, got '$argument'"
            fi
            FILES+=("$(readlink -f "$argument")")
            ;;
        *) PORT=$argument ;;
        esac
    done
    if [ $MODE = standalone ] && [ ${#FILES[@]} -eq 0 ]; then
        fail "--standalone needs a connector's file"
    fi
}

write_properties() {
    local dir=$1 bootstrap=$2 port=$3 plugins=$4
    {
        cat <<END
bootstrap.servers=$bootstrap
listeners=http://127.0.0.1:$port
rest.advertised.host.name=127.0.0.1
plugin.path=$plugins
plugin.discovery=service_load
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
offset.flush.interval.ms=1000
END
        if [ "$MODE" = distributed ]; then
            cat <<END
group.id=connect-cluster
config.storage.topic=connect-configs
offset.storage.topic=connect-offsets
status.storage.topic=connect-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=4
status.storage.partitions=2
scheduled.rebalance.max.delay.ms=0
END
        else
            echo "offset.storage.file.filename=$dir/offsets.dat"
        fi
        [ ${#PROPERTIES[@]} -eq 0 ] || printf '%s\n' "${PROPERTIES[@]}"
    } | last_of_each >"$dir/worker.properties"
}

java_command() {
    local libs=$1 class=Distributed
    command -v java >/dev/null || fail "java is not installed; run tests/support/packages.sh check"
    [ "$MODE" = distributed ] || class=Standalone
    JAVA=(java -Dfile.encoding=UTF-8 -Xms128m "-Xmx${CONNECT_HEAP_MB:-700}m" -XX:TieredStopAtLevel="${CONNECT_JIT_LEVEL:-1}"
        -XX:+UseSerialGC -Xshare:auto -Djava.net.preferIPv4Stack=true -Djava.awt.headless=true
        -Dorg.slf4j.simpleLogger.defaultLogLevel="${CONNECT_LOG_LEVEL:-info}"
        -Dorg.slf4j.simpleLogger.showDateTime=true "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS"
        -cp "$libs/*" "org.apache.kafka.connect.cli.Connect$class")
}

is_healthy() {
    curl -sf -m 5 "http://127.0.0.1:$1/health" | grep -q '"healthy"'
}

died_or_healthy() {
    ! alive connect "$1" || is_healthy "$2"
}

start_once() {
    local dir=$1 bootstrap=$2 port=$3 plugins=$4
    write_properties "$dir" "$bootstrap" "$port" "$plugins"
    : >"$dir/connect.log"
    spawn connect "$dir" "${JAVA[@]}" "$dir/worker.properties" ${FILES[@]+"${FILES[@]}"}
    cat >"$dir/connect.env" <<END
CONNECT_URL=http://127.0.0.1:$port
CONNECT_PORT=$port
CONNECT_PID=$(cat "$dir/connect.pid")
END
    wait_until 90 died_or_healthy "$dir" "$port" && alive connect "$dir"
}

start() {
    local dir=$1 bootstrap=$2 port="" folders try
    shift 2
    read_arguments "$@"
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    if alive connect "$dir"; then
        log "already running in $dir"
        return
    fi
    command -v curl >/dev/null || fail "curl is not installed; run tests/support/packages.sh check"
    mapfile -t folders < <("$SL_SUPPORT/fetch-java.sh" connect debezium)
    [ ${#folders[@]} -eq 2 ] || fail "the jars could not be fetched"
    java_command "${folders[0]}"
    if [ -r "$dir/connect.env" ]; then
        port=$(sed -n 's/^CONNECT_PORT=//p' "$dir/connect.env")
    fi
    for try in 1 2 3; do
        port=${PORT:-${port:-$(free_port)}}
        if start_once "$dir" "$bootstrap" "$port" "${folders[1]}"; then
            log "Kafka Connect ($MODE) on http://127.0.0.1:$port, process $(cat "$dir/connect.pid")"
            return
        fi
        show_log connect "$dir"
        end connect "$dir" 5
        if [ -n "$PORT" ] || ! grep -q 'BindException\|Address already in use' "$dir/connect.log"; then
            break
        fi
        log "port $port was taken (try $try), choosing another"
        port=""
    done
    fail "Kafka Connect did not start in $dir"
}

[ $# -ge 2 ] || usage
action=$1
shift
case "$action" in
start)
    [ $# -ge 2 ] || usage
    start "$@"
    ;;
stop) end connect "$1" 30 ;;
kill)
    signal_to KILL connect "$1" || true
    end connect "$1" 5
    ;;
remove)
    end connect "$1" 30
    rm -rf "$1"
    ;;
status)
    alive connect "$1" || {
        log "not running in $1"
        exit 1
    }
    echo "running, process $(cat "$1/connect.pid"), $(sed -n 's/^CONNECT_URL=//p' "$1/connect.env")"
    ;;
*) usage ;;
esac
