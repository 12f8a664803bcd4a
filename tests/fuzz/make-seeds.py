"""The second half of make-seeds.sh: reads the slot and the tables with psql, writes the files."""
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
EACH = 2  # inputs of one kind


def query(sql):
    out = subprocess.run(["psql", "-X", "-q", "-At", "-F", "\t", "-R", "\x1e", "-c", sql], check=True, capture_output=True).stdout
    return [row.split(b"\t") for row in out.rstrip(b"\n").split(b"\x1e") if row]


def fresh(name):
    folder = os.path.join(HERE, "seeds", name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    return folder


def write(folder, name, data):
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def messages():
    folder, seen = fresh("pgoutput"), {}
    for (text,) in query("select encode(data, 'hex') from pg_logical_slot_get_binary_changes('s', null, null, 'proto_version', '1', "
                         "'publication_names', 'p', 'messages', 'true')"):
        data = bytes.fromhex(text.decode())
        kind = chr(data[0])
        # rows differ by what they carry: an old row, values that were not sent, their size
        shape = (kind, chr(data[5]) if kind in "UD" else "", len(data).bit_length())
        if len(data) > 6000 or seen.get(shape, 0) >= (1 if kind in "RY" else EACH):
            continue
        seen[shape] = seen.get(shape, 0) + 1
        write(folder, f"{kind}{shape[1]}-{shape[2]}-{seen[shape]}", data)


def values():
    folder = fresh("pgtypes")
    source = open(os.path.join(HERE, "fuzz_pgtypes.c"), encoding="utf-8").read()
    oids = [int(n) for n in re.search(r"oids\[\] = \{([^}]*)\}", source)[1].split(",")]
    named = {b"hstore": 70000, b"mood": 70001, b"_mood": 70002, b"comp": 70003, b"dnum": 70004, b"geometry": 70005, b"vector": 70006, b"sparsevec": 70007, b"_geometry": 70008}
    columns = query("select quote_ident(n.nspname), quote_ident(c.relname), quote_ident(a.attname), t.typname, t.oid from pg_attribute a "
                    "join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace join pg_type t on t.oid = a.atttypid "
                    "where a.attnum > 0 and not a.attisdropped and c.relname in ('t', 'every', 'edge', 'dom', 'ext') order by c.relname, a.attnum")
    seen = {}
    for schema, table, column, typname, oid in columns:
        number = named.get(typname, int(oid))
        if number not in oids:
            continue
        for (text,) in query(f"select distinct encode(convert_to({column.decode()}::text, 'UTF8'), 'hex') from {schema.decode()}.{table.decode()} where {column.decode()} is not null "
                             f"and length({column.decode()}::text) between 1 and 200 order by 1 limit {EACH}"):
            place, n = oids.index(number), seen.get(number, 0)
            if n < 2 * EACH:
                seen[number] = n + 1
                write(folder, f"{typname.decode()}-{n}", bytes([place, 8 * 2 + n]) + bytes.fromhex(text.decode()))


messages()
values()
