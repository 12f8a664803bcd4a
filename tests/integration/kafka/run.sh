#!/bin/bash
# run.sh - the kafka folder against a real broker: run.sh [BUILD]
#
# Builds the test with the libraries of BUILD (default: build), starts a broker, and hands the test a second address where one,
# which makes no topics by itself, is started while it runs. KAFKA_PORT and LATE_PORT choose the ports (default: free ones). Both
# brokers are removed in the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
# shellcheck source=tests/support/lib.sh
. tests/support/lib.sh

build=${1:-build}
dir=$PWD/$build/it-kafka
mkdir -p "$dir"
read -ra flags <<<"$(pkg-config --cflags rdkafka cmocka)"
read -ra libs <<<"$(pkg-config --libs rdkafka libpcre2-8 libcrypto jansson yaml-0.1 libmicrohttpd cmocka)"
read -ra sanitize <<<"${SANITIZE:+-fsanitize=$SANITIZE}"

make --no-print-directory B="$build" "$build/libsluice.a" "$build/libsluice-plugin.a"
gcc -std=gnu11 -g -O1 "${sanitize[@]}" -D_GNU_SOURCE -Wall -Wextra -Iplugins-api/include -Iruntime -Itests/unit "${flags[@]}" \
    -o "$dir/test_kafka_broker" tests/integration/kafka/test_kafka_broker.c tests/unit/support/*.c \
    "$build/libsluice.a" "$build/libsluice-plugin.a" "${libs[@]}" -ldl -lpthread -lm

cleanup() {
    bash tests/support/kafka.sh remove "$dir/broker"
    bash tests/support/kafka.sh remove "$dir/late"
}
trap cleanup EXIT
bash tests/support/kafka.sh start "$dir/broker" "${KAFKA_PORT:-$(free_port)}"
# shellcheck source=/dev/null
. "$dir/broker/kafka.env"
export BOOTSTRAP
late=${LATE_PORT:-$(free_port)}
export LATE_BOOTSTRAP=127.0.0.1:$late
export START="bash tests/support/kafka.sh start '$dir/late' $late auto.create.topics.enable=false >&2"
CMOCKA_MESSAGE_OUTPUT=STDOUT timeout -k 10 600 "$dir/test_kafka_broker"
