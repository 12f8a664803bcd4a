#!/usr/bin/env python3
"""timeline.py - proves from a cluster's own topics what happened to its tasks while something was broken.

Usage:  timeline.py BOOTSTRAP GROUP FOLDER CHECK...     (topics, connectors and files as cluster.sh names them)

Checks; times are milliseconds since 1970:
    lines NAME GOES-BACK           the topic has the file's lines: nothing missing, in order; so often at most, it goes back
                                   to an earlier line and continues from there without a gap. A writer that writes on after
                                   another has taken over makes a gap.
    offsets NAME                   the offsets that were committed for the connector never go back
    still FROM TO GAP NAME...      no status of their tasks was written in that time, and no two records of their topics are
                                   more than GAP ms apart
    ran FROM LIMIT WORKER NAME...  their tasks were RUNNING on another than WORKER, LIMIT ms after FROM at the latest
    again FROM LIMIT WORKER NAME...  the same, and a record of their topics came not later than a second after that
    silent FROM TO WORKER          no status of that worker was written in that time
Several checks are separated by `--`. Prints a line for each.

A machine that is so busy that even cluster.sh's feeder got no time (FOLDER/stalls: from, to) is not the cluster's fault: of a time
that is too long such stalls do not count.
"""

import json
import os
import re
import subprocess
import sys

STARTUP_MS = 2500  # from RUNNING to the first record


class Cluster:
    def __init__(self, bootstrap, group, folder):
        self.bootstrap, self.group, self.folder = bootstrap, group, folder
        self.read = {}
        self.stalls = []
        if os.path.exists(f"{folder}/stalls"):
            with open(f"{folder}/stalls", encoding="utf-8") as f:
                self.stalls = [tuple(map(int, line.split())) for line in f]

    def time(self, since, until):
        """The time between, without the machine's stalls; of feeders side by side the longest counts."""
        lost, end = 0, since
        for a, b in sorted(self.stalls):
            a, b = max(a, end), min(b, until)
            if b > a:
                lost, end = lost + b - a, b
        return until - since - lost

    def topic(self, name):
        """A topic's records: (time, key, value), oldest first."""
        if name not in self.read:
            out = subprocess.run(["kcat", "-C", "-q", "-e", "-b", self.bootstrap, "-t", f"{self.group}-{name}", "-o", "beginning", "-J",
                                  "-X", "isolation.level=read_committed"], stdout=subprocess.PIPE, check=True, timeout=60).stdout
            records = [json.loads(line) for line in out.splitlines()]
            records.sort(key=lambda r: (r["ts"], r["partition"], r["offset"]) if name == "status" else (r["partition"], r["offset"]))
            self.read[name] = [(r["ts"], r["key"], r["payload"]) for r in records]
        return self.read[name]

    def statuses(self):
        for at, key, value in self.topic("status"):
            m = re.fullmatch(r"status-(?:connector-|task-)(.*?)(?:-\d+)?", key)
            if m and value:
                yield at, m[1], json.loads(value), key

    def lines(self, name, goes_back):
        with open(f"{self.folder}/in-{name}", encoding="utf-8") as f:
            place = {line.rstrip("\n"): i for i, line in enumerate(f)}
        last, highest, back = -1, -1, 0
        for _, _, line in self.topic(name):
            at = place[line]
            check(at <= last + 1, f"{name}: {at - last - 1} lines are missing before line {at + 1}, '{line}', after line {last + 1}")
            back += at <= last
            last, highest = at, max(highest, at)
        check(highest == len(place) - 1 and last == highest, f"{name}: ends at line {last + 1} of {len(place)}")
        check(back <= int(goes_back), f"{name}: goes back {back} times, {goes_back} at most were expected")
        return f"{name}: {len(place)} lines in order, {len(self.topic(name)) - len(place)} repeated"

    def offsets(self, name):
        last, n = -1, 0
        for _, key, value in self.topic("offset"):
            if json.loads(key)[0] == name and value:
                position = json.loads(value)["position"]
                check(position >= last, f"{name}: its committed offset went back from {last} to {position}")
                last, n = position, n + 1
        check(n > 1, f"{name}: no offsets were committed")
        return f"{name}: {n} offsets, none goes back"

    def still(self, since, until, gap, *names):
        since, until, gap = int(since), int(until), int(gap)
        for at, name, status, key in self.statuses():
            check(name not in names or "task" not in key or not since < at < until, f"{key}: {status['state']} was written {at - since} ms after the event")
        longest = 0
        for name in names:
            times = [t for t, _, _ in self.topic(name) if since - gap <= t <= until + gap]
            check(len(times) > 1, f"{name}: no records at that time")
            longest = max([longest] + [self.time(a, b) for a, b in zip(times, times[1:])])
        check(longest <= gap, f"a task that did not move wrote nothing for {longest} ms; {gap} are allowed")
        return f"{len(names)} tasks did not stop for {until - since} ms: longest gap {longest} ms"

    def began(self, since, limit, gone, name):
        at = next((at for at, who, status, key in self.statuses() if who == name and "task" in key and at >= since
                   and status["state"] == "RUNNING" and status["worker_id"] != gone), None)
        check(at is not None, f"{name}: did not run elsewhere")
        check(self.time(since, at) <= limit, f"{name}: ran again after {at - since} ms, {limit} are allowed")
        return at

    def ran(self, since, limit, gone, *names):
        slowest = max(self.began(int(since), int(limit), gone, name) for name in names) - int(since)
        return f"{len(names)} tasks ran again elsewhere after at most {slowest} ms"

    def again(self, since, limit, gone, *names):
        for name in names:
            began = self.began(int(since), int(limit), gone, name)
            first = [t for t, _, _ in self.topic(name) if t >= began - 50]
            check(first and self.time(began, first[0]) <= STARTUP_MS, f"{name}: RUNNING, but no record until {first[:1]}, {began}")
        return self.ran(since, limit, gone, *names)

    def silent(self, since, until, worker):
        for at, _, status, key in self.statuses():
            check(status["worker_id"] != worker or not int(since) < at < int(until), f"{key}: {status['state']} by {worker}, which had no right to")
        return f"{worker}: no status for {int(until) - int(since)} ms"


def check(good, text):
    if not good:
        sys.exit("timeline: " + text)


def main():
    bootstrap, group, folder, *words = sys.argv[1:]
    cluster = Cluster(bootstrap, group, folder)
    while words:
        end = words.index("--") if "--" in words else len(words)
        print(getattr(cluster, words[0])(*words[1:end]))
        words = words[end + 1:]


main()
