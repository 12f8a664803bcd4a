#!/bin/bash
# run.sh - the README's commands in a bare Debian 12, made for the purpose and thrown away afterwards.
#
# Usage:  tests/cleanroom/run.sh [--keep] [demo] [check] [docker-steps]      (default: demo check)
#         tests/cleanroom/run.sh [--keep] -- COMMAND...                      any command, in the clone
#
# demo, check    `make demo`, `make check`, one after the other in the same room: a clone of HEAD in /root/sluice,
#                with git and make installed and nothing else. The README must name the command.
# docker-steps   the RUN and COPY steps of the Dockerfile, a fresh room for each of its stages, then the image's
#                entry point with `--version` as the image's user
# --keep         leave the room (its path is printed)
#
# The room is debootstrap's minbase, kept as a tar file in ${XDG_CACHE_HOME:-~/.cache}/sluice/cleanroom; delete that
# file for a new one. What it gets from this machine: /etc/resolv.conf, apt's sources and Acquire settings, the
# certificates of /usr/local/share/ca-certificates, Maven's settings.xml, and the proxy variables, as far as there are any:
# the same that a container would be given to reach its packages. No other variable goes in.
#
# Commands run in mount and process namespaces of their own, so that nothing stays mounted or running afterwards, whatever
# happens. Needs root (or a container's root with the right to make namespaces); installs debootstrap when it is missing.
# Rooms are made in CLEANROOM_DIR (default /var/tmp); a room with everything of `make check` takes about 3 GB.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../support/versions.sh
. "$SL_SUPPORT/versions.sh"

CACHE=${XDG_CACHE_HOME:-${HOME:?}/.cache}/sluice/cleanroom
PLACE=${CLEANROOM_DIR:-/var/tmp}
KEEP=no
ROOMS=()
INMATE=""

# remove_room DIR: only below PLACE, only when nothing is mounted there, and never across a file system's border.
remove_room() {
    case "$1" in "$PLACE"/sluice-cleanroom.*) ;; *) fail "refusing to delete $1" ;; esac
    if grep -qF " $1/" /proc/self/mountinfo; then
        log "something is still mounted below $1; it stays"
        return
    fi
    rm -rf --one-file-system "$1"
}

remove_rooms() {
    local room
    for room in ${ROOMS[@]+"${ROOMS[@]}"}; do
        if [ $KEEP = yes ]; then
            log "kept: $room"
        else
            remove_room "$room"
        fi
    done
}

# The mirror that this machine's own apt uses for Debian itself; none: debootstrap knows one.
# shellcheck disable=SC2016  # apt-get expands these
host_mirror() {
    LC_ALL=C apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(ORIGIN)' 2>/dev/null |
        awk -v name="$SL_DEBIAN_CODENAME" '$2 == name && $3 == "Debian" { print $1; exit }'
}

