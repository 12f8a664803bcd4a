#!/bin/bash
# packages.sh - installs the Debian packages that a part of the project needs, and only the missing ones.
#
# Usage:  tests/support/packages.sh GROUP...        install what is missing (root, or sudo)
#         tests/support/packages.sh --list GROUP... print the packages, one a line
#         tests/support/packages.sh --check GROUP... exit 0 when all are there, else name the missing ones
#
# Groups: build      compiler and libraries for `make`
#         runtime    the shared libraries of a built worker (the Dockerfile's last stage)
#         demo       build + PostgreSQL and the sqlite3 shell, for `make demo`
#         check      demo + JDK 17, Maven, kcat, Python 3 and small tools, for `make check`
#         lint       clang-format, clang-tidy, cppcheck, shellcheck
#         fuzz       clang with its sanitizer runtime
#         cleanroom  debootstrap
#
# When everything is there this is one dpkg-query and no more. It starts no service and makes no PostgreSQL
# cluster of the system's own. Several copies may run at once: apt's own lock makes them wait.
set -euo pipefail

fail() {
    echo "packages: $*" >&2
    exit 1
}

debian_version() {
    local version=""
    if [ -r /etc/os-release ]; then
        version=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release)
    fi
    echo "${version:-13}"
}

# names that changed between Debian 12 and 13
version=$(debian_version)
if [ "$version" -le 12 ]; then
    pg=15 java=openjdk-17-jdk-headless clang=14
    lib_microhttpd=libmicrohttpd12 lib_ssl=libssl3
else
    pg=17 java=openjdk-21-jdk-headless clang=19
    lib_microhttpd=libmicrohttpd12t64 lib_ssl=libssl3t64
fi

group_packages() {
    case "$1" in
    build)
        echo gcc libc6-dev make pkg-config librdkafka-dev libpq-dev libjansson-dev libyaml-dev \
            libmicrohttpd-dev libsqlite3-dev libpcre2-dev libcmocka-dev libssl-dev zlib1g-dev libjemalloc-dev
        ;;
    runtime)
        echo librdkafka1 libpq5 libjansson4 libyaml-0-2 $lib_microhttpd libsqlite3-0 libpcre2-8-0 \
            $lib_ssl zlib1g libjemalloc2 ca-certificates
        ;;
    demo)
        group_packages build
        echo "postgresql-$pg" "postgresql-client-$pg" sqlite3 procps util-linux diffutils curl jq
        ;;
    check)
        group_packages demo
        echo "$java" maven ca-certificates kcat python3 python3-venv openssl curl jq git iproute2
        ;;
    lint) echo clang-format clang-tidy cppcheck shellcheck ;;
    fuzz) echo clang "libclang-rt-$clang-dev" ;;
    cleanroom) echo debootstrap git ca-certificates ;;
    *) fail "unknown group '$1'; expected build, runtime, demo, check, lint, fuzz or cleanroom" ;;
    esac
}

# print_missing PACKAGES... prints those that dpkg does not know as installed. A virtual or replaced name
# (pkg-config is pkgconf on newer releases) counts when some installed package provides it.
print_missing() {
    local have name
    # shellcheck disable=SC2016  # dpkg-query expands these
    have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package},${Provides}\n' | sed -n 's/^ii  *//p' |
        tr ',' '\n' | sed 's/^ *//; s/ .*//' | sort -u)
    for name in "$@"; do
        if ! grep -qxF -- "$name" <<<"$have"; then
            echo "$name"
        fi
    done
}

run_as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

check_privilege() {
    if [ "$(id -u)" = 0 ]; then
        return
    fi
    if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
        return
    fi
    fail "these packages are missing and neither root nor sudo is at hand; as root run:
    apt-get update && apt-get install -y --no-install-recommends $*"
}

# Without this, installing PostgreSQL makes and starts a cluster of the system's own.
refuse_main_cluster() {
    local conf=/etc/postgresql-common/createcluster.conf
    if [ ! -e "$conf" ]; then
        run_as_root mkdir -p "${conf%/*}"
        run_as_root tee "$conf" >/dev/null <<<"create_main_cluster = false"
    elif dpkg-query -W -f '${db:Status-Abbrev}' "postgresql-$pg" 2>/dev/null | grep -q '^ii'; then
        return 0
    elif ! grep -q '^[[:space:]]*create_main_cluster' "$conf"; then
        run_as_root tee -a "$conf" >/dev/null <<<"create_main_cluster = false"
    fi
}

# apt_get ARGUMENTS...: quietly; what it said is shown when it fails.
apt_get() {
    local words status=0
    words=$(mktemp)
    run_as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -q -o DPkg::Lock::Timeout=600 \
        -o Dpkg::Use-Pty=0 -o APT::Get::Assume-Yes=true -o Acquire::Retries=3 "$@" >"$words" 2>&1 </dev/null || status=$?
    if [ $status != 0 ]; then
        tail -n 30 "$words" >&2
    fi
    rm -f "$words"
    return $status
}

# update_lists takes turns: apt-get update itself fails at once when another one holds the lists' lock.
update_lists() {
    local try
    for try in 1 2 3 4 5; do
        if apt_get update; then
            return
        fi
        echo "packages: apt-get update failed (try $try of 5)" >&2
        sleep 3
    done
    fail "apt-get update failed; are the sources in /etc/apt right, and is there a network?"
}

have_candidates() {
    local name
    for name in "$@"; do
        if ! LC_ALL=C apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [^(]'; then
            return 1
        fi
    done
}

install_missing() {
    local words=(--no-install-recommends -o Dpkg::Options::=--force-confold install "$@")
    case " $* " in *" postgresql-$pg "*) refuse_main_cluster ;; esac
    if have_candidates "$@" && apt_get "${words[@]}"; then
        return
    fi
    update_lists # no lists yet, or lists that are older than what the mirror holds
    apt_get "${words[@]}" || fail "could not install: $*
    see apt-get's words above; the same by hand: apt-get install -y --no-install-recommends $*"
}

mode=install
case "${1:-}" in
--list) mode=list && shift ;;
--check) mode=check && shift ;;
esac
if [ $# -eq 0 ]; then
    fail "name at least one group: build, runtime, demo, check, lint, fuzz, cleanroom"
fi
command -v dpkg-query >/dev/null || fail "this is no Debian system (no dpkg-query); install by hand what --list prints"

wanted=""
for group in "$@"; do
    wanted+=" $(group_packages "$group")"
done
# shellcheck disable=SC2086  # a list of words
wanted=$(printf '%s\n' $wanted | sort -u)
if [ $mode = list ]; then
    echo "$wanted"
    exit 0
fi
# shellcheck disable=SC2086
mapfile -t missing < <(print_missing $wanted)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ $mode = check ]; then
    fail "missing: ${missing[*]}"
fi
check_privilege "${missing[@]}"
echo "packages: installing ${missing[*]}" >&2
install_missing "${missing[@]}"
echo "packages: installed in $SECONDS s" >&2
