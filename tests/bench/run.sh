#!/bin/bash
# Starts Kafka and PostgreSQL for the benchmarks and runs them: run.sh BUILD [ARGS of bench.py]; `run.sh BUILD cluster [CONNECTORS]`
# measures three workers with many connectors (cluster-scale.sh).
set -euo pipefail
# shellcheck source=tests/support/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../support/lib.sh"
cd "$SL_ROOT"
build=$(cd "${1:?usage: run.sh BUILD [NAME...]}" && pwd)
shift
dir=$build/bench-services
at_exit bash tests/support/kafka.sh remove "$dir/kafka"
bash tests/support/kafka.sh start "$dir/kafka"
if [ "${1:-}" = cluster ]; then
    # shellcheck disable=SC1091
    . "$dir/kafka/kafka.env"
    BOOTSTRAP=$BOOTSTRAP SLUICE=$build/sluice bash tests/bench/cluster-scale.sh "${@:2}"
    exit
fi
at_exit bash tests/support/postgres.sh remove "$dir/postgres"
bash tests/support/postgres.sh start "$dir/postgres" shared_buffers=512MB max_wal_size=4GB
set -a
# shellcheck disable=SC1091
. "$dir/kafka/kafka.env"
# shellcheck disable=SC1091
. "$dir/postgres/postgres.env"
set +a
PATH=$PG_BIN:$PATH python3 tests/bench/bench.py "$build" "$@"