make_base() {
    local part mirror
    mkdir -p "$CACHE"
    exec 8>"$CACHE/.lock"
    flock 8
    if [ ! -s "$CACHE/$SL_DEBIAN_CODENAME.tar" ]; then
        "$SL_SUPPORT/packages.sh" cleanroom
        part=$(mktemp -d "$PLACE/sluice-cleanroom.XXXXXX")
        ROOMS+=("$part")
        chmod 755 "$part"
        mirror=$(host_mirror)
        log "debootstrap of $SL_DEBIAN_CODENAME, once"
        # shellcheck disable=SC2086  # no mirror is no argument
        debootstrap --variant=minbase "$SL_DEBIAN_CODENAME" "$part" $mirror >"$CACHE/debootstrap.log" 2>&1 || {
            tail -n 20 "$CACHE/debootstrap.log" >&2
            fail "debootstrap failed; the whole log is $CACHE/debootstrap.log"
        }
        rm -rf "$part"/var/cache/apt/archives/*.deb "$part"/var/lib/apt/lists/*
        tar -C "$part" --numeric-owner -cf "$CACHE/$SL_DEBIAN_CODENAME.tar.part" .
        mv "$CACHE/$SL_DEBIAN_CODENAME.tar.part" "$CACHE/$SL_DEBIAN_CODENAME.tar"
        remove_room "$part"
        ROOMS=()
    fi
    exec 8>&-
}

# What a room needs of this machine to reach its packages.
carry_over() {
    local room=$1 settings=${HOME}/.m2/settings.xml file
    cp -L /etc/resolv.conf "$room/etc/resolv.conf"
    echo "127.0.0.1 localhost" >"$room/etc/hosts"
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries|Proxy|Force|Max)' \
        >"$room/etc/apt/apt.conf.d/99-as-the-host" || true
    if grep -qrs "$SL_DEBIAN_CODENAME" /etc/apt/sources.list /etc/apt/sources.list.d; then
        rm -f "$room/etc/apt/sources.list"
        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
            if grep -qs "$SL_DEBIAN_CODENAME" "$file"; then
                cp "$file" "$room$file"
            fi
        done
    fi
    if [ -d /usr/local/share/ca-certificates ]; then
        mkdir -p "$room/usr/local/share/ca-certificates"
        find /usr/local/share/ca-certificates -name '*.crt' -exec cp -L {} "$room/usr/local/share/ca-certificates/" \;
    fi
    if [ -r "$settings" ]; then
        mkdir -p "$room/root/.m2"
        cp "$settings" "$room/root/.m2/"
    fi
}

# make_room: prints nothing, sets ROOM
make_room() {
    ROOM=$(mktemp -d "$PLACE/sluice-cleanroom.XXXXXX")
    ROOMS+=("$ROOM")
    chmod 755 "$ROOM"
    tar -C "$ROOM" --numeric-owner -xf "$CACHE/$SL_DEBIAN_CODENAME.tar"
    carry_over "$ROOM"
}

# The first process of the room: makes the file systems that a machine has, then becomes the command.
# shellcheck disable=SC2016  # it is the inner shell that expands
INSIDE='
set -e
room=$1 folder=$2
shift 2
mount -t tmpfs -o mode=755,nosuid room-dev "$room/dev"
make_node() { mknod -m 666 "$room/dev/$1" c "$2" "$3"; }
make_node null 1 3; make_node zero 1 5; make_node full 1 7
make_node random 1 8; make_node urandom 1 9; make_node tty 5 0
mkdir -p "$room/dev/pts" "$room/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 room-pts "$room/dev/pts" && ln -s pts/ptmx "$room/dev/ptmx"
mount -t tmpfs -o mode=1777 room-shm "$room/dev/shm"
ln -s /proc/self/fd "$room/dev/fd"
ln -s fd/0 "$room/dev/stdin"; ln -s fd/1 "$room/dev/stdout"; ln -s fd/2 "$room/dev/stderr"
mount -t proc room-proc "$room/proc"
mount -t sysfs -o ro room-sys "$room/sys" 2>/dev/null || true
exec chroot "$room" /bin/bash -c "cd \"\$1\" && shift && exec \"\$@\"" bash "$folder" "$@"
'

# in_room FOLDER CMD...: runs CMD there, in ROOM, with a bare environment
in_room() {
    local folder=$1 name variables=()
    shift
    for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY SL_PORT_FROM SL_PORT_TO; do
        [ -z "${!name:-}" ] || variables+=("$name=${!name}")
    done
    # in the background, so that a signal to this script is served at once; then INT and QUIT must not stay ignored
    env -i --default-signal=INT,QUIT HOME=/root TERM="${TERM:-dumb}" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        ${variables[@]+"${variables[@]}"} \
        unshare --mount --propagation private --pid --fork --kill-child --ipc --uts \
        /bin/bash -c "$INSIDE" bash "$ROOM" "$folder" "$@" </dev/null &
    INMATE=$!
    local status=0
    wait "$INMATE" || status=$?
    INMATE=""
    return $status
}

# The room's first process dies with unshare, and with it every process of the room.
end_inmate() {
    if [ -n "$INMATE" ]; then
        kill -KILL "$INMATE" 2>/dev/null || true
        wait "$INMATE" 2>/dev/null || true
        sleep 0.5
    fi
}

install_first() {
    in_room / /bin/sh -c "apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q install -y \
        --no-install-recommends $*" >"$CACHE/first.log" 2>&1 || {
        tail -n 20 "$CACHE/first.log" >&2
        fail "the room cannot install $*; the whole log is $CACHE/first.log"
    }
}

clone_into() {
    mkdir -p "$1"
    git clone -q --no-hardlinks "file://$SL_ROOT" "$1"
    log "the room has $(git -C "$1" log -1 --format='%h %s')"
}

make_project_room() {
    make_base
    make_room
    install_first git make
    clone_into "$ROOM/root/sluice"
}

run_target() {
    local target=$1 began=$SECONDS
    grep -q "make $target" "$ROOM/root/sluice/README.md" || fail "the README does not name \`make $target\`"
    log "make $target"
    in_room /root/sluice make "$target" || fail "make $target failed in the clean room"
    log "make $target: $((SECONDS - began)) s"
}

run_docker_steps() {
    local stage="" folder=/ user=root kind rest from to room_of_build=""
    make_base
    git -C "$SL_ROOT" diff --quiet HEAD -- Dockerfile || log "note: the Dockerfile has changes that are not committed"
    while IFS=$'\t' read -r kind rest; do
        case "$kind" in
        STAGE)
            room_of_build=${stage:+$ROOM}
            stage=$rest folder=/ user=root
            make_room
            log "stage $stage"
            ;;
        WORKDIR) folder=$rest && mkdir -p "$ROOM$folder" ;;
        USER) user=$rest ;;
        CONTEXT)
            [ -d "$ROOM/.context" ] || clone_into "$ROOM/.context"
            IFS=$'\t' read -r from to <<<"$rest"
            (cd "$ROOM/.context" && mkdir -p "$(dirname "$ROOM$to")" && cp -rT "$from" "$ROOM$to")
            ;;
        FROM-STAGE)
            IFS=$'\t' read -r from to <<<"$rest"
            mkdir -p "$(dirname "$ROOM$to")"
            cp -rdT --preserve=mode,links "$room_of_build$from" "$ROOM$to"
            ;;
        RUN)
            log "RUN $rest"
            in_room "$folder" /bin/sh -c "$rest" >"$CACHE/docker-run.log" 2>&1 || {
                tail -n 40 "$CACHE/docker-run.log" >&2
                fail "the step failed; the whole log is $CACHE/docker-run.log"
            }
            ;;
        ENTRYPOINT) entry=$rest ;;
        *) fail "docker-steps: unexpected step '$kind'" ;;
        esac
    done < <(python3 "$SL_ROOT/tests/cleanroom/dockerfile.py" "$SL_ROOT/Dockerfile" || echo "BAD")
    [ -n "${entry:-}" ] || fail "the Dockerfile has no ENTRYPOINT"
    [ "$user" != root ] || fail "the image would run as root"
    rm -rf "$ROOM/.context"
    log "as $user: $entry --version"
    in_room / setpriv --reuid="$user" --regid="$user" --init-groups "$entry" --version ||
        fail "the image's entry point does not run"
    in_room / setpriv --reuid="$user" --regid="$user" --init-groups "$entry" plugins || fail "it finds no plugins"
    log "the image adds $(($(du -sm "$ROOM" | cut -f 1) - $(tar -tvf "$CACHE/$SL_DEBIAN_CODENAME.tar" |
        awk '{ s += $3 } END { print int(s / 1048576) }'))) MB to its base"
}

[ "$(id -u)" = 0 ] || fail "needs root, to make a file system tree of another Debian and to enter it: sudo $0 $*"
at_exit remove_rooms
at_exit end_inmate
if [ "${1:-}" = --keep ]; then
    KEEP=yes && shift
fi
if [ "${1:-}" = -- ]; then
    shift
    make_project_room
    in_room /root/sluice "$@"
    exit
fi
[ $# -gt 0 ] || set -- demo check
PROJECT_ROOM=""
for what in "$@"; do
    case "$what" in
    demo | check)
        if [ -z "$PROJECT_ROOM" ]; then
            make_project_room
            PROJECT_ROOM=$ROOM
        fi
        ROOM=$PROJECT_ROOM
        run_target "$what"
        ;;
    docker-steps) run_docker_steps ;;
    *) fail "unknown argument '$what'; expected demo, check, docker-steps or -- COMMAND" ;;
    esac
done
log "clean room: $* passed"
