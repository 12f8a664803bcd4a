#!/bin/bash
# Records that cannot be converted or transformed, through Kafka Connect's file sink and ours: the same dead letters, with the same
# class of exception, class at work, stage and place in their __connect.errors headers.
# seconds: 150
# beside others
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/support/lib.sh
. "$here/../../support/lib.sh"
cd "$SL_ROOT"

APACHE=org.apache.kafka.connect
JSON=value.converter=$APACHE.json.JsonConverter
TEXT=value.converter=$APACHE.storage.StringConverter
run=dl$$

# NAME | what kcat is told besides the record | the record | the settings
CASES=$(
    cat <<END
nojson||{"a": |$JSON value.converter.schemas.enable=false
noenvelope||{"a":1}|$JSON value.converter.schemas.enable=true
badschema||{"schema":{"type":"int33"},"payload":1}|$JSON value.converter.schemas.enable=true
missing||{"schema":{"type":"struct","fields":[{"type":"int8","field":"a"}]},"payload":{}}|$JSON value.converter.schemas.enable=true
badkey|-k abc|x|$TEXT key.converter=$APACHE.converters.IntegerConverter
badlong||abc|value.converter=$APACHE.converters.LongConverter
badheader|-H h={"a":|x|$TEXT header.converter=$APACHE.json.JsonConverter header.converter.schemas.enable=false
cast||abc|$TEXT transforms=t transforms.t.type=$APACHE.transforms.Cast\$Value transforms.t.spec=int8
castfield||{"a":"x"}|$JSON value.converter.schemas.enable=false transforms=t transforms.t.type=$APACHE.transforms.Cast\$Value transforms.t.spec=a:int32
notmap||abc|$TEXT transforms=t transforms.t.type=$APACHE.transforms.ExtractField\$Value transforms.t.field=a
second||abc|$TEXT transforms=a,b transforms.a.type=$APACHE.transforms.HoistField\$Value transforms.a.field=f transforms.b.type=$APACHE.transforms.Cast\$Value transforms.b.spec=f:float64
nodate||{"a":"yesterday"}|$JSON value.converter.schemas.enable=false transforms=t transforms.t.type=$APACHE.transforms.TimestampConverter\$Value transforms.t.field=a transforms.t.target.type=unix transforms.t.format=yyyy-MM-dd
insert||abc|$TEXT transforms=t transforms.t.type=$APACHE.transforms.InsertField\$Value transforms.t.static.field=a transforms.t.static.value=b
END
)

# settings SIDE NAME SETTINGS: the connector's, a line each
settings() {
    printf '%s\n' "name=$run-$1-$2" "connector.class=$APACHE.file.FileStreamSinkConnector" tasks.max=1 "topics=$run-$2" \
        "file=$TEST_DIR/$1-$2.out" errors.tolerance=all "errors.deadletterqueue.topic.name=$run-$1-$2-dead" \
        errors.deadletterqueue.topic.replication.factor=1 errors.deadletterqueue.context.headers.enable=true \
        key.converter=$APACHE.storage.StringConverter
    tr ' ' '\n' <<<"$3"
}

names=()
while IFS='|' read -r name more record given; do
    names+=("$name")
    # shellcheck disable=SC2086  # more are words
    printf '%s\n' "$record" | kcat -P -b "$BOOTSTRAP" -t "$run-$name" $more
    for side in java ours; do
        settings $side "$name" "$given" | last_of_each >"$TEST_DIR/$side-$name.properties"
    done
done <<<"$CASES"

at_exit bash "$SL_SUPPORT/connect.sh" remove "$TEST_DIR/connect"
bash "$SL_SUPPORT/connect.sh" start "$TEST_DIR/connect" "$BOOTSTRAP" --standalone "$TEST_DIR"/java-*.properties
cat >"$TEST_DIR/worker.properties" <<END
bootstrap.servers=$BOOTSTRAP
listeners=http://127.0.0.1:$(free_port)
offset.storage.file.filename=$TEST_DIR/offsets
key.converter=$APACHE.storage.StringConverter
value.converter=$APACHE.storage.StringConverter
END
at_exit end sluice "$TEST_DIR"
spawn sluice "$TEST_DIR" "$SLUICE" standalone "$TEST_DIR/worker.properties" "$TEST_DIR"/ours-*.properties

read_dead() { # read_dead SIDE NAME: one dead letter with its headers
    timeout 20 kcat -C -J -e -q -b "$BOOTSTRAP" -t "$run-$1-$2-dead" -c 1 2>/dev/null >"$TEST_DIR/$1-$2.json" && [ -s "$TEST_DIR/$1-$2.json" ]
}
for name in "${names[@]}"; do
    for side in ours java; do
        wait_until 40 read_dead $side "$name" || {
            show_log sluice "$TEST_DIR"
            fail "no dead letter of '$name' ($side)"
        }
    done
done
python3 "$here/compare.py" "$TEST_DIR" "${names[@]}"
