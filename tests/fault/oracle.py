#!/usr/bin/env python3
"""oracle.py - compares what a source wrote into its topics with the database it read.

Usage:  oracle.py BOOTSTRAP PREFIX DATABASE [--exact] [--snapshots N] [--state]

Table a (schema.sql) has a log of its changes in commit order. In its topic
  - what was streamed is that log from some point on, nothing missing, in order; where records repeat, they go back to an earlier
    point and continue from there without a gap (--exact: nothing repeats);
  - every delete is followed by its tombstone;
and in both tables' topics the last value of each key is the table's row, and every key of the table is there.
--snapshots N: so many times at most a row was read by a snapshot (default: no bound). --state: topics of
several partitions: the order of changes of different keys is not looked at. Prints one line of numbers.
"""

import argparse
import json
import subprocess
import sys


def fail(text):
    sys.exit("oracle: " + text)


def topic(bootstrap, name):
    """The records of a topic, each partition's oldest first: (key, value), both read from JSON."""
    out = subprocess.run(
        ["kcat", "-C", "-q", "-e", "-b", bootstrap, "-t", name, "-o", "beginning", "-J", "-X", "isolation.level=read_committed"],
        stdout=subprocess.PIPE, check=True).stdout
    records = []
    for record in sorted((json.loads(line) for line in out.splitlines()), key=lambda r: (r["partition"], r["offset"])):
        key = json.loads(record["key"])
        value = json.loads(record["payload"]) if record["payload"] else None
        records.append((payload(key), payload(value)))
    return records


def payload(value):
    return value["payload"] if value is not None and "payload" in value and "schema" in value else value


def rows(database, sql):
    out = subprocess.run(["psql", "-X", "-q", "-At", "-d", database, "-c", "select row_to_json(x) from (" + sql + ") x"],
                         stdout=subprocess.PIPE, check=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def check_tombstones(name, records):
    for i, (key, value) in enumerate(records):
        if value is not None and value["op"] == "d":
            if i + 1 < len(records) and records[i + 1] == (key, None):
                continue
            # a worker may have been killed between the two; then the delete comes again
            if not any(k == key and v is not None and v["op"] == "d" for k, v in records[i + 1:]):
                fail(f"{name}: no tombstone after the delete of {key}")


def check_state(name, records, keys, table):
    state = {}
    for key, value in records:
        k = tuple(key[c] for c in keys)
        if value is None or value["op"] == "d":
            state.pop(k, None)
        else:
            state[k] = value["after"]
    want = {tuple(r[c] for c in keys): r for r in table}
    for k in want:
        if k not in state:
            fail(f"{name}: key {k} is missing")
        for column, v in want[k].items():
            if v != state[k][column]:
                fail(f"{name}: key {k}, column {column}: the topic has {state[k][column]!r}, the table {v!r}")
    for k in state:
        if k not in want:
            fail(f"{name}: key {k} is in the topic, but no longer in the table")


def check_stream(records, audit, exact):
    """Returns how many streamed records there are and how many of them repeat."""
    place = {(r["op"], r["id"], r["seq"]): i for i, r in enumerate(audit)}
    last = highest = None
    n = repeated = 0
    for key, value in records:
        if value is None or value["op"] == "r":
            continue
        row = value["before"] if value["op"] == "d" else value["after"]
        event = (value["op"], row["id"], row["seq"])
        if key["id"] != row["id"]:
            fail(f"a: key {key} on the row {row}")
        if event not in place:
            fail(f"a: the event {event} never happened")
        at = place[event]
        if last is not None and at > last + 1:
            fail(f"a: {at - last - 1} events are missing before {event}, after {audit[last]}")
        if highest is not None and at <= highest:
            repeated += 1
        n += 1
        last = at
        highest = at if highest is None else max(highest, at)
    if n and (last != len(audit) - 1 or highest != last):
        fail(f"a: the last {len(audit) - 1 - last} events are missing")
    if exact and repeated:
        fail(f"a: {repeated} events are repeated")
    return n, repeated


def check_snapshots(records, most):
    seen = {}
    for key, value in records:
        if value is not None and value["op"] == "r":
            seen[key["id"]] = seen.get(key["id"], 0) + 1
    if most is not None and seen and max(seen.values()) > most:
        fail(f"a: a row was read {max(seen.values())} times by a snapshot, expected {most} at most")
    return sum(seen.values())


def main():
    p = argparse.ArgumentParser()
    p.add_argument("bootstrap")
    p.add_argument("prefix")
    p.add_argument("database")
    p.add_argument("--exact", action="store_true")
    p.add_argument("--snapshots", type=int)
    p.add_argument("--state", action="store_true")
    args = p.parse_args()
    a = topic(args.bootstrap, args.prefix + ".public.a")
    b = topic(args.bootstrap, args.prefix + ".public.b")
    audit = rows(args.database, "select op, id, seq from audit order by n")
    check_tombstones("a", a)
    check_tombstones("b", b)
    n, repeated = (len(a), "?") if args.state else check_stream(a, audit, args.exact)
    read = check_snapshots(a, args.snapshots)
    check_state("a", a, ["id"], rows(args.database, "select id, seq, v from a"))
    check_state("b", b, ["k1", "k2"], rows(args.database, "select k1, k2, n::text as n from b"))
    print(f"{len(audit)} changes of a, {n} streamed ({repeated} repeated), {read} read by snapshots, {len(b)} records of b")


main()
