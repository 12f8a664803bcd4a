#!/bin/bash
# The files in config/ are right as they stand, with the plugins that are built; a slip in any of them is found.
# beside others
set -euo pipefail
. tests/support/lib.sh

export PGPASSWORD=not-to-be-seen-4711
worker=config/connect-standalone.properties
out=$TEST_DIR/out.txt

validate() {
    local rc=0
    "$SLUICE" validate "$@" >"$out" 2>&1 || rc=$?
    if grep -q "$PGPASSWORD" "$out"; then
        cat "$out" >&2
        fail "a secret was printed for: $*"
    fi
    return "$rc"
}

# expect_clean FILES: no error, no warning
expect_clean() {
    if ! validate "$@" || ! tail -n 1 "$out" | matches ': 0 errors, 0 warnings$'; then
        cat "$out" >&2
        fail "not clean: $*"
    fi
}

count=0
for sample in config/*; do
    case $sample in
    "$worker") ;;
    *.yaml) expect_clean "$sample" ;;
    *) expect_clean "$worker" "$sample" ;;
    esac
    count=$((count + 1))
done
[ "$count" -ge 7 ] || fail "only $count samples in config/"
expect_clean "$worker" config/*.json config/file-*.properties config/postgres-cdc.properties config/jdbc-sink-sqlite.properties

expect_clean config/*
grep -q ', 2 workers that are checked each by itself, ' "$out" || fail "config/* holds two workers: $(tail -n 1 "$out")"

# expect_found FILE LINE KEY TEXT [OTHER FILES]: an error in that place, exit code 3
expect_found() {
    local file=$1 line=$2 key=$3 text=$4 rc=0
    shift 4
    validate "$file" "$@" || rc=$?
    if [ "$rc" -ne 3 ] || ! grep -qF "$file:$line: $key: $text" "$out"; then
        cat "$out" >&2
        fail "expected '$file:$line: $key: $text' and exit code 3, got $rc"
    fi
}

sed 's/slot\.name/slto.name/' config/postgres-cdc.properties >"$TEST_DIR/cdc.properties"
line=$(grep -n slto "$TEST_DIR/cdc.properties" | cut -d: -f1)
expect_found "$TEST_DIR/cdc.properties" "$line" slto.name "unknown, without effect; did you mean 'slot.name'?" "$worker"

(sed '/^insert.mode/d' config/jdbc-sink-sqlite.properties; echo exactly.once=true) >"$TEST_DIR/once.properties"
validate "$worker" "$TEST_DIR/once.properties" || true
grep -q ": exactly.once: warning: unknown, without effect; did you mean 'exactly.once.enabled'?" "$out" || fail "exactly.once: $(cat "$out")"

sed 's/"insert.mode": "upsert"/"insert.mode": "upsrt"/' config/jdbc-sink-postgres.json >"$TEST_DIR/sink.json"
line=$(grep -n upsrt "$TEST_DIR/sink.json" | cut -d: -f1)
expect_found "$TEST_DIR/sink.json" "$line" insert.mode "invalid value 'upsrt'" "$worker"

sed 's/RegexRouter/RegexRoutr/' config/pipeline.yaml >"$TEST_DIR/pipeline.yaml"
line=$(grep -n RegexRoutr "$TEST_DIR/pipeline.yaml" | cut -d: -f1)
expect_found "$TEST_DIR/pipeline.yaml" "$line" transforms.table.type "no transform"

# What the Kafka library does not take is found without starting anything.
(cat config/file-source.properties; echo producer.override.compression.type=bogus) >"$TEST_DIR/client.properties"
line=$(grep -n bogus "$TEST_DIR/client.properties" | cut -d: -f1)
expect_found "$TEST_DIR/client.properties" "$line" producer.override.compression.type "Invalid value \"bogus\"" "$worker"
(cat "$worker"; echo consumer.fetch.min.bytes=many) >"$TEST_DIR/client-worker.properties"
line=$(grep -n =many "$TEST_DIR/client-worker.properties" | cut -d: -f1)
expect_found "$TEST_DIR/client-worker.properties" "$line" consumer.fetch.min.bytes "Invalid value" config/file-source.properties

# A secret that the allow-list does not allow is an error that names the key.
sed 's/env:PGPASSWORD/env:HOME/' config/postgres-cdc.properties >"$TEST_DIR/home.properties"
line=$(grep -n env:HOME "$TEST_DIR/home.properties" | cut -d: -f1)
expect_found "$TEST_DIR/home.properties" "$line" database.password "cannot be resolved" "$worker"

# A worker does not start with a wrong configuration, and says why.
rc=0
"$SLUICE" standalone "$worker" "$TEST_DIR/sink.json" >"$out" 2>&1 || rc=$?
[ "$rc" -eq 3 ] || fail "standalone: expected exit code 3, got $rc"
grep -q "insert.mode: invalid value 'upsrt'" "$out" || fail "standalone does not name the key"
log "$count samples are clean"
