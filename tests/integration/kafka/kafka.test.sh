#!/bin/bash
# Producers, topics and consumers against a real broker (its own, on a free port).
# seconds: 240
# beside others
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/run.sh"
