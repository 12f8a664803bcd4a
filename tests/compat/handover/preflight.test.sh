#!/bin/bash
# `sluice preflight` on topics that Kafka Connect wrote: connectors that run as they are, with differences, and not at all, each by
# name and reason; offsets that cannot be read, a topic that cannot be used, a cluster that is not there. Nothing is written, no
# group joined.
# seconds: 240
# beside others
# shellcheck source=tests/compat/handover/cluster.sh
. "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"

verdict() { json_is 'a[1] in [c["verdict"] for c in j["connectors"] if c["name"] == a[0]]' "$NAME-$1" "$2"; }
finding() { # finding CONNECTOR LEVEL KEY TEXT: what is said of one; TEXT is a part
    json_is 'any(f["level"] == a[1] and (f["key"] or "") == a[2] and a[3] in f["text"]
        for c in j["connectors"] if c["name"] == a[0] for f in c["findings"])' "$NAME-$1" "${@:2}"
}
# everything in the cluster's own topics
all_records() {
    local t
    for t in configs offsets status; do kcat -C -q -e -b "$BOOTSTRAP" -t "$NAME-$t" -o beginning -f "$t %p %o %k\n"; done | sort
}
file_source=(connector.class=FileStreamSource "file=$dir/in" "topic=$NAME-lines" tasks.max=1)
stopped=("${file_source[@]}" initial_state=STOPPED)

fault_database 10
seq 1 10 >"$dir/in"
# shellcheck disable=SC2119  # no settings but its own
java_start
make plain "${file_source[@]}"
# one of a plugin that Kafka Connect had once
kcat -P -b "$BOOTSTRAP" -t "$NAME-configs" -K '|' <<END
target-state-$NAME-unknown|{"state":"PAUSED","state.v2":"STOPPED"}
connector-$NAME-unknown|{"properties":{"name":"$NAME-unknown","connector.class":"com.example.SomeConnector","topic":"x"}}
END
make turned "${stopped[@]}" transforms=t transforms.t.type=io.debezium.transforms.VectorToJsonConverter
make converted "${stopped[@]}" value.converter=io.debezium.converters.BinaryDataConverter
make secret "${stopped[@]}" "file=\${vault:a:b}"
make odd "${stopped[@]}"
make extra "${stopped[@]}" what.is.this=1
fault_source snapshot.mode=no_data include.unknown.datatypes=true
mapfile -t source < <(grep -v '^name=' "$dir/src.properties")
make pg "${source[@]}"
make pgodd "${source[@]}" "topic.prefix=$NAME-odd" "slot.name=${NAME}_odd" initial_state=STOPPED
make broken connector.class=FileStreamSink "topics=$NAME-lines" "file=$dir/no/such/folder"
stored() { call GET "/connectors/$NAME-plain/offsets" | matches position; }
wait_until 60 stored || fail "plain has stored no offset"
wait_until 60 task_is "$NAME-broken" 0 FAILED || fail "broken has not failed"
kcat -P -b "$BOOTSTRAP" -t "$NAME-offsets" -K '|' <<<"[\"$NAME-odd\",{\"filename\":\"$dir/in\"}]|{\"position\":\"far\"}"
kcat -P -b "$BOOTSTRAP" -t "$NAME-offsets" -K '|' <<<"[\"$NAME-pgodd\",{\"server\":\"$NAME-odd\"}]|{\"lsn\":\"none\",\"txId\":1}"
# Kafka Connect writes nothing any more
wait_until 60 task_is "$NAME-pg" 0 RUNNING || fail "pg does not run"
at_rest() { before=$(all_records) && sleep 2 && [ "$before" = "$(all_records)" ]; }
wait_until 30 at_rest || fail "Kafka Connect goes on writing"
preflight 1
[ "$before" = "$(all_records)" ] || fail "the topics have changed"
verdict plain as-is
verdict unknown unsupported
finding unknown unsupported connector.class com.example.SomeConnector
finding turned unsupported transforms.t.type VectorToJsonConverter
finding converted unsupported value.converter BinaryDataConverter
finding odd unsupported offsets position
finding pgodd unsupported offsets lsn
finding secret different file vault
verdict extra different
finding extra different what.is.this unknown
verdict pg different
finding pg different include.unknown.datatypes 'types that Debezium does not know'
finding broken note "" 'task 0 was FAILED'
json_is 'j["group"]["members"] == 1 and j["error"] is None'
json_is 'j["summary"]["unsupported"] == 5 and j["summary"]["connectors"] == 10'
for line in "^  $NAME-unknown: unknown, not supported" '^    unsupported: connector.class: ' "^  $NAME-plain: source, runs as it is" \
    'config.storage.topic .*: 1 partition, cleanup.policy=compact' '^10 connectors: '; do
    grep -q -- "$line" "$dir/preflight.txt" || fail "expected '$line' in: $(cat "$dir/preflight.txt")"
done
java_stop 1

# ---- what cannot be used, and what cannot be told ----
cp "$file" "$dir/good.properties"
refused() { # refused CODE TEXT SED-EXPRESSION
    sed "$3" "$dir/good.properties" >"$file"
    preflight_text "$1"
    grep -q -- "$2" "$dir/preflight.txt" || fail "expected '$2' in: $(cat "$dir/preflight.txt")"
}
echo x | kcat -P -b "$BOOTSTRAP" -t "$NAME-many"
refused 2 "there is no topic '$NAME-none'" "s/^config.storage.topic=.*/config.storage.topic=$NAME-none/"
refused 2 'cleanup.policy=delete, expected compact' "s/^config.storage.topic=.*/config.storage.topic=$NAME-many/"
refused 1 'cleanup.policy=delete, expected compact' "s/^status.storage.topic=.*/status.storage.topic=$NAME-many/"
refused 1 'config.providers.v.class' "\$a config.providers=v\nconfig.providers.v.class=com.example.Vault"
refused 2 'Kafka does not answer' 's/^bootstrap.servers=.*/bootstrap.servers=127.0.0.1:1/'
if kcat -L -b "$BOOTSTRAP" | matches "\"$NAME-none\""; then fail "a topic was made"; fi
