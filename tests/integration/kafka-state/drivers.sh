# shellcheck shell=bash
# drivers.sh - what tests with tests/support/{state,task}_driver.c share, here and elsewhere. tests/support/drivers.sh is there
# afterwards, too.
#
#   worker_file FILE PREFIX [k=v..] a distributed worker's file: group and topics PREFIX-...
#   read_topic TOPIC                what a read_committed consumer sees, a line a record
set -euo pipefail
# shellcheck source=tests/support/drivers.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../support/drivers.sh"

worker_file() {
    local file=$1 prefix=$2
    shift 2
    {
        cat <<END
bootstrap.servers=$BOOTSTRAP
group.id=$prefix
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
config.storage.topic=$prefix-configs
offset.storage.topic=$prefix-offsets
status.storage.topic=$prefix-status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=4
status.storage.partitions=2
offset.flush.interval.ms=500
END
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } | last_of_each >"$file"
}

read_topic() {
    timeout 60 kcat -b "$BOOTSTRAP" -C -t "$1" -o beginning -e -q -X isolation.level=read_committed
}
