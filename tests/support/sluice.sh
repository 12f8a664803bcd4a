# shellcheck shell=bash
# sluice.sh - what all tests that run a worker need. lib.sh is there afterwards, too; the folder is the project's.
#
#   $SLUICE      the worker's binary, of the build in $B unless it is set
#   $dir         a folder of the test's own: TEST_DIR, or a new one
#   ask SECONDS METHOD URL [BODY]    body to $dir/answer, the HTTP status to STATUS; curl's exit code. CURL: more options of curl's
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$SL_ROOT"

SLUICE=${SLUICE:-$SL_ROOT/${B:-build}/sluice}
dir=${TEST_DIR:-$(mktemp -d)}
mkdir -p "$dir"
# shellcheck disable=SC2034 # for the tests
STATUS=0 CURL=()

ask() {
    local body rc=0
    body=$(curl -s --max-time "$1" -X "$2" -w '\n%{http_code}' ${4:+-H 'Content-Type: application/json' -d "$4"} "${CURL[@]}" "$3") || rc=$?
    # shellcheck disable=SC2034 # for the tests
    STATUS=${body##*$'\n'}
    printf '%s' "${body%$'\n'*}" >"$dir/answer"
    return "$rc"
}
