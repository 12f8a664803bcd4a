#!/bin/bash
# The same requests to Kafka Connect and to Sluice, good and bad: the same statuses and bodies.
# seconds: 240
# beside others
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/lib.sh"
cd "$SL_ROOT"
here=tests/compat/rest
dir=${TEST_DIR:-$(mktemp -d)}
mkdir -p "$dir/java" "$dir/data"
printf 'a\nb\n' >"$dir/data/in.txt"
port=$(free_port)

# Kafka Connect wants a connector to start with
cat >"$dir/first.properties" <<END
name=first
connector.class=FileStreamSource
topic=conformance-first
file=$dir/data/first.txt
END
: >"$dir/data/first.txt"

cat >"$dir/worker.properties" <<END
bootstrap.servers=$BOOTSTRAP
listeners=http://127.0.0.1:$port
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
offset.flush.interval.ms=500
offset.storage.file.filename=$dir/offsets
END

at_exit bash tests/support/connect.sh remove "$dir/java"
at_exit end sluice "$dir"
bash tests/support/connect.sh start "$dir/java" "$BOOTSTRAP" --standalone "$dir/first.properties" offset.flush.interval.ms=500
# shellcheck disable=SC1091
. "$dir/java/connect.env"
spawn sluice "$dir" "$SLUICE" standalone "$dir/worker.properties" "$dir/first.properties"
healthy() { curl -sf -m 5 "http://127.0.0.1:$port/health"; }
wait_until 20 healthy || fail "the worker is not healthy: $(tail -n 5 "$dir/sluice.log")"
python3 $here/compare.py "$CONNECT_URL" "http://127.0.0.1:$port" "$dir/data"
