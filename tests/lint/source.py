#!/usr/bin/env python3
"""source.py - what `make lint` can tell from the text of the sources.

Checks, each by its own function: banned functions, which folder may include what, the length of functions and
files, the comment that begins each file, names of other people's hosts and paths of one machine, metrics that nobody counts.

Usage: tests/lint/source.py [--shape] [FILE...]     (default: all files that git knows or would add)
A line may be excused from "banned" by a comment that says why:  /* lint: allow NAME: reason */
"""

import os
import re
import statistics
import subprocess
import sys

FUNCTION_MAX = 100
FILE_MAX = 900

# ---- which folder may include what ----

RUNTIME = ["base", "model", "config", "plugin", "kafka", "store", "task", "herder", "rest", "cli"]

# header (or its folder) of a library -> folders that may include it; not checked in tests
LIBRARIES = {
    "librdkafka": ["runtime/kafka"],
    "microhttpd.h": ["runtime/rest"],
    "gnutls": ["runtime/rest"],
    "libpq-fe.h": ["connectors/postgres-cdc", "connectors/jdbc"],
    "libpq": ["connectors/postgres-cdc", "connectors/jdbc"],
    "sqlite3.h": ["connectors/jdbc"],
    "curl": ["connectors/elasticsearch", "connectors/converters"],
    "mysql.h": ["connectors/mysql-cdc"],
    "mysql": ["connectors/mysql-cdc"],
    "mariadb": ["connectors/mysql-cdc"],
    "yaml.h": ["runtime/config"],
}

BANNED = {
    "strcpy": "sl_str, sl_buf or memcpy",
    "stpcpy": "sl_str, sl_buf or memcpy",
    "strcat": "sl_buf",
    "strncpy": "memcpy, or snprintf with \"%.*s\"",
    "strncat": "sl_buf",
    "sprintf": "snprintf or sl_buf_printf",
    "vsprintf": "vsnprintf",
    "gets": "fgets",
    "atoi": "sl_str_to_i64",
    "atol": "sl_str_to_i64",
    "atoll": "sl_str_to_i64",
    "atof": "sl_str_to_f64",
    "strtok": "sl_str_next",
    "strtok_r": "sl_str_next",
    "alloca": "an arena",
}
# one allocator, so that tests can make the n-th allocation fail
BANNED_IN_PRODUCT = {
    "malloc": "sl_alloc",
    "calloc": "sl_calloc",
    "realloc": "sl_realloc",
    "strdup": "sl_strdup",
    "strndup": "sl_strdup",
    "asprintf": "sl_arena_printf or sl_buf_printf",
    "vasprintf": "sl_arena_printf or sl_buf_printf",
    "localtime": "localtime_r",
    "gmtime": "gmtime_r",
    "asctime": "strftime",
    "ctime": "strftime",
    "rand": "a generator of your own, or getrandom",
    "setenv": "a setting (threads read the environment)",
    "putenv": "a setting (threads read the environment)",
}
ALLOCATOR = "plugins-api/src/memory.c"
PRODUCT = ("runtime/", "connectors/", "plugins-api/")

HOSTS_ALLOWED = re.compile(
    r"^(localhost|127\.[0-9.]+|0\.0\.0\.0|::1|\[[0-9a-f:.]*\]?|[a-z0-9-]*host[a-z0-9-]*|.*\.?example(\.(com|org|net))?"
    r"|.*\.(test|invalid|local|internal)|[^.]*)$")
URL = re.compile(r"\b[a-z][a-z0-9+]*://(?:[^\s/@\"'<>]*@)?(\[[^\]]*\]|[A-Za-z0-9][A-Za-z0-9.-]*)")
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.-])/(?:work|root|home/[a-z]+)/")
MACHINE_PATH_ALLOWED = re.compile(r"^(tests/lint/source\.py|Dockerfile|tests/cleanroom/.*)$")


def all_files():
    out = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                         check=True, capture_output=True).stdout
    return sorted({f for f in out.decode().split("\0") if f and os.path.isfile(f)})


def blank(match):
    """Replaces a comment or a literal by as many line ends as it has, and a space."""
    return re.sub(r"[^\n]", " ", match.group(0))


TOKENS = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


class Findings:
    def __init__(self):
        self.count = 0

    def add(self, path, line, text):
        self.count += 1
        print(f"{path}:{line}: {text}")


def is_c(path):
    return path.endswith((".c", ".h"))


def folder_of(path):
    return "/".join(path.split("/")[:2])


def check_banned(path, lines, code_lines, found):
    words = dict(BANNED)
    if path.startswith(PRODUCT) and path != ALLOCATOR:
        words.update(BANNED_IN_PRODUCT)
    call = re.compile(r"(?<![A-Za-z0-9_.>])(" + "|".join(words) + r")\s*\(")
    for number, code in enumerate(code_lines, 1):
        for match in call.finditer(code):
            name = match.group(1)
            if f"lint: allow {name}:" not in lines[number - 1]:
                found.add(path, number, f"'{name}' is banned; use {words[name]}")


