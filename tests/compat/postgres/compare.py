#!/usr/bin/env python3
"""Compares what Debezium and Sluice wrote: compare.py BOOTSTRAP THEIRS OURS ALLOWED

THEIRS and OURS are the two topic prefixes. Every topic's records are compared in order: keys, values, schemas, headers, field by field.
Ignored is only what must differ: times of processing, positions, versions, the prefix itself. ALLOWED lists differences that are there
on purpose: a regular expression of "OP TOPIC:PATH THEIRS OURS" a line, then two spaces and a reason; one that ends in $ may stop after the path.
"""
import json
import os
import re
import subprocess
import sys

VOLATILE = {"ts_ms", "ts_us", "ts_ns", "lsn", "txId", "sequence", "version", "xmin"}


def topics(bootstrap, prefix):
    meta = json.loads(subprocess.run(["kcat", "-b", bootstrap, "-L", "-J"], check=True, capture_output=True).stdout)
    return sorted(t["topic"] for t in meta["topics"] if re.search(rf"(^|[^a-z]){re.escape(prefix)}($|[^a-z0-9])", t["topic"]))


def parsed(text):
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def read_all(bootstrap, prefix):
    """Topic, with PREFIX for the prefix, to its records in order."""
    names = topics(bootstrap, prefix)
    out = subprocess.run(["kcat", "-b", bootstrap, "-G", f"compare-{os.getpid()}-{prefix}", "-X", "auto.offset.reset=earliest", "-X", "fetch.wait.max.ms=20", "-e", "-q", "-J", *names],
                         check=True, capture_output=True, text=True)
    records = {t.replace(prefix, "PREFIX"): [] for t in names}
    for line in out.stdout.splitlines():
        m = json.loads(line.replace(prefix, "PREFIX"))
        h = m.get("headers") or []
        headers = [(h[i], parsed(h[i + 1])) for i in range(0, len(h), 2) if "runId" not in h[i]]
        records[m["topic"]].append({"key": parsed(m.get("key")), "value": parsed(m.get("payload")), "headers": headers})
    return records


def clean(x):
    """Without what must differ; a transaction's id is its number and position."""
    if isinstance(x, dict):
        if isinstance(x.get("data_collections"), list): # in the order of a hash table
            x = {**x, "data_collections": sorted(x["data_collections"], key=lambda c: c["data_collection"])}
        return {k: clean(v) for k, v in x.items()
                if not (k in VOLATILE and not isinstance(v, (dict, list)))
                and not (k == "id" and isinstance(v, str) and re.fullmatch(r"\d+:\d+", v))}
    if isinstance(x, (list, tuple)):
        return [clean(v) for v in x]
    return x


def differences(a, b, path):
    if isinstance(a, dict) and isinstance(b, dict):
        for k in list(a) + [k for k in b if k not in a]:
            if k not in a or k not in b:
                yield f"{path}/{k}", a.get(k, "(missing)"), b.get(k, "(missing)")
            else:
                yield from differences(a[k], b[k], f"{path}/{k}")
    elif isinstance(a, list) and isinstance(b, list) and path.endswith("/fields"):
        names = [[f.get("field") for f in x] for x in (a, b)]
        if names[0] != names[1]:
            yield path, names[0], names[1]
        by_name = {f.get("field"): f for f in b}
        for f in a:
            if f.get("field") in by_name:
                yield from differences(f, by_name[f["field"]], f"{path}/{f['field']}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{path}[{i}]")
    elif a != b or (type(a) is not type(b) and not (isinstance(a, float) and isinstance(b, float))):
        yield path, a, b


def allowed_list(path):
    rules = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            line = line.strip()
            if line and not line.startswith("#"):
                pattern, _, reason = line.partition("  ")
                if not reason.strip():
                    raise SystemExit(f"{path}: '{pattern}' has no reason")
                rules.append(re.compile(pattern))
    return rules


def timed(topic):
    """Records that a clock makes: how many there are is chance."""
    return "heartbeat" in topic or topic.startswith("hb-of")


def op(record):
    value = record["value"]
    value = value.get("payload", value) if isinstance(value, dict) else None
    return value.get("op", "-") if isinstance(value, dict) else "-"


def plain(name):
    """A topic or path without what the delimiter and adjusted names make of it."""
    return re.sub(r"_u00([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), name).replace("PREFIX_", "PREFIX.").replace("public_", "public.").replace("PREFIX.all_", "PREFIX.public.").replace("PREFIX.edge", "PREFIX.public.edge").replace("PREFIX.fdef", "PREFIX.public.fdef")


def main():
    bootstrap, theirs, ours, rules = sys.argv[1], sys.argv[2], sys.argv[3], allowed_list(sys.argv[4])
    found, seen, records = 0, set(), 0
    left, right = read_all(bootstrap, theirs), read_all(bootstrap, ours)
    for t in sorted(set(left) | set(right)):
        if t not in left or t not in right:
            print(f"topic {t}: only {'debezium' if t in left else 'sluice'} has it")
            found += 1
            continue
        a, b = left[t], right[t]
        records += len(a)
        if len(a) != len(b) and not timed(t):
            print(f"{t}: {len(a)} records of debezium, {len(b)} of sluice")
            found += 1
        for i, (x, y) in enumerate(zip(a, b)):
            for path, u, v in differences(clean(x), clean(y), ""):
                where = f"{op(x)} {plain(t)}:{plain(path)}"
                key = (t, op(x) == "r", path.replace("/before/", "/after/"), str(u)[:60], str(v)[:60])
                if key in seen or any(r.search(where) or r.search(f"{where} {str(u)[:80]} {str(v)[:80]}") for r in rules):
                    continue
                seen.add(key)
                found += 1
                print(f"{where} [record {i}]: debezium {str(u)[:200]!r}, sluice {str(v)[:200]!r}")
    print(f"{records} records compared, {found} differences")
    sys.exit(1 if found or not records else 0)


if __name__ == "__main__":
    main()
