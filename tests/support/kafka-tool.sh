#!/bin/bash
# kafka-tool.sh - runs one of Kafka's own command-line tools from the fetched jars.
#
# Usage:  tests/support/kafka-tool.sh CLASS ARGUMENTS...
#
# CLASS is a full class name, or a short one for the usual tools:
#   topics configs groups acls delete-records get-offsets transactions console-producer console-consumer
#   dump-log perf-producer perf-consumer
# Example: tests/support/kafka-tool.sh topics --bootstrap-server 127.0.0.1:9092 --create --topic t --config cleanup.policy=compact
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [ $# -eq 0 ]; then
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
case "$1" in
topics) class=org.apache.kafka.tools.TopicCommand ;;
configs) class=kafka.admin.ConfigCommand ;;
groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
acls) class=org.apache.kafka.tools.AclCommand ;;
delete-records) class=org.apache.kafka.tools.DeleteRecordsCommand ;;
get-offsets) class=org.apache.kafka.tools.GetOffsetShell ;;
transactions) class=org.apache.kafka.tools.TransactionsCommand ;;
console-producer) class=org.apache.kafka.tools.ConsoleProducer ;;
console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
dump-log) class=org.apache.kafka.tools.DumpLogSegments ;;
perf-producer) class=org.apache.kafka.tools.ProducerPerformance ;;
perf-consumer) class=org.apache.kafka.tools.ConsumerPerformance ;;
*.*) class=$1 ;;
*)
    echo "kafka-tool: unknown tool '$1'; give a class name or one of: $(sed -n '7,8s/^# *//p' "$0" | tr '\n' ' ')" >&2
    exit 2
    ;;
esac
shift
libs=$("$here/fetch-java.sh" kafka)
exec java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$libs/*" "$class" "$@"
