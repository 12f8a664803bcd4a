"""Reads GET /metrics of the workers of a cluster: metrics.py CHECK URL...

all       every row of docs/reference/metrics.md is there, on some worker, as the rows say; those of SET have a value above 0
settled   nobody is rebalancing, one leads, all name the same leader and the same epoch
"""
import re
import sys
import urllib.request

LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.]+)$')
REBALANCE = "kafka_connect_worker_rebalance_"
# What a file source with long lines, a CDC source behind a snapshot, and sinks that take and refuse records leave above 0.
SET = """sluice_info kafka_connect_worker_connector_count kafka_connect_worker_task_count sluice_connectors sluice_tasks
kafka_connect_worker_connector_startup_attempts_total kafka_connect_worker_connector_startup_success_total
kafka_connect_worker_connector_startup_failure_total kafka_connect_worker_task_startup_attempts_total
kafka_connect_worker_rebalance_completed_rebalances_total kafka_connect_worker_rebalance_rebalance_time_ms_total
kafka_connect_worker_rebalance_rebalance_avg_time_ms kafka_connect_worker_rebalance_rebalance_max_time_ms
kafka_connect_worker_rebalance_epoch kafka_connect_worker_rebalance_leader kafka_connect_worker_rebalance_leader_name
kafka_connect_worker_rebalance_connect_protocol kafka_connect_worker_rebalance_last_rebalance_timestamp_ms
kafka_connect_worker_rebalance_time_since_last_rebalance_ms kafka_connect_connector_status kafka_connect_connector_task_status
kafka_connect_source_task_source_record_poll_total kafka_connect_source_task_source_record_write_total
sluice_source_task_batches_total sluice_source_task_bytes_limit sluice_source_task_transactions_total
sluice_source_task_transaction_records_total kafka_connect_source_task_transaction_size_max
kafka_connect_source_task_transaction_size_min kafka_connect_sink_task_sink_record_read_total
kafka_connect_sink_task_sink_record_send_total sluice_sink_task_batches_total kafka_connect_sink_task_partition_count
kafka_connect_connector_task_offset_commit_completion_total kafka_connect_connector_task_offset_commit_time_ms_total
kafka_connect_connector_task_offset_commit_max_time_ms kafka_connect_connector_task_batch_size_max
kafka_connect_task_error_total_record_failures kafka_connect_task_error_total_records_skipped
kafka_connect_task_error_total_errors_logged kafka_connect_task_error_last_error_timestamp
kafka_connect_task_error_deadletterqueue_produce_requests debezium_metrics_Connected debezium_metrics_TotalNumberOfEventsSeen
debezium_metrics_NumberOfCommittedTransactions debezium_metrics_LastEventTimestamp debezium_metrics_LastTransactionId
sluice_cdc_last_position debezium_metrics_QueueTotalCapacity debezium_metrics_QueueRemainingCapacity
debezium_metrics_SnapshotCompleted debezium_metrics_TotalTableCount debezium_metrics_RowsScanned
sluice_cdc_snapshot_rows_expected sluice_jdbc_rows_written_total sluice_file_long_lines_total sluice_pool_threads
sluice_pool_steps_total process_resident_memory_bytes process_cpu_seconds_total""".split()


def samples(url):
    """name -> [(labels, value)]; fails on what Prometheus would not read."""
    found, types, seen = {}, {}, set()
    with urllib.request.urlopen(url + "/metrics", timeout=20) as answer:
        text = answer.read().decode()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            assert name not in types, f"{name}: two heads"
            types[name] = kind
        elif not line.startswith("#"):
            m = LINE.match(line)
            assert m, f"not a sample: {line}"
            assert m[1] in types, f"no TYPE before {line}"
            assert (m[1], m[2]) not in seen, f"twice: {line}"
            seen.add((m[1], m[2]))
            found.setdefault(m[1], []).append((m[2] or "", float(m[3])))
    return found


def rows():
    with open("docs/reference/metrics.md", encoding="utf-8") as f:
        for line in f:
            cells = [c.strip() for c in line.split("|")[1:-1]]
            if cells and cells[0].startswith("`"):
                yield cells[0].strip("`"), cells[2]


def check_all(workers):
    for name, labels in rows():
        have = [s for w in workers for s in w.get(name, [])]
        if not have:
            yield f"{name}: nobody has it"
        for wanted in ("connector", "task", "context"):
            if any((f'{wanted}="' in s[0]) != (wanted in labels) for s in have):
                yield f"{name}: expected the labels {labels}, got {have[0][0]}"
        if name in SET and not any(value > 0 for _, value in have):
            yield f"{name}: nobody has set it: {have}"
    for name in set(SET) - {name for name, _ in rows()}:
        yield f"{name}: not in the documents"
    if not any(value >= 0 for w in workers for _, value in w.get("debezium_metrics_MilliSecondsBehindSource", [])):
        yield "debezium_metrics_MilliSecondsBehindSource: below 0"


def check_settled(workers):
    if any(value for w in workers for _, value in w[REBALANCE + "rebalancing"]):
        yield "rebalancing"
    if sum(w[REBALANCE + "leader"][0][1] for w in workers) != 1:
        yield "not one leader"
    for name in ("leader_name", "epoch"):
        if len({str(w[REBALANCE + name]) for w in workers}) != 1:
            yield f"{name}: {[w[REBALANCE + name] for w in workers]}"
    tasks = [s[0] for w in workers for s in w.get("kafka_connect_source_task_source_record_poll_total", [])]
    if len(tasks) != len(set(tasks)):
        yield f"a task's metrics on two workers: {sorted(tasks)}"


def main():
    check, urls = sys.argv[1], sys.argv[2:]
    problems = list((check_all if check == "all" else check_settled)([samples(u) for u in urls]))
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
