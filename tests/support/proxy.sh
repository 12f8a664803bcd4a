#!/bin/bash
# proxy.sh - starts and steers tests/support/tcp-proxy.py, a network that a test can cut.
#
# Usage:  tests/support/proxy.sh start DIR [HOST:]PORT [LISTEN-PORT]   DIR/proxy.env: PROXY_PORT, PROXY_CONTROL_PORT
#         tests/support/proxy.sh COMMAND DIR                            one of pass, stall, cut, reset, stats
#         tests/support/proxy.sh send DIR COMMAND...                  any command of tcp-proxy.py, such as: cut-after 1000
#         tests/support/proxy.sh stop DIR
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start() {
    local dir=$1 target=$2 listen=${3:-}
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    ! alive proxy "$dir" || fail "already running in $dir"
    rm -f "$dir/proxy.env"
    : >"$dir/proxy.log"
    spawn proxy "$dir" python3 "$SL_SUPPORT/tcp-proxy.py" --listen "${listen:-$(free_port)}" --to "$target" \
        --control "$(free_port)" --dir "$dir"
    wait_until 10 test -e "$dir/proxy.env" || {
        show_log proxy "$dir"
        fail "the proxy did not start in $dir"
    }
}

send() {
    local dir=$1 port
    shift
    [ -r "$dir/proxy.env" ] || fail "no proxy in $dir"
    port=$(sed -n 's/^PROXY_CONTROL_PORT=//p' "$dir/proxy.env")
    python3 "$SL_SUPPORT/tcp-proxy.py" --control "$port" --send "$*"
}

action=${1:-}
if [ $# -lt 2 ]; then
    sed -n '/^# Usage/,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
shift
case "$action" in
start)
    [ $# -ge 2 ] || fail "start needs a folder and a target port"
    start "$@"
    ;;
stop) end proxy "$1" 5 ;;
send) send "$@" ;;
pass | stall | cut | reset | stats) send "$1" "$action" ;;
*) fail "unknown action '$action'" ;;
esac
