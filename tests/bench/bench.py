#!/usr/bin/env python3
"""Benchmarks with a peer or a limit in the same run:
bench.py BUILD [idle] [drain] [snapshot] [snapshot-java] [sink] [latency] [--runs N] [--rows-div N]

Services (Kafka, PostgreSQL) must be up: BOOTSTRAP, PGHOST, PGPORT, PGUSER say where (make bench starts them). Runs
of ours and of the other alternate; each result shows an A/A control (the first half of the other's runs against
the second). Records are counted at the broker or in the target. CPU is user + system of the measured process, memory its peak.

  idle      the worker after start: memory, time until REST answers; and with 100 idle file sources
  drain     500,000 inserts from a slot's backlog            against pg_recvlogical to a file
  snapshot  1,000,000 rows                                   against psql copy row_to_json | kcat
  snapshot-java  the same rows                              against Debezium on Java Connect, per row
  sink      200,000 upserts into PostgreSQL                  against Debezium's JDBC sink on Java Connect
  latency   from the statement to a consumer, at 1,000 transactions a second
"""
import ctypes
import datetime
import json
import os
import re
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ROW = ("i, 'Customer number ' || i, 'customer' || i || '@shop.example', (i % 100000) / 100.0, "
       "timestamptz '2026-01-01' + i * interval '1 second', i % 2 = 0, "
       "repeat(md5(i::text), 2)")
TABLE = ("(id bigint primary key, name text, email text, amount numeric(10,2), created timestamptz, "
         "active boolean, note text)")


def psql(sql, db="bench"):
    return subprocess.run(["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", db, "-c", sql], check=True,
                          capture_output=True, text=True).stdout.strip()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Watermarks:
    """Asks for end offsets over one connection: a process for each question would take CPU from what is measured."""

    def __init__(self):
        self.lib = ctypes.CDLL("librdkafka.so.1")
        for name in ("rd_kafka_conf_new", "rd_kafka_new"):
            getattr(self.lib, name).restype = ctypes.c_void_p
        self.lib.rd_kafka_destroy_flags.restype = None
        self.client = None

    def connect(self):
        conf = ctypes.c_void_p(self.lib.rd_kafka_conf_new())
        problem = ctypes.create_string_buffer(256)
        self.lib.rd_kafka_conf_set(conf, b"bootstrap.servers", BOOTSTRAP.encode(), problem, 256)
        self.client = ctypes.c_void_p(self.lib.rd_kafka_new(1, conf, problem, 256))
        if not self.client:
            raise SystemExit("bench: " + problem.value.decode())

    def end(self, topic):
        if not self.client:
            self.connect()
        low, high = ctypes.c_int64(), ctypes.c_int64()
        err = self.lib.rd_kafka_query_watermark_offsets(self.client, topic.encode(), 0, ctypes.byref(low),
                                                        ctypes.byref(high), 1000)
        if err:  # a client remembers for long that a topic was not there
            self.lib.rd_kafka_destroy_flags(self.client, 4)
            self.client = None
        return 0 if err else high.value


def end_offset(topic):
    if not hasattr(end_offset, "watermarks"):
        end_offset.watermarks = Watermarks()
    return end_offset.watermarks.end(topic)


class Usage:
    """One measured run."""

    def __init__(self, seconds, cpu, peak_mb):
        self.seconds, self.cpu, self.peak_mb = seconds, cpu, peak_mb


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid, what="VmHWM"):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        m = re.search(what + r":\s+(\d+) kB", f.read())
    return int(m.group(1)) / 1024


def wait_for(reached, limit=600, every=0.02):
    until = time.monotonic() + limit
    while not reached():
        if time.monotonic() > until:
            raise SystemExit("bench: nothing reached the goal within %d s" % limit)
        time.sleep(every)


