#!/bin/bash
# kafka.sh - a real Kafka broker (KRaft, one node) on 127.0.0.1.
#
# Usage:  tests/support/kafka.sh start DIR [PORT] [property=value ...]
#         tests/support/kafka.sh stop|kill|remove|status DIR
#
# start   data, log and configuration in DIR; returns when a client gets metadata. Without a PORT: the one of the last
#         start in DIR, else free ones. Properties replace those below, for this start only. On an existing DIR the data is kept.
# stop    an orderly stop of that broker only; kill: SIGKILL. Both leave DIR in place; remove: stop, delete DIR.
# status  0 and a line when it runs, else 1
#
# DIR/kafka.env has BOOTSTRAP, KAFKA_PORT, KAFKA_CONTROLLER_PORT and KAFKA_PID; DIR/kafka.pid the id; DIR/kafka.log the log.
# Heap: KAFKA_HEAP_MB (default 700). Needs packages.sh check; fetches the jars when they are not in the cache.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    sed -n '/^# Usage/,/^#$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

write_properties() {
    local dir=$1 port=$2 controller=$3 property
    shift 3
    cat >"$dir/server.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
log.retention.ms=-1
log.segment.bytes=67108864
log.cleaner.dedupe.buffer.size=8388608
num.io.threads=4
num.network.threads=2
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
END
    for property in "$@"; do
        case "$property" in
        [a-z]*=*) echo "$property" >>"$dir/server.properties" ;;
        *) fail "expected property=value, got '$property'" ;;
        esac
    done
}

java_command() {
    local libs
    libs=$("$SL_SUPPORT/fetch-java.sh" kafka)
    command -v java >/dev/null || fail "java is not installed; run tests/support/packages.sh check"
    JAVA=(java "-Xms128m" "-Xmx${KAFKA_HEAP_MB:-700}m" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto
        -Djava.net.preferIPv4Stack=true -Djava.awt.headless=true
        -Dorg.slf4j.simpleLogger.defaultLogLevel="${KAFKA_LOG_LEVEL:-warn}" -Dorg.slf4j.simpleLogger.showDateTime=true
        "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS" -cp "$libs/*")
}

# The id of the data folder: 16 bytes in base64 without padding, as the broker writes them.
cluster_id() {
    head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | tr -d '='
}

format_storage() {
    local dir=$1
    [ -e "$dir/data/meta.properties" ] && return
    mkdir -p "$dir/data"
    "${JAVA[@]}" kafka.tools.StorageTool format -t "$(cluster_id)" -c "$dir/server.properties" >"$dir/format.log" 2>&1 || {
        cat "$dir/format.log" >&2
        fail "could not format $dir/data"
    }
}

is_usable() {
    kcat -L -m 1 -b "127.0.0.1:$1"
}

died_or_usable() {
    ! alive kafka "$1" || is_usable "$2"
}

start_once() {
    local dir=$1 port=$2 controller=$3
    shift 3
    write_properties "$dir" "$port" "$controller" "$@"
    format_storage "$dir"
    : >"$dir/kafka.log"
    spawn kafka "$dir" "${JAVA[@]}" kafka.Kafka "$dir/server.properties"
    cat >"$dir/kafka.env" <<END
BOOTSTRAP=127.0.0.1:$port
KAFKA_PORT=$port
KAFKA_CONTROLLER_PORT=$controller
KAFKA_PID=$(cat "$dir/kafka.pid")
END
    wait_until 60 died_or_usable "$dir" "$port" && alive kafka "$dir"
}

start() {
    local dir=$1 port="" controller="" given="" try
    shift
    case "${1:-}" in
    [0-9]*) given=$1 && shift ;;
    esac
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    if alive kafka "$dir"; then
        log "already running in $dir"
        return
    fi
    command -v kcat >/dev/null || fail "kcat is not installed; run tests/support/packages.sh check"
    java_command
    if [ -r "$dir/kafka.env" ]; then
        port=$(sed -n 's/^KAFKA_PORT=//p' "$dir/kafka.env")
        controller=$(sed -n 's/^KAFKA_CONTROLLER_PORT=//p' "$dir/kafka.env")
    fi
    for try in 1 2 3; do
        port=${given:-${port:-$(free_port)}}
        if start_once "$dir" "$port" "${controller:-$(free_port)}" "$@"; then
            log "Kafka on 127.0.0.1:$port, process $(cat "$dir/kafka.pid")"
            return
        fi
        show_log kafka "$dir"
        end kafka "$dir" 5
        # another process took a port between the choice and its use: choose again
        if [ -n "$given" ] || ! grep -q 'BindException\|Address already in use' "$dir/kafka.log"; then
            break
        fi
        log "port $port or $controller was taken (try $try), choosing others"
        port="" controller=""
    done
    fail "Kafka did not start in $dir"
}

[ $# -ge 2 ] || usage
action=$1
shift
case "$action" in
start) start "$@" ;;
stop) end kafka "$1" 20 ;;
kill)
    signal_to KILL kafka "$1" || true
    end kafka "$1" 5
    ;;
remove)
    end kafka "$1" 20
    rm -rf "$1"
    ;;
status)
    alive kafka "$1" || {
        log "not running in $1"
        exit 1
    }
    echo "running, process $(cat "$1/kafka.pid"), $(grep BOOTSTRAP "$1/kafka.env")"
    ;;
*) usage ;;
esac
