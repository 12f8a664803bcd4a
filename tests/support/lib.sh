# shellcheck shell=bash
# lib.sh - what the test scripts share: messages, waiting, free ports, background processes ended by their own id.
#
# Usage:  set -euo pipefail; . tests/support/lib.sh
#
#   log TEXT...                  a line on standard error, with the time since the script's start
#   fail TEXT...                 the same, then exit 1
#   wait_until SECONDS CMD...    runs CMD (quietly) every 50 ms until it succeeds; 1 when the time is over. SECONDS is what a machine of
#                                the tests' own needs at most; a slow or busy one is given SL_PATIENCE (3) times that. What the
#                                worker promises in seconds is not proved with this: take the times of its log or topics
#   free_port                    prints a TCP port of SL_PORT_FROM..SL_PORT_TO (28000-31999) on which nothing listens. Tests take
#                                those that they keep while nobody listens there (23000-27999) from other ranges
#   port_open PORT               is somebody listening on 127.0.0.1:PORT?
#   at_exit CMD...               runs CMD when the script ends (last registered first), also after a signal
#   spawn NAME DIR CMD...        starts CMD detached, output in DIR/NAME.log, id in DIR/NAME.pid
#   alive NAME DIR               is the process of DIR/NAME.pid (that one, not a later owner of the number) running?
#   end NAME DIR [SECONDS]       TERM, then KILL after SECONDS (default 20); waits until it is gone
#   signal_to SIGNAL NAME DIR    sends SIGNAL to it
#   show_log NAME DIR            its last lines, on standard error
#   telling FILE N               the N lines of a log that say most about why something failed, and its last two
#   slots_stream SLOT...         is each of these replication slots streamed from, and caught up? (a slot is "active" while it is made, too)
#   last_of_each                 of the lines key=value that it reads, the last of each key
#
# Nothing here ever looks a process up by name. Sourcing it sets a trap for EXIT; use at_exit instead of trap.

SL_SUPPORT=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SL_ROOT=$(cd "$SL_SUPPORT/../.." && pwd)
# shellcheck disable=SC2034  # for the scripts that source this file
readonly SL_SUPPORT SL_ROOT
SL_AT_EXIT=()

log() {
    printf '%s [%3ds] %s\n' "${0##*/}" "$SECONDS" "$*" >&2
}

fail() {
    log "error: $*"
    exit 1
}

wait_until() {
    local deadline=$((SECONDS + $1 * ${SL_PATIENCE:-3} + 1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            return 1
        fi
        sleep 0.05
    done
}

port_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
    local from=${SL_PORT_FROM:-28000} to=${SL_PORT_TO:-31999} port i
    for ((i = 0; i < 200; i++)); do
        port=$((from + (RANDOM * 32768 + RANDOM) % (to - from + 1)))
        if ! port_open "$port"; then
            echo "$port"
            return
        fi
    done
    fail "no free port between $from and $to"
}

at_exit() {
    SL_AT_EXIT+=("$(printf '%q ' "$@")")
}

run_at_exit() {
    local status=$? index
    trap - EXIT INT TERM HUP
    set +e
    for ((index = ${#SL_AT_EXIT[@]} - 1; index >= 0; index--)); do
        eval "${SL_AT_EXIT[index]}"
    done
    exit "$status"
}
trap run_at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# The time a process began, in ticks since boot: with the id it names the process for good.
process_birth() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086  # fields
    set -- $stat
    [ "$1" != Z ] && echo "${20}"
}

# detach CMD...: becomes CMD in a session of its own, with no file of the caller's open (a pipe or lock kept
# open by a server would make whoever waits for its end wait for ever).
detach() {
    local fd
    for fd in /proc/self/fd/*; do
        fd=${fd##*/}
        if [ "$fd" -gt 2 ] && [ "$fd" -ne 255 ]; then
            eval "exec $fd>&-" 2>/dev/null || true
        fi
    done
    trap - EXIT INT TERM HUP
    # a shell without job control starts what is in the background with INT and QUIT ignored
    exec env --default-signal=INT,QUIT setsid "$@"
}

spawn() {
    local name=$1 dir=$2 pid
    shift 2
    detach "$@" >>"$dir/$name.log" 2>&1 </dev/null &
    pid=$!
    disown "$pid" 2>/dev/null || true
    echo "$pid $(process_birth "$pid" || echo 0)" >"$dir/$name.birth"
    echo "$pid" >"$dir/$name.pid"
}

alive() {
    local pid birth
    [ -r "$2/$1.birth" ] || return 1
    read -r pid birth <"$2/$1.birth"
    [ "$(process_birth "$pid")" = "$birth" ]
}

gone() {
    ! alive "$@"
}

signal_to() {
    local pid birth
    alive "$2" "$3" || return 1
    # shellcheck disable=SC2034  # the second word
    read -r pid birth <"$3/$2.birth"
    kill -s "$1" "$pid"
}

end() {
    local name=$1 dir=$2 seconds=${3:-20}
    signal_to TERM "$name" "$dir" 2>/dev/null || true
    signal_to CONT "$name" "$dir" 2>/dev/null || true
    if ! wait_until "$seconds" gone "$name" "$dir"; then
        log "$name did not end within $seconds s, killing it"
        signal_to KILL "$name" "$dir" 2>/dev/null || true
        wait_until 10 gone "$name" "$dir" || log "$name is still there after KILL"
    fi
    rm -f "$dir/$name.pid" "$dir/$name.birth"
}

show_log() {
    echo "--- last lines of $2/$1.log" >&2
    tail -n 40 "$2/$1.log" >&2 || true
    echo "---" >&2
}

slots_stream() {
    [ "$(psql -X -q -At -d postgres -c "select count(*) from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid
        where r.state = 'streaming' and s.slot_name = any (string_to_array('$*', ' '))")" -eq $# ]
}

telling() {
    awk -v n="$2" '{ line[NR] = $0 }
        /error: |^FAIL|FAILED  \]|[Ee]xpected|[Aa]ssert|Traceback|[A-Za-z]+Error:|Exception|differ|no end within|\*\*\*/ { t[++found] = NR }
        END {
            for (i = found; i > 0 && i > found - n; i--) { show[t[i]] = 1 }
            for (i = NR; i > 0 && i > NR - 2; i--) { show[i] = 1 }
            for (i = 1; i <= NR; i++) { if (show[i]) { print substr(line[i], 1, 400) } }
        }' "$1"
}

last_of_each() { tac | awk -F= '!seen[$1]++' | tac; }

# matches [OPTION...] PATTERN: grep without output, that reads all of its input: what writes to it never ends by SIGPIPE.
matches() { grep "$@" >/dev/null; }
