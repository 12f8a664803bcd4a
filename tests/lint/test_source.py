#!/usr/bin/env python3
"""test_source.py - each rule of source.py finds what it is for, and passes what is right."""

import contextlib
import io
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import source  # noqa: E402

LONG_BODY = "".join(f"    x += {i};\n" for i in range(120))
HOST = "https://" + "repository.somewhere" + ".org/x"
WORK = "/" + "work/main"

# (path, text, part of the finding that is wanted; None = no finding)
CASES = [
    ("runtime/base/a.c", "/* a */\nvoid f(void) {\n    strcpy(a, b);\n}\n", "'strcpy' is banned"),
    ("runtime/base/a.c", "/* a: strcpy( */\nvoid f(void) {\n    g(\"strcpy(\");\n}\n", None),
    ("runtime/base/a.c", "/* a */\nvoid f(void) {\n    p = malloc(1);\n}\n", "'malloc' is banned"),
    ("runtime/base/a.c", "/* a */\nvoid f(void) {\n    p = malloc(1); /* lint: allow malloc: a reason */\n}\n", None),
    ("tests/unit/a.c", "/* a */\nvoid f(void) {\n    p = malloc(1);\n}\n", None),
    ("runtime/base/a.c", "/* a */\n#include <model/batch.h>\n", "may not see runtime/model"),
    ("runtime/model/a.c", "/* a */\n#include <base/log.h>\n", None),
    ("runtime/task/a.c", "/* a */\n#include <librdkafka/rdkafka.h>\n", "in runtime/kafka only"),
    ("runtime/kafka/a.c", "/* a */\n#include <librdkafka/rdkafka.h>\n", None),
    ("runtime/herder/a.c", "/* a */\n#include <microhttpd.h>\n", "in runtime/rest only"),
    ("runtime/new/a.c", "/* a */\n#include <base/log.h>\n", "has no place"),
    ("connectors/file/a.c", "/* a */\n#include <sqlite3.h>\n", "in connectors/jdbc only"),
    ("connectors/file/a.c", "/* a */\n#include <runtime/base/log.h>\n", "nothing of the runtime"),
    ("connectors/file/a.c", "/* a */\n#include <base/log.h>\n", "nothing of the runtime"),
    ("connectors/file/a.c", "/* a */\n#include \"../../runtime/base/log.h\"\n", "not with '..'"),
    ("connectors/file/a.c", "/* a */\n#include <sluice/plugin.h>\n#include \"a.h\"\n", None),
    ("connectors/file/a.c", "int x;\n", "begin with a comment"),
    ("connectors/file/a.c", "/* a */\nstatic int f(int x) {\n" + LONG_BODY + "}\n", "function 'f' has 122 lines"),
    ("connectors/file/a.c", "/* a */\nstatic int f(int x,\n             int y) {\n    x++;\n}\n", None),
    ("connectors/file/a.c", "/* a */\nstatic const int t[] = {\n" + "    1,\n" * 150 + "};\n", None),
    ("connectors/file/a.c", "/* a */\n" + "int x;\n" * 900, "the file has 901 lines"),
    ("connectors/file/a.c", "/* a */\nint x; \n", "white space"),
    ("docs/a.md", f"see {HOST}\n", "names the host"),
    ("docs/a.md", "http://localhost:8083/ http://127.0.0.1/ https://kafka.example.com/ jdbc:postgresql://db/shop\n", None),
    ("docs/a.md", f"in {WORK}/x\n", "path of one machine"),
]


def findings_of(path, text):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        source.check_file(path, source.Findings(), [])
    os.remove(path)
    return out.getvalue()


def metrics_are_told_apart():
    """Of two rows, one of which is counted somewhere, the other is found."""
    with open(source.METRICS, "w", encoding="utf-8") as handle:
        handle.write('    {"counted", "x"},\n    {"forgotten", "y"},\n    {NULL, "z"},\n')
    with open("runtime/base/a.c", "w", encoding="utf-8") as handle:
        handle.write('f("counted");\n')
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        source.check_metrics([source.METRICS, "runtime/base/a.c"], source.Findings())
    if out.getvalue() == f"{source.METRICS}:2: metric 'forgotten' is counted nowhere\n":
        return True
    print(f"source.py: wanted the metric 'forgotten', got {out.getvalue()!r}")
    return False


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name in ("runtime/base", "runtime/model", "connectors/file"):
            os.makedirs(name)
        for header in ("runtime/base/log.h", "runtime/model/batch.h"):
            open(header, "w", encoding="utf-8").close()
        for path, text, want in CASES:
            got = findings_of(path, text)
            if (want is None and got) or (want is not None and want not in got):
                print(f"source.py: for {path}:\n{text[:200]}\nwanted {want!r}, got {got!r}")
                failed += 1
        failed += not metrics_are_told_apart()
        os.chdir("/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
