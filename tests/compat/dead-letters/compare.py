#!/usr/bin/env python3
"""compare.py DIR NAME...: DIR/java-NAME.json and DIR/ours-NAME.json, dead letters as kcat prints them, must agree.

Everything must be equal but the text of the exception and the names of the connectors and topics of each side.
"""
import json
import sys

PREFIX = "__connect.errors."
OWN_WORDS = {"exception.message", "exception.stacktrace"}  # there, but each in its own words


def letter(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        record = json.loads(f.readline())
    words = record.get("headers", [])
    headers = [(words[i], words[i + 1]) for i in range(0, len(words), 2)]
    return record, headers


def main(folder, names):
    bad = 0
    for name in names:
        seen = {}
        for side in ("java", "ours"):
            record, headers = letter("%s/%s-%s.json" % (folder, side, name))
            seen[side] = {"key": record.get("key"), "payload": record.get("payload"), "order": [k for k, _ in headers]}
            for key, value in headers:
                short = key.removeprefix(PREFIX)
                if short in OWN_WORDS:
                    value = bool(value)
                elif short == "connector.name":
                    value = value.replace("-%s-" % side, "-")
                seen[side][key] = value
        for key in sorted(set(seen["java"]) | set(seen["ours"])):
            java, ours = seen["java"].get(key), seen["ours"].get(key)
            if java != ours:
                bad += 1
                print("%s: %s: java %r, ours %r" % (name, key, java, ours))
    print("%d dead letters compared, %d differences" % (len(names), bad))
    return 1 if bad or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
