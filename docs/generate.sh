#!/bin/bash
# generate.sh - writes the pages of docs/reference from the tables in the code, as `sluice plugins --markdown` shows them.
#
# Usage: docs/generate.sh           writes the pages
#        docs/generate.sh --check   says which pages differ, and fails
# B is the build folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sluice=${B:-build}/sluice
target=docs/reference
check=no
if [ "${1:-}" = --check ]; then check=yes; fi
if [ ! -x "$sluice" ]; then
    echo "generate: there is no $sluice; run make first" >&2
    exit 1
fi
if "$sluice" plugins 2>&1 >/dev/null | grep .; then
    echo "generate: these plugins could not be loaded; the pages would be incomplete" >&2
    exit 1
fi
pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT

head_of() {
    printf '<!-- made by docs/generate.sh from the tables in the code; change those -->\n\n# %s\n\n' "$1"
}

# Two spaces or more end the kind in a line of `sluice plugins`: "source connector  file-source   4.3.0 ..."
names_of() {
    "$sluice" plugins | sed -n "s/^$1  *\\([^ ]*\\).*/\\1/p" | sort
}

# sections_of_kind KIND NAME...: the sections whose definition is of that kind (a name may be in use in two kinds)
sections_of_kind() {
    local kind=$1
    shift
    "$sluice" plugins --markdown "$@" | awk -v kind="${kind^}." '
        function flush() { if (keep) printf "%s", text; text = ""; keep = 0 }
        /^## / { flush() }
        { text = text $0 "\n" }
        index($0, kind) == 1 { keep = 1 }
        END { flush() }'
}

# page FILE TITLE: the index lists it
page() {
    printf '| [%s](%s.md) | %s |\n' "$1" "$1" "$2" >>"$pages/index"
    cat >"$pages/$1.md"
}

for kind in source sink; do
    for name in $(names_of "$kind connector"); do
        { head_of "$name" && sections_of_kind "${kind} connector" "$name" | tail -n +3; } | page "$name" "$kind connector"
    done
done

grouped() {
    local names
    mapfile -t names < <(names_of "$1")
    if [ ${#names[@]} -gt 0 ]; then
        { head_of "$3" && sections_of_kind "$1" "${names[@]}"; } | page "$2" "$3"
    fi
}
grouped transform transforms "Transforms"
grouped predicate predicates "Predicates"
grouped converter converters "Converters"
grouped "header converter" header-converters "Header converters"
grouped "config provider" config-providers "Config providers"

# the runtime's own tables have no kind of which to speak
own_tables() {
    "$sluice" plugins --markdown "$@" | sed 's/^Settings of [a-z]*\. //'
}
{ head_of "Settings of the worker" && own_tables worker cluster | tail -n +3; } | page worker "settings of the worker"
{ head_of "Settings of every connector" && own_tables connector source sink; } |
    page connectors "settings of every connector, of every source and of every sink"

{ head_of "Metrics" && cat <<'END' && "$sluice" describe metrics; } | page metrics "metrics, as GET /metrics shows them"
Prometheus's text format. The names are those that Kafka Connect's and Debezium's JMX metrics have behind the usual rules of
Prometheus's JMX exporter; what has no counterpart begins with `sluice_`. Averages are left to Prometheus: divide a counter of
milliseconds by its counter of events.

END
"$sluice" describe openapi | python3 -m json.tool >"$pages/openapi.json"

{
    head_of "Reference"
    printf '| page | of |\n| --- | --- |\n'
    sort "$pages/index"
} >"$pages/README.md"
rm "$pages/index"

if [ $check = yes ]; then
    if ! diff -rq "$pages" $target | sed "s|$pages|the code|"; then
        echo "generate: $target differs from the tables in the code; run docs/generate.sh" >&2
        exit 1
    fi
    exit 0
fi
mkdir -p $target
rm -f $target/*.md $target/*.json
cp "$pages"/*.md "$pages"/*.json $target/
ls $target
