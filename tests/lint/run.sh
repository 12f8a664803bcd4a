#!/bin/bash
# run.sh - all of `make lint`; or the parts that are named: format source shell python cppcheck tidy docs
#
# Each part says "ok" or shows its findings; the end says which failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
here=tests/lint
parts=(format source shell python cppcheck tidy docs)
if [ $# -gt 0 ]; then parts=("$@"); fi

python_check() {
    git ls-files -z --cached --others --exclude-standard '*.py' |
        xargs -0 -r python3 -c 'import ast, os, sys
for path in sys.argv[1:]:
    if os.path.isfile(path):
        ast.parse(open(path, encoding="utf-8").read(), path)' && python3 $here/test_source.py
}

run_part() {
    case $1 in
    format) bash $here/format.sh ;;
    source) python3 $here/source.py --shape ;;
    shell) bash $here/shell.sh ;;
    python) python_check ;;
    cppcheck) bash $here/analyse.sh cppcheck ;;
    tidy) bash $here/analyse.sh tidy ;;
    docs) bash docs/generate.sh --check ;;
    *)
        echo "lint: unknown part '$1'; expected one of: ${parts[*]}"
        return 2
        ;;
    esac
}

failed=()
for part in "${parts[@]}"; do
    start=$SECONDS
    if out=$(run_part "$part" 2>&1); then
        printf 'lint %-9s ok (%d s)%s\n' "$part" $((SECONDS - start)) "${out:+: ${out##*$'\n'}}"
    else
        printf 'lint %-9s FAILED (%d s)\n%s\n' "$part" $((SECONDS - start)) "$out"
        failed+=("$part")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "lint: failed: ${failed[*]}" >&2
    exit 1
fi
