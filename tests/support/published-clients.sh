# shellcheck shell=bash
# published-clients.sh - clients from PyPI that manage a worker, and requests made from its OpenAPI description.
#
# Usage:  . tests/support/published-clients.sh      after lib.sh
#
#   install_clients                  puts them into a folder of the user's cache, once
#   try_clients HOST PORT DIR [N]    connector `first`, a file source, must run there; N requests for each operation (15)
#
# shellcheck source=tests/support/versions.sh
. "$SL_ROOT/tests/support/versions.sh"
tools=${XDG_CACHE_HOME:-$HOME/.cache}/sluice/rest-clients-$SL_KAFKA_CONNECT_PY_VERSION-$SL_CONNECTORCTL_VERSION-$SL_SCHEMATHESIS_VERSION

install_clients() {
    [ ! -e "$tools/ready" ] || return 0
    python3 -m venv "$tools"
    "$tools/bin/pip" install -q "kafka-connect-py==$SL_KAFKA_CONNECT_PY_VERSION" "connectorctl==$SL_CONNECTORCTL_VERSION" \
        "schemathesis==$SL_SCHEMATHESIS_VERSION"
    touch "$tools/ready"
}

# answers URL PATTERN: GET has it
answers() { curl -s -m 10 "$1" | matches "$2"; }

try_kafka_connect() { # try_kafka_connect URL DIR
    local url=$1 dir=$2
    connect() {
        KAFKA_CONNECT_URL=$url HOME=$dir timeout 30 "$tools/bin/kafka-connect" "$@" >"$dir/out" 2>&1 || fail "kafka-connect $*: $(cat "$dir/out")"
    }
    : >"$dir/published.txt"
    cat >"$dir/second.json" <<END
{"name": "second", "config": {"connector.class": "FileStreamSource", "file": "$dir/published.txt", "topic": "published-$$"}}
END
    connect create -f "$dir/second.json"
    grep -q '"name": "second"' "$dir/out" || fail "create: $(cat "$dir/out")"
    wait_until 10 answers "$url/connectors/second/tasks/0/status" RUNNING || fail "the new connector does not run"
    connect list
    grep -q second "$dir/out" || fail "list: $(cat "$dir/out")"
    connect pause second
    wait_until 10 answers "$url/connectors/second/status" '"connector":{"state":"PAUSED"' || fail "not paused"
    connect resume second
    connect restart -i second
    wait_until 10 answers "$url/connectors/second/tasks/0/status" RUNNING || fail "not running after a restart"
    connect list-topics second
    connect list-plugins
    connect delete second
    wait_until 10 answers "$url/connectors" '^\["first"\]$' || fail "not deleted"
}

try_connectorctl() { # try_connectorctl HOST PORT DIR
    local url=http://$1:$2 dir=$3
    ctl() { HOME=$dir timeout 30 "$tools/bin/connectorctl" "$@" >"$dir/out" 2>&1 || fail "connectorctl $*: $(cat "$dir/out")"; }
    ctl set-env dev --server "$1" --port "$2"
    ctl use-env dev
    ctl list
    grep -q first "$dir/out" || fail "list: $(cat "$dir/out")"
    ctl status first
    grep -q RUNNING "$dir/out" || fail "status: $(cat "$dir/out")"
    ctl pause first
    wait_until 10 answers "$url/connectors/first/status" '"connector":{"state":"PAUSED"' || fail "connectorctl did not pause"
    ctl resume first
    wait_until 10 answers "$url/connectors/first/status" '"connector":{"state":"RUNNING"' || fail "connectorctl did not resume"
}

try_description() { # try_description URL DIR N
    (cd "$2" && HOME=$2 "$tools/bin/schemathesis" run "$1/openapi.json" --url "$1" --max-examples "$3" --checks not_a_server_error \
        --phases fuzzing,coverage --request-timeout 20 -w 2 --seed 1) >"$2/schemathesis.log" 2>&1 || {
        tail -n 40 "$2/schemathesis.log" >&2
        fail "a request made from the description was answered with a 5xx, or not at all"
    }
    answers "$1/health" healthy || fail "the worker is not healthy afterwards"
}

try_clients() {
    try_kafka_connect "http://$1:$2" "$3"
    try_connectorctl "$1" "$2" "$3"
    try_description "http://$1:$2" "$3" "${4:-15}"
}