def layer_error(path, header):
    """Why `path` may not include `header`, or None."""
    top = path.split("/")[0]
    folder = folder_of(path)
    library = LIBRARIES.get(header) or LIBRARIES.get(header.split("/")[0])
    if library is not None and folder not in library and top != "tests":
        return f"<{header}> may be included in {', '.join(library)} only"
    first = header.split("/")[0] if "/" in header else ""
    if top == "runtime":
        mine = path.split("/")[1]
        if mine not in RUNTIME:
            return f"runtime/{mine} has no place in the order of folders (tests/lint/source.py)"
        if first in RUNTIME and RUNTIME.index(first) > RUNTIME.index(mine):
            return f"runtime/{mine} may not see runtime/{first}, which stands above it in the order"
        if first in ("connectors", "cdc") or os.path.isdir(os.path.join("connectors", first or "-")):
            return "the runtime may not see a connector"
    if top in ("connectors", "plugins-api") and (first in RUNTIME or first == "runtime"):
        if os.path.isfile(os.path.join("runtime", header)) or first == "runtime":
            return "a plugin may include <sluice/...> and its own headers only, nothing of the runtime"
    if top == "connectors" and first and first not in ("sluice", "cdc", path.split("/")[1]):
        if os.path.isfile(os.path.join("connectors", header)):
            return f"a connector may not see another one ({first}); share through connectors/cdc"
    return None


INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]")


def check_layers(path, lines, found):
    for number, line in enumerate(lines, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        header = match.group(2)
        if ".." in header.split("/"):
            if path.startswith(PRODUCT):
                found.add(path, number, f"include \"{header}\" by its folder's name, not with '..'")
            continue
        error = layer_error(path, header)
        if error:
            found.add(path, number, error)


NOT_FUNCTION = re.compile(r"^(struct|union|enum|typedef|extern \"C\"|#|\}|/|static const .*=|const .*=)")


def functions_of(code_lines):
    """Yields (first line, name, length) of each function, by the house's layout: its brace closes in column 1."""
    start = None
    for number, line in enumerate(code_lines, 1):
        if line.startswith("}") and start is not None:
            if start[1]:
                yield start[0], start[1], number - start[0] + 1
            start = None
        elif line.rstrip().endswith("{") and start is None:
            head = number
            while head > 1 and code_lines[head - 2].strip() and not re.search(r"[;{}]\s*$|^#", code_lines[head - 2]):
                head -= 1
            text = " ".join(code_lines[head - 1:number]).strip()
            if line[:1].isspace() and head == number:
                continue
            match = re.search(r"([A-Za-z_][A-Za-z0-9_]*)\s*\([^=]*\)\s*\{$", text)
            name = match.group(1) if match and not NOT_FUNCTION.match(text) else None
            start = (head, name)


def check_shape(path, lines, code_lines, found, lengths):
    if len(lines) > FILE_MAX:
        found.add(path, FILE_MAX, f"the file has {len(lines)} lines; at most {FILE_MAX}: give a part its own file")
    for number, name, length in functions_of(code_lines):
        lengths.append(length)
        if length > FUNCTION_MAX:
            found.add(path, number, f"function '{name}' has {length} lines; at most {FUNCTION_MAX}")


def check_head(path, lines, found):
    if not lines or not lines[0].startswith("/*"):
        found.add(path, 1, "begin with a comment: what the file is for, what not, threads, memory")


def check_places(path, lines, found):
    for number, line in enumerate(lines, 1):
        for match in URL.finditer(line):
            if "xmlns" in line:  # the name of a format, not of a place
                continue
            if not HOSTS_ALLOWED.match(match.group(1).lower().rstrip(".")):
                found.add(path, number, f"names the host '{match.group(1)}'; use example.com, or say it in words")
        if MACHINE_PATH.search(line) and not MACHINE_PATH_ALLOWED.match(path):
            found.add(path, number, "names a path of one machine")


def check_spaces(path, lines, found):
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and not path.endswith(".md"):
            found.add(path, number, "white space at the end of the line")


TEXT = (".c", ".h", ".py", ".sh", ".mk", ".md", ".yaml", ".yml", ".json", ".properties", ".sql", ".in", ".service", ".txt")


def check_file(path, found, lengths):
    base = os.path.basename(path)
    if not path.endswith(TEXT) and base not in ("Makefile", "Dockerfile", "run"):
        return
    try:
        with open(path, encoding="utf-8") as handle:
            text = handle.read()
    except UnicodeDecodeError:
        found.add(path, 1, "is not UTF-8")
        return
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    check_places(path, lines, found)
    if is_c(path) or path.endswith((".py", ".sh", ".mk")):
        check_spaces(path, lines, found)
    if is_c(path):
        code_lines = TOKENS.sub(blank, text).split("\n")
        check_banned(path, lines, code_lines, found)
        check_layers(path, lines, found)
        check_shape(path, lines, code_lines, found, lengths)
        check_head(path, lines, found)


METRICS = "runtime/base/metric_table.c"
METRIC_ROW = re.compile(r'^    \{"([a-z0-9_]+)",')


def check_metrics(paths, found):
    """A metric that nobody counts is shown as 0 for ever."""
    with open(METRICS, encoding="utf-8") as handle:
        rows = [(i, m[1]) for i, m in ((i, METRIC_ROW.match(line)) for i, line in enumerate(handle, 1)) if m]
    counted = set()
    for path in paths:
        if path.endswith(".c") and path != METRICS and path.startswith(("runtime/", "connectors/")):
            with open(path, encoding="utf-8") as handle:
                counted.update(re.findall(r'"([a-z0-9_]+)"', handle.read()))
    for line, name in rows:
        if name not in counted:
            found.add(METRICS, line, f"metric '{name}' is counted nowhere")


def main(arguments):
    shape = "--shape" in arguments
    paths = [a for a in arguments if a != "--shape"] or all_files()
    found = Findings()
    lengths = []
    for path in paths:
        check_file(path, found, lengths)
    if METRICS in paths:
        check_metrics(all_files(), found)
    if shape and lengths:
        lengths.sort()
        print(f"{len(lengths)} functions: median {statistics.median(lengths):.0f} lines, 95th percentile "
              f"{lengths[int(len(lengths) * 0.95)]}, longest {lengths[-1]}")
    if found.count:
        print(f"{found.count} findings", file=sys.stderr)
    return 1 if found.count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
