#!/bin/bash
# postgres.sh - a PostgreSQL server of the test's own on 127.0.0.1, with logical decoding on.
#
# Usage:  tests/support/postgres.sh start DIR [PORT] [setting=value ...]
#         tests/support/postgres.sh stop|kill|restart|remove|status DIR
#
# start   makes the data folder at the first start; returns when a query is answered. Without a PORT: the one of the
#         last start in DIR, else a free one. Settings replace those below; they count for this start only.
# stop    a fast shutdown (clients are disconnected); kill: SIGKILL to the server and what it started (a crash)
# restart stop, then start on the same port; remove: stop, then delete DIR and its data, wherever they are
#
# Roles: `postgres`, superuser, and whoever else: no password on 127.0.0.1 and the socket. `secret` (password `s3cret`,
# may replicate, member of pg_read_all_data) must give its password, by SCRAM. Durable by default; PG_FSYNC=off for throwaway data.
# DIR/postgres.env has PGHOST, PGPORT, PGUSER, PGDATABASE, PG_SOCKET_DIR, PG_BIN and PG_PID. DIR/postgres.log is the log.
#
# PostgreSQL refuses to run as root: as root it runs as user postgres (or nobody), and when that user cannot reach DIR, the
# data lives in a folder under /tmp to which DIR/data points. Binaries: PG_BIN, or the newest
# /usr/lib/postgresql/*/bin, or PATH.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
    sed -n '/^# Usage/,/^#$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

find_binaries() {
    local bin
    if [ -n "${PG_BIN:-}" ]; then
        [ -x "$PG_BIN/initdb" ] || fail "PG_BIN=$PG_BIN has no initdb"
        return
    fi
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t / -k 5 -rn); do
        if [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
            PG_BIN=$bin
            return
        fi
    done
    if command -v initdb >/dev/null; then
        PG_BIN=$(dirname "$(command -v initdb)")
        return
    fi
    fail "PostgreSQL's server is not installed; run tests/support/packages.sh demo"
}

# choose_user: AS is the command that becomes the user of the server, in the same process; empty when not root.
choose_user() {
    AS=()
    SERVER_USER=$(id -un)
    [ "$(id -u)" = 0 ] || return 0
    SERVER_USER=postgres
    id postgres >/dev/null 2>&1 || SERVER_USER=nobody
    AS=(setpriv "--reuid=$(id -u "$SERVER_USER")" "--regid=$(id -g "$SERVER_USER")" --clear-groups --)
}

can_reach() {
    (cd / && "${AS[@]+"${AS[@]}"}" test -w "$1" -a -x "$1") 2>/dev/null
}

