#!/bin/bash
# format.sh - is every C file laid out as .clang-format says?  With --fix FILE... it lays them out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if [ "${1:-}" = --fix ]; then
    shift
    exec clang-format -i "$@"
fi

check_one() {
    local file
    for file in "$@"; do
        if [ -f "$file" ] && ! clang-format "$file" | cmp -s - "$file"; then
            echo "$file: differs from .clang-format (make format)"
            return 1
        fi
    done
}
export -f check_one

# shellcheck disable=SC2016  # the inner shell expands it
git ls-files -z --cached --others --exclude-standard '*.c' '*.h' |
    xargs -0 -r -n 1 -P "$(nproc)" bash -c 'check_one "$@"' _
