#!/bin/bash
# make-seeds.sh - writes tests/fuzz/seeds/pgoutput and pgtypes anew, from what a real server sends for the tables of tests/compat/postgres.
#
# Usage: tests/fuzz/make-seeds.sh   (starts a PostgreSQL server of its own, and stops it)
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/lib.sh"
cd "$SL_ROOT"
dir=$(mktemp -d "${TMPDIR:-/tmp}/seeds.XXXXXX")
at_exit rm -rf "$dir"
at_exit bash tests/support/postgres.sh stop "$dir"
PG_FSYNC=off bash tests/support/postgres.sh start "$dir"
set -a
# shellcheck disable=SC1091
. "$dir/postgres.env"
set +a
export PGOPTIONS='-c DateStyle=ISO -c IntervalStyle=iso_8601 -c TimeZone=UTC -c extra_float_digits=3 -c bytea_output=hex'
here=tests/compat/postgres
psql -X -q -v ON_ERROR_STOP=1 -f "$here/schema.sql" -f "$here/types.sql" -c "create publication p for all tables" \
    -c "select pg_create_logical_replication_slot('s', 'pgoutput')" >/dev/null
psql -X -q -f "$here/rows.sql" -f "$here/stream.sql" >/dev/null 2>&1 || true # some of it is refused, on purpose
python3 tests/fuzz/make-seeds.py
