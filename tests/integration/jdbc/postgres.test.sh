#!/bin/bash
# postgres.test.sh - the JDBC sink on a real PostgreSQL: test_postgres.c, in a database of its own, under ASan and UBSan.
#
# Run by tests/support/run-suites.sh, which gives B, TEST_DIR and PG*. By hand: start a server with
# tests/support/postgres.sh, source its postgres.env, then  B=build TEST_DIR=/tmp/x bash tests/integration/jdbc/postgres.test.sh
# bench_upsert.c next to it is built the same way (bench as the first argument) and prints the sink's time beside COPY's.
# beside others
set -euo pipefail
# shellcheck source=tests/support/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/drivers.sh"
cd "$SL_ROOT"

program=test_postgres
sanitize=(-O1 -fno-omit-frame-pointer "-fsanitize=address,undefined" -fno-sanitize-recover=undefined)
built=$B/asan
if [ "${1:-}" = bench ]; then
    program=bench_upsert
    sanitize=(-O2)
    built=$B
    make --no-print-directory "B=$B" all
    shift
else
    sanitized_build plugins/jdbc.so libsluice.a libsluice-plugin.a
fi
mkdir -p "$TEST_DIR"
flags=(-std=gnu11 -g -D_GNU_SOURCE '-DSL_VERSION="test"' -Iplugins-api/include -Iruntime -Iconnectors -Itests/unit)
read -r -a pq < <(pkg-config --cflags libpq sqlite3)
"${CC:-gcc}" "${flags[@]}" "${pq[@]}" "${sanitize[@]}" -o "$TEST_DIR/$program" \
    "tests/integration/jdbc/$program.c" tests/unit/support/fake_host.c tests/unit/support/support.c \
    "$built"/obj/connectors/jdbc/*.o "$built/libsluice.a" "$built/libsluice-plugin.a" -lcmocka -lpq -lsqlite3 -lm -lpthread

database=jdbc_$$
psql() {
    command psql -X -q -v ON_ERROR_STOP=1 -d postgres "$@"
}
psql -c "CREATE DATABASE $database"
at_exit psql -c "DROP DATABASE $database WITH (FORCE)"
PGDATABASE=$database "$TEST_DIR/$program" "$@"