# place_data DIR: DIR/data is a folder of the server's user, or a link to one that it can reach. The socket
# is there too, unless its path would be longer than the 107 characters that a socket's may have.
place_data() {
    local dir=$1 place
    if [ ! -e "$dir/data" ]; then
        rm -f "$dir/data" # a link whose target somebody has cleaned away
        mkdir "$dir/data"
        chmod 700 "$dir/data"
        if [ ${#AS[@]} -gt 0 ]; then
            chown "$SERVER_USER" "$dir/data"
            if ! can_reach "$dir/data"; then
                rmdir "$dir/data"
                place=$(mktemp -d "${TMPDIR:-/tmp}/sluice-postgres.XXXXXX")
                chown "$SERVER_USER" "$place"
                can_reach "$place" || fail "user $SERVER_USER can reach neither $dir nor $place"
                ln -s "$place" "$dir/data"
            fi
        fi
    fi
    DATA=$(readlink -f "$dir/data")
    SOCKETS=$DATA/socket
    if [ ${#SOCKETS} -gt 85 ]; then
        SOCKETS=/tmp/sluice-pg-$(cksum <<<"$DATA" | cut -d ' ' -f 1)
    fi
}

as_server() {
    (cd / && "${AS[@]+"${AS[@]}"}" "$@")
}

init_data() {
    [ -e "$DATA/cluster/PG_VERSION" ] && return
    as_server "$PG_BIN/initdb" -D "$DATA/cluster" -U postgres -E UTF8 --locale=C.UTF-8 --auth=trust --no-sync \
        >"$1/initdb.log" 2>&1 || {
        cat "$1/initdb.log" >&2
        fail "initdb failed for $DATA"
    }
    as_server tee -a "$DATA/cluster/postgresql.conf" >/dev/null <<<"include 'sluice.conf'"
    as_server tee "$DATA/cluster/pg_hba.conf" >/dev/null <<END
# database/replication  role  where  how
local  all          secret               scram-sha-256
host   all          secret  127.0.0.1/32 scram-sha-256
host   replication  secret  127.0.0.1/32 scram-sha-256
local  all          all                  trust
local  replication  all                  trust
host   all          all     127.0.0.1/32 trust
host   replication  all     127.0.0.1/32 trust
END
}

write_settings() {
    local port=$1 setting
    shift
    {
        cat <<END
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '$SOCKETS'
wal_level = logical
max_connections = 120
max_replication_slots = 80
max_wal_senders = 80
wal_sender_timeout = 60s
fsync = ${PG_FSYNC:-on}
full_page_writes = ${PG_FSYNC:-on}
shared_buffers = 64MB
max_wal_size = 1GB
password_encryption = scram-sha-256
logging_collector = off
log_line_prefix = '%m [%p] %a '
log_destination = 'stderr'
timezone = 'UTC'
lc_messages = 'C.UTF-8'
END
        for setting in "$@"; do
            case "$setting" in
            [a-z]*=*) printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}" ;;
            *) fail "expected setting=value, got '$setting'" ;;
            esac
        done
    } | as_server tee "$DATA/cluster/sluice.conf" >/dev/null
}

answers() {
    "$PG_BIN/psql" -X -q -h 127.0.0.1 -p "$1" -U postgres -d postgres -c 'select 1'
}

died_or_answers() {
    ! alive postgres "$1" || answers "$2"
}

make_roles() {
    "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$1" -U postgres -d postgres <<'END'
do $$ begin
    if not exists (select from pg_roles where rolname = 'secret') then
        create role secret login replication password 's3cret';
        grant pg_read_all_data to secret;
    end if;
end $$;
END
}

start_once() {
    local dir=$1 port=$2
    shift 2
    write_settings "$port" "$@"
    as_server mkdir -p -m 711 "$SOCKETS"
    : >"$dir/postgres.log"
    (cd / && spawn postgres "$dir" "${AS[@]+"${AS[@]}"}" "$PG_BIN/postgres" -D "$DATA/cluster")
    cat >"$dir/postgres.env" <<END
PGHOST=127.0.0.1
PGPORT=$port
PGUSER=postgres
PGDATABASE=postgres
PG_SOCKET_DIR=$SOCKETS
PG_BIN=$PG_BIN
PG_PID=$(cat "$dir/postgres.pid")
END
    wait_until 60 died_or_answers "$dir" "$port" && alive postgres "$dir" && make_roles "$port"
}

start() {
    local dir=$1 port="" given="" try
    shift
    case "${1:-}" in
    [0-9]*) given=$1 && shift ;;
    esac
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    if alive postgres "$dir"; then
        log "already running in $dir"
        return
    fi
    find_binaries
    choose_user
    place_data "$dir"
    init_data "$dir"
    if [ -r "$dir/postgres.env" ]; then
        port=$(sed -n 's/^PGPORT=//p' "$dir/postgres.env")
    fi
    for try in 1 2 3; do
        port=${given:-${port:-$(free_port)}}
        if start_once "$dir" "$port" "$@"; then
            log "PostgreSQL ($PG_BIN, as $SERVER_USER) on 127.0.0.1:$port, process $(cat "$dir/postgres.pid")"
            return
        fi
        show_log postgres "$dir"
        end postgres "$dir" 5
        if [ -n "$given" ] || ! grep -q 'Address already in use' "$dir/postgres.log"; then
            break
        fi
        log "port $port was taken (try $try), choosing another"
        port=""
    done
    fail "PostgreSQL did not start in $dir"
}

stop() {
    signal_to INT postgres "$1" || true # fast: TERM would wait for every client to leave
    wait_until 20 gone postgres "$1" || true
    signal_to QUIT postgres "$1" || true
    end postgres "$1" 10
}

# The postmaster's children notice its death by themselves, and a new one refuses to start before
# they are gone: end them too.
crash() {
    local pid children="" child
    [ -r "$1/postgres.pid" ] || fail "not running in $1"
    pid=$(cat "$1/postgres.pid")
    if alive postgres "$1"; then
        children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null || true)
        signal_to KILL postgres "$1" || true
        for child in $children; do
            kill -KILL "$child" 2>/dev/null || true
        done
    fi
    end postgres "$1" 5
    # all gone, but maybe not reaped yet: its lock files would still count as a running server's
    rm -f "$1/data/cluster/postmaster.pid"
    rm -f "$(sed -n 's/^PG_SOCKET_DIR=//p' "$1/postgres.env")"/.s.PGSQL.*
}

remove() {
    local data
    stop "$1"
    data=$(readlink -f "$1/data" || true)
    case "$data" in */sluice-postgres.??????) rm -rf "$data" ;; esac
    rm -rf "$1"
}

[ $# -ge 2 ] || usage
action=$1
shift
case "$action" in
start) start "$@" ;;
stop) stop "$1" ;;
kill) crash "$1" ;;
remove) remove "$1" ;;
restart)
    stop "$1"
    start "$@"
    ;;
status)
    alive postgres "$1" || {
        log "not running in $1"
        exit 1
    }
    echo "running, process $(cat "$1/postgres.pid"), port $(sed -n 's/^PGPORT=//p' "$1/postgres.env")"
    ;;
*) usage ;;
esac
