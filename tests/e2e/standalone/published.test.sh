#!/bin/bash
# Published clients manage a worker, and requests made from its OpenAPI description get no 5xx.
# seconds: 240
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"
# shellcheck source=tests/support/published-clients.sh
. tests/support/published-clients.sh
printf 'a\nb\n' >"$dir/in"
install_clients
worker_properties "$dir/worker.properties"
worker_start "$dir/worker.properties" "$(source_properties first "$dir/in" t)"
try_clients 127.0.0.1 "$PORT" "$dir"
worker_stop
