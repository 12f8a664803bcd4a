#!/usr/bin/env python3
"""The page of types, from the events of the comparison: types_page.py BOOTSTRAP PAGE NAME=PREFIX...

NAME is a file of configs/, PREFIX the topic prefix of its events. Reads the snapshot of the tables of types.sql and schema.sql and says
how each type arrives in each mode. PAGE must say the same (but may lack types that only other versions of the server have);
with COMPAT_WRITE=1 in the environment it is written.
"""
import json
import os
import re
import sys

import compare

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = """# How PostgreSQL's types arrive

Made by tests/compat/postgres from what it sends beside Debezium and compares with it (`COMPAT_WRITE=1 make suites SUITES=compat/postgres` writes this page anew): for each
type the value of a column in the snapshot, as JSON, and its schema: Kafka Connect's type, and the semantic type's name, where
`d.` stands for `io.debezium.` and `connect.` for `org.apache.kafka.connect.data.`. bytes are in base64 in JSON.
Where a setting changes it, the last column has what it becomes with the setting's other values: decimal.handling.mode, time.precision.mode,
binary.handling.mode, interval.handling.mode, hstore.handling.mode or include.unknown.datatypes.

Arrays have the same form in each item: `array` of it, with null items, and null for a nested array.
What stands there as *left out* comes with include.unknown.datatypes=true: as bytes, the text that the server has for it.

"""
MODES = {"decimal": ("decimal.handling.mode", "precise"), "time": ("time.precision.mode", "adaptive"), "binary": ("binary.handling.mode", "bytes"),
         "interval": ("interval.handling.mode", "numeric"), "hstore": ("hstore.handling.mode", "json"), "unknown": ("include.unknown.datatypes", "false")}
FAMILY = {"numeric": "decimal", "money": "decimal", "date": "time", "time": "time", "timestamp": "time", "bytea": "binary", "interval": "interval", "hstore": "hstore"}
# columns of other tables than "every": topic's end, column, the type as people write it, its family
MORE = [("t", "n103", "numeric(10,3)", "decimal"), ("t", "t3", "time(3)", "time"), ("t", "ts3", "timestamp(3)", "time"), ("t", "b5", "bit(5)", None),
        ("t", "e", "enum", None), ("t", "pi", "domain over int", None), ("t", "hs", "hstore", "hstore"), ("t", "cit", "citext", None), ("t", "lt", "ltree", None), ("t", "co", "composite", None), ("ext", "g", "geometry (PostGIS)", None), ("ext", "gg", "geography (PostGIS)", None), ("ext", "v", "vector (pgvector)", None),
        ("ext", "h", "halfvec (pgvector)", None), ("ext", "s", "sparsevec (pgvector)", None), ("t", "ai8", "bigint[]", None), ("t", "at", "text[]", None)]


def settings(name):
    with open(os.path.join(HERE, "configs", name + ".properties"), encoding="utf-8") as f:
        return dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)


def columns(records):
    """Column to (schema, value) of the first snapshot row in which it is not null."""
    found = {}
    for r in records:
        value = r["value"]
        if not isinstance(value, dict) or "schema" not in value or value["payload"].get("op") != "r":
            continue
        after = next(f for f in value["schema"]["fields"] if f["field"] == "after")
        for field in after["fields"]:
            v = value["payload"]["after"][field["field"]]
            if v is not None and field["field"] not in found:
                found[field["field"]] = (field, v)
    return found


def described(field, value):
    name = field.get("name", "").replace("io.debezium.", "d.").replace("org.apache.kafka.connect.data.", "connect.")
    if field["type"] == "array":
        inner = described(field["items"], None)[0]
        return f"array of {inner} {name}".strip(), json.dumps(value, ensure_ascii=False)
    return f"{field['type']} {name}".strip(), json.dumps(value, ensure_ascii=False)


def cell(text):
    return "`" + text.replace("|", "\\|") + "`"


def entry(shown, family, by_config):
    """The row of a type; by_config: (settings, (schema, value) or None)."""
    modes = {}
    if any(got and setting.get("include.unknown.datatypes") != "true" for setting, got in by_config):
        by_config = [(setting, got) for setting, got in by_config if got]  # known: where it is not there, a filter took it
    family = family or ("unknown" if any(got is None for _, got in by_config) else None)
    key, default = MODES[family] if family else (None, None)
    for setting, got in by_config:
        mode = setting.get(key, default) if key else ""
        if family == "unknown" and setting.get("binary.handling.mode", "bytes") != "bytes":
            continue  # bytes follow binary.handling.mode: one of them is enough
        modes.setdefault(mode, got)
    forms = []
    for mode, got in sorted(modes.items(), key=lambda m: (m[0] != default, m[0])):
        schema, value = described(*got) if got else ("*left out*", "")
        forms.append((mode, schema + (f" {cell(value)}" if value else "")))
    other = [f"{mode}: {form}" for mode, form in forms[1:] if form != forms[0][1]]
    return f"| {shown} | {forms[0][1]} | {'<br>'.join(other)} |"


def rows(events):
    tables = {name: {t: columns(r) for t, r in topics.items()} for name, topics in events.items()}

    def of(name, table, column):
        for topic, cols in tables[name].items():
            got = re.search(rf"[._]{table}$", topic) and (cols.get(column) or cols.get(column.replace("_", "_u005f")))
            if got:
                return got
        return None

    configs = {name: settings(name) for name in events}
    every = sorted({c[2:] for name in events for t, cols in tables[name].items() if t.endswith("every") for c in cols if c.startswith("c_") and "u005f" not in c})
    wanted = [("every", "c_" + t, t, FAMILY.get(t)) for t in every] + MORE
    out = []
    for table, column, shown, family in wanted:
        there = [n for n in events if any(re.search(rf"public.{table}$", t) for t in tables[n]) and "value.converter.schemas.enable" not in configs[n]]
        line = entry(shown, family, [(configs[n], of(n, table, column)) for n in there])
        out.append(line)
    return out


def main():
    bootstrap, page = sys.argv[1:3]
    events = {name: compare.read_all(bootstrap, prefix) for name, prefix in (a.split("=", 1) for a in sys.argv[3:])}
    lines = rows(events)
    text = HEAD + "| type | with the default settings | otherwise |\n| --- | --- | --- |\n" + "\n".join(lines) + "\n"
    if os.environ.get("COMPAT_WRITE"):
        with open(page, "w", encoding="utf-8") as f:
            f.write(text)
        return
    with open(page, encoding="utf-8") as f:
        have = f.read().splitlines()
    shown = {line.split("|")[1] for line in have if line.startswith("|")}
    wrong = [line for line in text.splitlines() if line not in have and (not line.startswith("|") or line.split("|")[1] in shown)]
    for line in wrong:
        print(f"{page} does not say: {line}")
    if wrong:
        print("COMPAT_WRITE=1 writes it anew")
        sys.exit(1)
    print(f"{len(lines)} types as the page says")


if __name__ == "__main__":
    main()
