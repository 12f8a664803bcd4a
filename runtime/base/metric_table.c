/*
 * metric_table.c - see metric_table.h.
 */
#include "base/metric_table.h"

#include "base/metrics.h"

#include <string.h>

#define COUNTER SL_METRIC_COUNTER
#define GAUGE SL_METRIC_GAUGE
#define WORKER SL_METRIC_WORKER
#define CONNECTOR SL_METRIC_CONNECTOR
#define CLUSTER SL_METRIC_CLUSTER
#define TASK SL_METRIC_TASK
#define OF_SOURCE SL_METRIC_SOURCE
#define OF_SINK SL_METRIC_SINK
#define PLUGIN SL_METRIC_PLUGIN
#define SOURCE "kafka_connect_source_task_"
#define SINK "kafka_connect_sink_task_"
#define COMMIT "kafka_connect_connector_task_offset_commit_"
#define FAULTS "kafka_connect_task_error_"
#define WORKERS "kafka_connect_worker_"
#define REBALANCE "kafka_connect_worker_rebalance_"
#define CDC "debezium_metrics_"
#define STREAMING "context=\"streaming\""
#define SNAPSHOT "context=\"snapshot\""

const sl__metric_row sl__metric_rows[] = {
    /* of the worker */
    {NULL, "sluice_info", GAUGE, WORKER, NULL, "Always 1; the label version is the worker's."},
    {NULL, WORKERS "connector_count", GAUGE, WORKER, NULL, "Connectors that this worker runs."},
    {NULL, WORKERS "task_count", GAUGE, WORKER, NULL, "Tasks that this worker runs."},
    {NULL, "sluice_connectors", GAUGE, WORKER, NULL, "Connectors by their state, in the label state."},
    {NULL, "sluice_tasks", GAUGE, WORKER, NULL, "Tasks by their state, in the label state."},
    {"connector_startup_attempts", WORKERS "connector_startup_attempts_total", COUNTER, WORKER, NULL,
     "How often a connector was started."},
    {"connector_startup_success", WORKERS "connector_startup_success_total", COUNTER, WORKER, NULL,
     "Starts of connectors that succeeded."},
    {"connector_startup_failure", WORKERS "connector_startup_failure_total", COUNTER, WORKER, NULL,
     "Starts of connectors that failed."},
    {"task_startup_attempts", WORKERS "task_startup_attempts_total", COUNTER, WORKER, NULL,
     "How often a task was started."},
    {"task_startup_failure", WORKERS "task_startup_failure_total", COUNTER, WORKER, NULL,
     "Starts of tasks that failed before the task ran."},
    {"tasks_abandoned", "sluice_tasks_abandoned_total", COUNTER, WORKER, NULL,
     "Tasks that did not stop in time and were given up."},
    {"rebalances_completed", REBALANCE "completed_rebalances_total", COUNTER, CLUSTER, NULL,
     "Changes of the cluster that this worker has taken part in."},
    {"rebalance_ms", REBALANCE "rebalance_time_ms_total", COUNTER, CLUSTER, NULL,
     "Milliseconds that these changes took, together."},
    {"rebalance_avg_ms", REBALANCE "rebalance_avg_time_ms", GAUGE, CLUSTER, NULL,
     "Milliseconds that they took on average."},
    {"rebalance_max_ms", REBALANCE "rebalance_max_time_ms", GAUGE, CLUSTER, NULL,
     "Milliseconds that the longest of them took."},
    {"rebalancing", REBALANCE "rebalancing", GAUGE, CLUSTER, NULL, "1 while a change is under way, else 0."},
    {"rebalance_epoch", REBALANCE "epoch", GAUGE, CLUSTER, NULL, "The number of the assignment in force."},
    {"rebalance_leader", REBALANCE "leader", GAUGE, CLUSTER, NULL,
     "1 on the worker that leads the cluster, else 0."},
    {NULL, REBALANCE "leader_name", GAUGE, CLUSTER, NULL,
     "Always 1; the label leader_name says which worker leads the cluster."},
    {NULL, REBALANCE "connect_protocol", GAUGE, CLUSTER, NULL,
     "Always 1; the label connect_protocol is sluice."},
    {"last_rebalance_ms", REBALANCE "last_rebalance_timestamp_ms", GAUGE, CLUSTER, NULL,
     "When the last change was over, in milliseconds since 1970."},
    {NULL, REBALANCE "time_since_last_rebalance_ms", GAUGE, CLUSTER, NULL,
     "Milliseconds since the last change was over."},

    /* states */
    {NULL, "kafka_connect_connector_status", GAUGE, CONNECTOR, NULL,
     "1 for the state that the connector has, in the label status."},
    {NULL, "kafka_connect_connector_task_status", GAUGE, TASK, NULL,
     "1 for the state that the task has, in the label status."},

    /* sources */
    {"source_records_polled", SOURCE "source_record_poll_total", COUNTER, OF_SOURCE, NULL,
     "Records that the source has given, before transforms."},
    {"source_records_written", SOURCE "source_record_write_total", COUNTER, OF_SOURCE, NULL,
     "Records handed to Kafka, after transforms."},
    {"source_records_active", SOURCE "source_record_active_count", GAUGE, OF_SOURCE, NULL,
     "Records that were given and are not yet acknowledged by Kafka or left out."},
    {"source_bytes_in_flight", "sluice_source_task_bytes_in_flight", GAUGE, OF_SOURCE, NULL,
     "Memory of the records that are on their way, in bytes."},
    {"source_batches", "sluice_source_task_batches_total", COUNTER, OF_SOURCE, NULL,
     "Batches with records or offsets that the source has given."},
    {"source_poll_ms", "sluice_source_task_poll_time_ms_total", COUNTER, OF_SOURCE, NULL,
     "Milliseconds spent in the source for these batches; divided by their number, "
     "Kafka Connect's poll-batch-avg-time-ms."},
    {"source_bytes_limit", "sluice_source_task_bytes_limit", GAUGE, OF_SOURCE, NULL,
     "The memory from which on the source is not asked for more, in bytes."},
    {"source_poll_max_ms", SOURCE "poll_batch_max_time_ms", GAUGE, OF_SOURCE, NULL,
     "Milliseconds that the longest of them took."},
    {"source_transactions", "sluice_source_task_transactions_total", COUNTER, OF_SOURCE, NULL,
     "Transactions that were committed, with exactly-once."},
    {"source_transaction_records", "sluice_source_task_transaction_records_total", COUNTER, OF_SOURCE, NULL,
     "Records in these transactions; divided by their number, Kafka Connect's transaction-size-avg."},
    {"source_transaction_max", SOURCE "transaction_size_max", GAUGE, OF_SOURCE, NULL,
     "Records in the largest of them."},
    {"source_transaction_min", SOURCE "transaction_size_min", GAUGE, OF_SOURCE, NULL,
     "Records in the smallest of them that had any."},

    /* sinks */
    {"sink_records_read", SINK "sink_record_read_total", COUNTER, OF_SINK, NULL,
     "Records read from Kafka, before transforms."},
    {"sink_records_put", SINK "sink_record_send_total", COUNTER, OF_SINK, NULL,
     "Records that the sink has taken."},
    {"sink_records_lag", SINK "sink_record_lag_max", GAUGE, OF_SINK, NULL,
     "Records that are in Kafka and not yet read, of all the task's partitions."},
    {"sink_put_retries", "sluice_sink_task_put_retries_total", COUNTER, OF_SINK, NULL,
     "Batches that the sink asked to be given once more."},
    {"sink_batches", "sluice_sink_task_batches_total", COUNTER, OF_SINK, NULL,
     "Batches that the sink has taken."},
    {"sink_put_ms", "sluice_sink_task_put_time_ms_total", COUNTER, OF_SINK, NULL,
     "Milliseconds spent in the sink for these batches; divided by their number, "
     "Kafka Connect's put-batch-avg-time-ms."},
    {"sink_put_max_ms", SINK "put_batch_max_time_ms", GAUGE, OF_SINK, NULL,
     "Milliseconds that the longest of them took."},
    {"sink_partitions", SINK "partition_count", GAUGE, OF_SINK, NULL,
     "Partitions of topics that the task reads."},

    /* commits of both */
    {"offset_commits", COMMIT "completion_total", COUNTER, TASK, NULL, "Commits of offsets that succeeded."},
    {"offset_commit_failures", COMMIT "failure_total", COUNTER, TASK, NULL,
     "Commits of offsets that failed."},
    {"offset_commit_ms", COMMIT "time_ms_total", COUNTER, TASK, NULL,
     "Milliseconds that the successful ones took, together."},
    {"offset_commit_max_ms", COMMIT "max_time_ms", GAUGE, TASK, NULL,
     "Milliseconds that the longest of them took."},
    {"batch_size_max", "kafka_connect_connector_task_batch_size_max", GAUGE, TASK, NULL,
     "Records in the largest batch."},

    /* errors */
    {"error_record_failures", FAULTS "total_record_failures", COUNTER, TASK, NULL,
     "Records that could not be processed."},
    {"error_records_skipped", FAULTS "total_records_skipped", COUNTER, TASK, NULL,
     "Of these, records that were passed over."},
    {"error_retries", FAULTS "total_retries", COUNTER, TASK, NULL, "Tries to process a record once more."},
    {"error_logged", FAULTS "total_errors_logged", COUNTER, TASK, NULL, "Failures that were logged."},
    {"error_last_ms", FAULTS "last_error_timestamp", GAUGE, TASK, NULL,
     "When the last record failed, in milliseconds since 1970."},
    {"dead_letters", FAULTS "deadletterqueue_produce_requests", COUNTER, TASK, NULL,
     "Records sent to the dead letter queue."},
    {"dead_letter_failures", FAULTS "deadletterqueue_produce_failures", COUNTER, TASK, NULL,
     "Records that the dead letter queue did not take."},

    /* change data capture: streaming */
    {"cdc_behind_source_ms", CDC "MilliSecondsBehindSource", GAUGE, PLUGIN, STREAMING,
     "Milliseconds between a change in the database and its reading, for the last one that was read."},
    {"cdc_connected", CDC "Connected", GAUGE, PLUGIN, STREAMING,
     "1 while the source follows the database's log, else 0."},
    {"cdc_events_seen", CDC "TotalNumberOfEventsSeen", COUNTER, PLUGIN, STREAMING, "Changes that were read."},
    {"cdc_transactions", CDC "NumberOfCommittedTransactions", COUNTER, PLUGIN, STREAMING,
     "Transactions that were read to their commit."},
    {"cdc_last_event_ms", CDC "LastEventTimestamp", GAUGE, PLUGIN, STREAMING,
     "When the last change was committed in the database, in milliseconds since 1970."},
    {"cdc_last_transaction", CDC "LastTransactionId", GAUGE, PLUGIN, STREAMING,
     "The database's number of the last transaction that was read."},
    {"cdc_last_position", "sluice_cdc_last_position", GAUGE, PLUGIN, STREAMING,
     "The position in the database's log that was read last (PostgreSQL: the LSN as a number)."},
    {"cdc_queue_capacity", CDC "QueueTotalCapacity", GAUGE, PLUGIN, STREAMING,
     "Memory for records between reading and their acknowledgement by Kafka, in bytes (Debezium: in "
     "records)."},
    {"cdc_queue_remaining", CDC "QueueRemainingCapacity", GAUGE, PLUGIN, STREAMING,
     "How much of it is free, in bytes."},

    /* change data capture: snapshot */
    {"cdc_snapshot_running", CDC "SnapshotRunning", GAUGE, PLUGIN, SNAPSHOT,
     "1 while the snapshot is read, else 0."},
    {"cdc_snapshot_completed", CDC "SnapshotCompleted", GAUGE, PLUGIN, SNAPSHOT,
     "1 once it is complete, else 0."},
    {"cdc_snapshot_tables", CDC "TotalTableCount", GAUGE, PLUGIN, SNAPSHOT, "Tables of the snapshot."},
    {"cdc_snapshot_tables_left", CDC "RemainingTableCount", GAUGE, PLUGIN, SNAPSHOT,
     "Tables of it that are not read to their end."},
    {"cdc_snapshot_rows", CDC "RowsScanned", GAUGE, PLUGIN, SNAPSHOT,
     "Rows of all tables that were read so far."},
    {"cdc_snapshot_rows_expected", "sluice_cdc_snapshot_rows_expected", GAUGE, PLUGIN, SNAPSHOT,
     "Rows of all tables as the database estimates them."},
    {"cdc_snapshot_seconds", CDC "SnapshotDurationInSeconds", GAUGE, PLUGIN, SNAPSHOT,
     "How long it took so far."},

    /* of connectors */
    {"rows_written", "sluice_jdbc_rows_written_total", COUNTER, PLUGIN, NULL,
     "Rows written or deleted in the target."},
    {"records_rejected", "sluice_jdbc_records_rejected_total", COUNTER, PLUGIN, NULL,
     "Records that the target could not take."},
    {"long_lines", "sluice_file_long_lines_total", COUNTER, PLUGIN, NULL,
     "Lines longer than line.max.bytes."},

    /* of the process */
    {NULL, "sluice_pool_threads", GAUGE, WORKER, NULL, "Threads of the pool that tasks run on."},
    {NULL, "sluice_pool_threads_busy", GAUGE, WORKER, NULL, "Of these, threads that run a step."},
    {NULL, "sluice_pool_queued", GAUGE, WORKER, NULL, "Steps that wait for a thread."},
    {NULL, "sluice_pool_steps_total", COUNTER, WORKER, NULL, "Steps that were run."},
    {NULL, "process_resident_memory_bytes", GAUGE, WORKER, NULL, "Memory of the process, in bytes."},
    {NULL, "process_cpu_seconds_total", COUNTER, WORKER, NULL, "Processor time of the process, in seconds."},
};

const size_t sl__metric_nrows = sizeof sl__metric_rows / sizeof sl__metric_rows[0];

const sl__metric_row *sl__metric_row_of(const char *name) {
    for (size_t i = 0; i < sl__metric_nrows; i++) {
        if (sl__metric_rows[i].name && strcmp(sl__metric_rows[i].name, name) == 0) {
            return &sl__metric_rows[i];
        }
    }
    return NULL;
}

const sl__metric_row *sl__metric_row_shown(const char *shown) {
    for (size_t i = 0; i < sl__metric_nrows; i++) {
        if (strcmp(sl__metric_rows[i].shown, shown) == 0) {
            return &sl__metric_rows[i];
        }
    }
    return NULL;
}

void sl__metrics_begin(sl__metric_scope scope, sl_str connector, int32_t task) {
    for (size_t i = 0; i < sl__metric_nrows; i++) {
        const sl__metric_row *row = &sl__metric_rows[i];
        if (row->name && row->scope == scope) {
            sl__metric_release(sl__metric_get(row->name, connector, task));
        }
    }
}
