#!/bin/bash
# shell.sh - shellcheck for every shell script, with or without a suffix.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
scripts=()
while IFS= read -r -d '' file; do
    if [ -f "$file" ] && { [[ $file == *.sh ]] || head -c 64 "$file" | head -n 1 | grep -qaE '^#!.*\b(ba)?sh\b'; }; then
        scripts+=("$file")
    fi
done < <(git ls-files -z --cached --others --exclude-standard)
shellcheck -x -S style "${scripts[@]}"
