#!/bin/bash
# analyse.sh - clang-tidy and cppcheck over the product's sources.
#
# Usage: tests/lint/analyse.sh tidy|cppcheck [FILE...]
# A file that clang-tidy found clean is not looked at again until it, a header or .clang-tidy changes (build/lint).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tool=$1
shift
build=${B:-build}/lint
mkdir -p "$build/tidy"

flags=(-std=gnu11 -D_GNU_SOURCE "-DSL_VERSION=\"0\"" -isystem plugins-api/include -Iruntime -Iconnectors -Itests/unit)
read -r -a packages < <(pkg-config --cflags rdkafka jansson yaml-0.1 libmicrohttpd libpcre2-8 libpq sqlite3)
flags+=("${packages[@]}")

sources() {
    git ls-files -z --cached --others --exclude-standard 'runtime/*.c' 'connectors/*.c' 'plugins-api/*.c'
}

tidy_one() {
    local build=$1 file=$2 stamp
    shift 2
    [ -f "$file" ] || return 0
    stamp="$build/tidy/$(printf '%s' "$file" | tr / _)"
    if [ "$(cat "$stamp" 2>/dev/null)" = "$SL_LINT_STATE $(sha256sum <"$file")" ]; then
        return 0
    fi
    if [ "$file" != plugins-api/src/error.c ]; then
        set -- -include tests/lint/analyser.h "$@"
    fi
    if clang-tidy --quiet --warnings-as-errors='*' "$file" -- "$@" 2>/dev/null; then
        echo "$SL_LINT_STATE $(sha256sum <"$file")" >"$stamp"
    else
        return 1
    fi
}

case $tool in
tidy)
    # headers of all folders count as one: a change in any looks at everything again
    SL_LINT_STATE=$({
        cat .clang-tidy
        clang-tidy --version
        git ls-files -z --cached --others --exclude-standard '*.h' | sort -z | xargs -0 -r cat 2>/dev/null || true
    } | sha256sum | cut -c1-32)
    export SL_LINT_STATE
    export -f tidy_one
    # shellcheck disable=SC2016  # the inner shell expands it
    if [ $# -gt 0 ]; then printf '%s\0' "$@"; else sources; fi |
        xargs -0 -r -P "$(nproc)" -I{} bash -c 'tidy_one "$@"' _ "$build" {} "${flags[@]}"
    ;;
cppcheck)
    mkdir -p "$build/cppcheck"
    if [ $# -gt 0 ]; then printf '%s\n' "$@"; else sources | tr '\0' '\n'; fi |
        while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done >"$build/sources"
    cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
        --suppressions-list=tests/lint/cppcheck.txt --cppcheck-build-dir="$build/cppcheck" -j "$(nproc)" \
        --max-ctu-depth=1 -D_GNU_SOURCE -DSL_VERSION=\"0\" -Iplugins-api/include -Iruntime -Iconnectors \
        --file-list="$build/sources"
    ;;
*)
    echo "analyse: expected 'tidy' or 'cppcheck', not '$tool'" >&2
    exit 2
    ;;
esac