class Worker:
    """build/sluice standalone with one connector file, measured until stop()."""

    def __init__(self, name, connectors, extra=None):
        self.dir = os.path.join(WORK, name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.port = free_port()
        config = {"bootstrap.servers": BOOTSTRAP, "listeners": f"http://127.0.0.1:{self.port}",
                  "offset.storage.file.filename": os.path.join(self.dir, "offsets"),
                  "key.converter": "org.apache.kafka.connect.json.JsonConverter",
                  "value.converter": "org.apache.kafka.connect.json.JsonConverter",
                  "key.converter.schemas.enable": "false", "value.converter.schemas.enable": "false"}
        config.update(extra or {})
        files = [self._write("worker.properties", config)]
        for c in connectors:
            files.append(self._write(c["name"] + ".properties", c))
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.began = time.monotonic()
        self.process = subprocess.Popen([os.path.join(BUILD, "sluice"), "standalone", *files], stderr=self.log,
                                        stdout=self.log)

    def _write(self, name, config):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="utf-8") as f:
            for k, v in config.items():
                f.write(f"{k}={v}\n".replace("\\", "\\\\"))
        return path

    def rest(self, path):
        return json.load(urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2))

    def answers(self):
        try:
            self.rest("/")
            return True
        except OSError:
            if self.process.poll() is not None:
                raise SystemExit(f"bench: the worker ended; see {self.dir}/log") from None
            return False

    def usage(self):
        return Usage(time.monotonic() - self.began, cpu_of(self.process.pid), memory_of(self.process.pid))

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def measured(command, **how):
    """Runs a command (its children too) to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run(command, check=True, **how)
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Usage(seconds, cpu, 0)


def median(values):
    return statistics.median(values)


def report(name, ours, theirs, their_name, rows):
    def line(label, runs):
        print(f"  {label:<34} {median([r.seconds for r in runs]):8.2f} s  ({min(r.seconds for r in runs):.2f} to "
              f"{max(r.seconds for r in runs):.2f})  {median([r.cpu for r in runs]) * 1e6 / rows:7.2f} CPU s per million"
              + (f"  {max(r.peak_mb for r in runs):6.1f} MB" if runs[0].peak_mb else ""))

    print(f"{name}: {rows} rows, {len(ours)} runs each, alternating")
    line("sluice", ours)
    line(their_name, theirs)
    ratios = [a.seconds / b.seconds for a, b in zip(ours, theirs)]
    print(f"  ratio sluice / {their_name}: {median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    if len(theirs) > 1:
        half = len(theirs) // 2
        control = median([r.seconds for r in theirs[:half]]) / median([r.seconds for r in theirs[half:]])
        print(f"  control {their_name} / itself: {control:.3f}")
    sys.stdout.flush()


def cdc(name, slot, extra):
    config = {"name": name, "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
              "database.hostname": PGHOST, "database.port": PGPORT, "database.user": PGUSER, "database.dbname": "bench",
              "plugin.name": "pgoutput", "topic.prefix": name, "slot.name": slot, "publication.name": "bench_pub",
              "publication.autocreate.mode": "disabled", "table.include.list": "public.events", "tasks.max": "1"}
    config.update(extra)
    return config


def bench_idle(_):
    w = Worker("idle", [])
    wait_for(w.answers, 10, 0.005)
    up = time.monotonic() - w.began
    time.sleep(2)
    print(f"idle: REST up after {up * 1000:.0f} ms (limit 500), memory {memory_of(w.process.pid, 'VmRSS'):.1f} MB (limit 24)")
    w.stop()
    files = []
    for i in range(100):
        path = os.path.join(WORK, f"idle-{i}.txt")
        open(path, "w", encoding="ascii").close()
        files.append({"name": f"f{i}", "connector.class": "FileStreamSource", "file": path, "topic": "idle"})
    w = Worker("idle100", files)
    wait_for(w.answers, 10, 0.005)
    time.sleep(3)
    before = cpu_of(w.process.pid)
    time.sleep(10)
    used = cpu_of(w.process.pid) - before
    threads = len(os.listdir(f"/proc/{w.process.pid}/task"))
    print(f"idle with 100 file sources: {memory_of(w.process.pid, 'VmRSS'):.1f} MB, {threads} threads, "
          f"{used * 10:.2f} % of a core (Java Connect: 584 MB, 354 threads, 5.7 %)")
    w.stop()


def bench_drain(options):
    rows = 500000 // options["div"]
    psql("drop table if exists events")
    psql("create table events " + TABLE)
    psql("drop publication if exists bench_pub")
    psql("create publication bench_pub for table events")
    psql("select pg_create_logical_replication_slot('bench_base', 'pgoutput')")
    psql(f"insert into events select {ROW} from generate_series(1, {rows}) i")
    end = psql("select pg_current_wal_lsn()")
    psql("checkpoint")
    ours, theirs = [], []
    for run in range(options["runs"]):
        slot, topic = f"ours_{run}", f"drain{os.getpid()}_{run}"
        psql(f"select pg_copy_logical_replication_slot('bench_base', '{slot}')")
        w = Worker("drain", [cdc(topic, slot, {"snapshot.mode": "no_data"})])
        wait_for(lambda t=topic: end_offset(f"{t}.public.events") >= rows)
        ours.append(w.usage())
        w.stop()
        psql(f"select pg_drop_replication_slot('{slot}')")
        slot = f"theirs_{run}"
        psql(f"select pg_copy_logical_replication_slot('bench_base', '{slot}')")
        theirs.append(measured(["pg_recvlogical", "-d", "bench", "-S", slot, "--start", "--endpos", end, "-f",
                                os.path.join(WORK, "recv"), "-o", "proto_version=1", "-o", "publication_names=bench_pub"]))
        psql(f"select pg_drop_replication_slot('{slot}')")
    psql("select pg_drop_replication_slot('bench_base')")
    report("drain", ours, theirs, "pg_recvlogical", rows)


def piped(topic):
    return measured(["bash", "-c", "psql -X -q -d bench -c 'copy (select row_to_json(e) from events e) to stdout' | "
                     f"kcat -b {BOOTSTRAP} -P -t {topic} -X queue.buffering.max.messages=1000000"])


def bench_snapshot(options):
    rows = 1000000 // options["div"]
    psql("drop table if exists events")
    psql("create table events " + TABLE)
    psql(f"insert into events select {ROW} from generate_series(1, {rows}) i")
    psql("vacuum analyze events")
    psql("drop publication if exists bench_pub")
    psql("create publication bench_pub for table events")
    piped(f"warm{os.getpid()}")  # a broker that just began is slow for whoever comes first
    snapshot_once(f"warm_snap{os.getpid()}", rows, {})
    ours, plain, theirs = [], [], []
    for run in range(options["runs"]):
        ours.append(snapshot_once(f"snap{os.getpid()}_{run}", rows, {}))
        plain.append(snapshot_once(f"plain{os.getpid()}_{run}", rows, {"extended.headers.enabled": "false"}))
        theirs.append(piped(f"kcat{os.getpid()}_{run}"))
    report("snapshot", ours, theirs, "psql | kcat", rows)
    report("snapshot without headers, of which kcat writes none", plain, theirs, "psql | kcat", rows)


def snapshot_once(topic, rows, extra):
    slot = topic.replace(".", "_")
    w = Worker("snapshot", [cdc(topic, slot, {"snapshot.mode": "initial", **extra})])
    wait_for(lambda: end_offset(f"{topic}.public.events") >= rows)
    usage = w.usage()
    w.stop()
    psql(f"select pg_drop_replication_slot('{slot}')")
    return usage


def bench_snapshot_java(options):
    """Debezium reads fewer rows: what the rest of as many as ours would take is added at the rate of its last half, when it
    is warm. Ours count from the start of the process, its own from the creation of the connector on a worker that runs."""
    rows, java_rows = 1000000 // options["div"], 300000 // options["div"]
    psql("drop publication if exists bench_pub")
    for table, n in ("events", rows), ("fewer", java_rows):
        psql(f"drop table if exists {table}")
        psql(f"create table {table} {TABLE}")
        psql(f"insert into {table} select {ROW} from generate_series(1, {n}) i")
        psql(f"vacuum analyze {table}")
    psql("create publication bench_pub for table events, fewer")
    snapshot_once(f"warm_snapj{os.getpid()}", rows, {})  # Debezium is warm when it is measured: so is the broker
    ours, theirs, rates, whole = [], [], [], []
    for run in range(options["runs"]):
        ours.append(snapshot_once(f"snapj{os.getpid()}_{run}", rows, {}))
        all_rows, warm = java_snapshot(f"java{os.getpid()}_{run}", java_rows)
        rest = (rows - java_rows) / warm.rows
        theirs.append(Usage(all_rows.seconds + warm.seconds * rest, all_rows.cpu + warm.cpu * rest, warm.peak_mb))
        rates.append(warm.seconds * rows / warm.rows)
        whole.append(all_rows)
    report("snapshot beside Java", ours, theirs, "Debezium", rows)
    for what, value in (("by the clock", lambda u: u.seconds), ("by CPU", lambda u: u.cpu), ("by memory", lambda u: u.peak_mb)):
        ratios = [value(b) / value(a) for a, b in zip(ours, theirs)]
        print(f"  Debezium / sluice {what}: {median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
              + (" (limit: 15)" if what == "by the clock" else ""))
    print(f"  warm only, by the clock: {median([b / a.seconds for a, b in zip(ours, rates)]):.1f}")
    print(f"  Debezium read {java_rows} rows, from the creation of its connector to the last one, in "
          f"{median([u.seconds for u in whole]):.2f} s, {median([u.cpu for u in whole]):.2f} CPU s; warm: the last half of them", flush=True)


def java_snapshot(name, rows):
    """A snapshot by Debezium on a standalone Java Connect: all of it, and its last half."""
    directory = os.path.join(WORK, "java")
    file = os.path.join(WORK, name + ".properties")
    topic = f"{name}.public.fewer"
    config = cdc(name, name, {"snapshot.mode": "initial", "table.include.list": "public.fewer", "database.password": "x"})
    with open(file, "w", encoding="utf-8") as f:
        f.writelines(f"{k}={v}\n" for k, v in config.items())
    java = JavaConnect(directory, "--standalone", file, "key.converter.schemas.enable=false", "value.converter.schemas.enable=false")
    try:
        wait_for(lambda: end_offset(topic) > 0, 120)
        marks = []
        for goal in (rows // 2, rows):
            wait_for(lambda g=goal: end_offset(topic) >= g)
            marks.append((end_offset(topic), time.monotonic(), cpu_of(java.pid)))
        (first, half, half_cpu), (last, end, end_cpu) = marks
        if first >= last:
            raise SystemExit("bench: too few rows for Debezium to be seen at its half: a smaller --rows-div")
        warm = Usage(end - half, end_cpu - half_cpu, memory_of(java.pid))
        warm.rows = last - first
        return Usage(end - java.began, end_cpu, memory_of(java.pid)), warm
    finally:
        java.remove()
        wait_for(lambda: psql(f"select count(*) from pg_replication_slots where slot_name = '{name}' and active") == "0", 30)
        psql(f"select pg_drop_replication_slot('{name}')")


class JavaConnect:
    """Java Connect with what a peer deserves: 2 GB and the full compiler."""

    def __init__(self, directory, *arguments):
        self.directory = directory
        self.began = time.monotonic()
        env = dict(os.environ, CONNECT_HEAP_MB="2048", CONNECT_JIT_LEVEL="4")
        subprocess.run(["bash", f"{ROOT}/tests/support/connect.sh", "start", directory, BOOTSTRAP, *arguments], check=True, env=env,
                       stderr=subprocess.DEVNULL)
        with open(os.path.join(directory, "connect.env"), encoding="utf-8") as f:
            values = dict(line.strip().split("=", 1) for line in f if "=" in line)
        self.url = values.get("CONNECT_URL", "").strip("'\"")
        self.pid = int(values.get("CONNECT_PID", "0").strip("'\"") or 0)

    def remove(self):
        subprocess.run(["bash", f"{ROOT}/tests/support/connect.sh", "remove", self.directory], check=False, stderr=subprocess.DEVNULL)


def bench_latency(options):
    """From the statement (its commit's sync included) to a consumer's hands, at 1,000 transactions a second."""
    seconds = max(2, 10 // options["div"])
    topic = f"lat{os.getpid()}"
    psql("drop table if exists lat")
    psql("create table lat (id bigserial primary key, at timestamptz not null)")
    psql("drop publication if exists lat_pub")
    psql("create publication lat_pub for table lat")
    config = cdc(topic, topic, {"snapshot.mode": "no_data", "publication.name": "lat_pub",
                                "table.include.list": "public.lat"})
    w = Worker("latency", [config])
    wait_for(lambda: psql(f"select count(*) from pg_replication_slots where slot_name = '{topic}' and active") == "1", 30)
    script = os.path.join(WORK, "latency.sql")
    with open(script, "w", encoding="ascii") as f:
        f.write("insert into lat (at) values (clock_timestamp());\n")
    load = subprocess.Popen(["pgbench", "-n", "-R", "1000", "-c", "8", "-T", str(seconds), "-f", script, "bench"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: end_offset(f"{topic}.public.lat") > 0, 30)
    reader = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-C", "-u", "-q", "-t", f"{topic}.public.lat", "-o", "end"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    waits = []
    while load.poll() is None:
        line = reader.stdout.readline()
        now = time.time()
        at = json.loads(line)["after"]["at"].replace("Z", "+00:00")
        waits.append(now - datetime.datetime.fromisoformat(at).timestamp())
    reader.terminate()
    usage = w.usage()
    w.stop()
    psql(f"select pg_drop_replication_slot('{topic}')")
    waits.sort()
    at = lambda q: waits[min(len(waits) - 1, int(len(waits) * q))] * 1000
    print(f"latency: {len(waits) / seconds:.0f} transactions/s read: median {at(0.5):.1f} ms, p99 {at(0.99):.1f} ms, "
          f"most {waits[-1] * 1000:.1f} ms (limit for p99: 20 ms); {usage.peak_mb:.1f} MB", flush=True)


def count_target():
    try:
        return int(psql("select count(*) from target"))
    except subprocess.CalledProcessError:
        return 0


def bench_sink(options):
    rows = 200000 // options["div"]
    topic = f"upserts{os.getpid()}"
    feed(topic, rows)
    ours, theirs = [], []
    for run in range(options["runs"]):
        psql("drop table if exists target")
        config = sink_config(f"ours{os.getpid()}_{run}", topic)
        w = Worker("sink", [config], {"key.converter.schemas.enable": "true", "value.converter.schemas.enable": "true"})
        wait_for(lambda: count_target() >= rows, 120, 0.05)
        ours.append(w.usage())
        w.stop()
        psql("drop table if exists target")
        theirs.append(java_sink(f"theirs{os.getpid()}_{run}", topic, rows))
    report("sink", ours, theirs, "Debezium's JDBC sink", rows)


def feed(topic, rows):
    """Writes keyed records with schemas, as a CDC source would, without a worker."""
    field = lambda n, t: {"field": n, "type": t, "optional": True}
    schema = {"type": "struct", "optional": False, "name": "v", "fields": [
        {"field": "id", "type": "int64", "optional": False}, field("name", "string"), field("email", "string"),
        field("amount", "double"), field("active", "boolean"), field("note", "string")]}
    key_schema = {"type": "struct", "optional": False, "name": "k", "fields": [schema["fields"][0]]}
    p = subprocess.Popen(["kcat", "-b", BOOTSTRAP, "-P", "-t", topic, "-K", "\t", "-X",
                          "queue.buffering.max.messages=1000000"], stdin=subprocess.PIPE, text=True)
    key_text, value_text = json.dumps(key_schema), json.dumps(schema)
    for i in range(rows):
        payload = {"id": i, "name": f"Customer number {i}", "email": f"customer{i}@shop.example", "amount": i % 1000 / 4,
                   "active": i % 2 == 0, "note": "x" * 64}
        p.stdin.write(f'{{"schema":{key_text},"payload":{{"id":{i}}}}}\t{{"schema":{value_text},"payload":{json.dumps(payload)}}}\n')
    p.stdin.close()
    if p.wait() != 0:
        raise SystemExit("bench: kcat could not write the records")


def sink_config(name, topic):
    return {"name": name, "connector.class": "io.debezium.connector.jdbc.JdbcSinkConnector", "topics": topic,
            "connection.url": f"jdbc:postgresql://{PGHOST}:{PGPORT}/bench", "connection.username": PGUSER,
            "connection.password": "x", "insert.mode": "upsert", "primary.key.mode": "record_key",
            "schema.evolution": "basic", "collection.name.format": "target", "table.name.format": "target", "tasks.max": "1",
            "batch.size": "3000", "consumer.override.auto.offset.reset": "earliest"}


def java_sink(name, topic, rows):
    """Debezium's sink on Java Connect, warm: the time begins when the connector is created."""
    java = JavaConnect(os.path.join(WORK, "java"))
    cpu = cpu_of(java.pid)
    began = time.monotonic()
    config = sink_config(name, topic)
    config["consumer.override.max.poll.records"] = "3000"
    request = urllib.request.Request(java.url + "/connectors", json.dumps({"name": name, "config": config}).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=60).read()
    try:
        wait_for(lambda: count_target() >= rows, 300, 0.05)
        return Usage(time.monotonic() - began, cpu_of(java.pid) - cpu, memory_of(java.pid))
    finally:
        java.remove()


def main():
    args = sys.argv[2:]
    options = {"runs": 3, "div": 1}
    names = []
    while args:
        a = args.pop(0)
        if a in ("--runs", "--rows-div"):
            options["runs" if a == "--runs" else "div"] = int(args.pop(0))
        else:
            names.append(a)
    known = {"idle": bench_idle, "drain": bench_drain, "snapshot": bench_snapshot, "snapshot-java": bench_snapshot_java,
             "sink": bench_sink, "latency": bench_latency}
    unknown = [n for n in names if n not in known]
    if unknown:
        raise SystemExit(f"bench: unknown benchmark '{unknown[0]}'; expected one of: {', '.join(known)}")
    if psql("select count(*) from pg_database where datname = 'bench'", "postgres") == "0":
        psql("create database bench", "postgres")
    for name in names or known:
        known[name](options)


if __name__ == "__main__":
    if len(sys.argv) < 2 or "BOOTSTRAP" not in os.environ:
        raise SystemExit(__doc__)
    BUILD = os.path.abspath(sys.argv[1])
    WORK = os.path.join(BUILD, "bench")
    os.makedirs(WORK, exist_ok=True)
    BOOTSTRAP = os.environ["BOOTSTRAP"]
    PGHOST, PGPORT, PGUSER = (os.environ[k] for k in ("PGHOST", "PGPORT", "PGUSER"))
    main()
