"""Sends the script (script.py) to two workers and compares their answers: compare.py JAVA-URL URL[,URL...] DIR

Kafka Connect's answers are what is expected; a step's "mistake" (see script.py) says where ours are meant to differ. Of several
URLs, the workers of a cluster, each request goes to the next one, so that changes reach all of them and two thirds of them
have to be forwarded. What one worker has been told another one hears a moment later: there, what is read is asked again for
LATER_SECONDS while it is not yet as expected.
"""
import itertools
import json
import sys
import time
import urllib.error
import urllib.request

import script

SETTLE_SECONDS = 40
LATER_SECONDS = 3

# Members of definitions that are told apart only by name: texts, and how a form is laid out.
IGNORED = {"documentation", "display_name", "width", "order_in_group", "dependents", "group", "importance"}
# Definitions that there are none of here: versions of plugins beside each other, what is Java's own, and (Debezium's) what is
# internal, a pattern, or an integration that the reference pages list as not supported.
MISSING = ("converter.type", "schemas.cache.size", "schema.content", "plugin.version")
MISSING_PREFIXES = ("internal.", "openlineage.", "heartbeat.topics.prefix", "incremental.snapshot.", "producer.override.",
                    "connection.pool.acquire_increment", "table.name.format", "table.naming.strategy", "database.time_zone")
# A form shows these alike; which of them a setting is called differs.
ALIKE = {"LIST": "STRING", "CLASS": "STRING", "INT": "STRING", "LONG": "STRING", "SHORT": "STRING", "BOOLEAN": "STRING"}


def send(base, folder, step):
    body = step.get("body")
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None:
        body = body.replace(b"@DIR@", folder.encode())
    headers = dict(step.get("headers", {}))
    if body is not None and "Content-Type" not in headers:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(base + step["path"], data=body, method=step["method"], headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


def parse(body):
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def settle(base, folder, step):
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        status, body = send(base, folder, step)
        if status == 200 and eval(step["until"], {"j": parse(body)}):  # the script is ours
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"{base}{step['path']}: not {step['until']} within {SETTLE_SECONDS} s: {body.decode()}")
        time.sleep(0.1)


def ask(bases, folder, step):
    """One step's answer, status and parsed body; None if it only waits."""
    if "until" in step:
        settle(next(bases), folder, step)
        return None
    status, body = send(next(bases), folder, step)
    deadline = time.monotonic() + SETTLE_SECONDS
    while status == step.get("again") and time.monotonic() < deadline:
        time.sleep(0.2)
        status, body = send(next(bases), folder, step)
    return status, parse(body)


def ask_java(bases, folder, step):
    """ask; what Kafka Connect refuses because of a rebalance is asked again. (Here it waits, and then answers.)"""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        answer = ask(bases, folder, step)
        message = answer[1].get("message") if answer and isinstance(answer[1], dict) else None
        if "rebalance" not in str(message) or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def ask_expecting(bases, folder, step, expected):
    """ask; of a cluster, a member's own copy of the state may be a moment old."""
    answer = ask(bases, folder, step)
    deadline = time.monotonic() + LATER_SECONDS
    while step["method"] == "GET" and expected and list(compare(step, expected, answer)) and time.monotonic() < deadline:
        time.sleep(0.1)
        answer = ask(bases, folder, step)
    return answer


def normal(value):
    """The same for both: who ran it, and what it said when it failed, is each one's own."""
    if isinstance(value, dict):
        return {k: "*" if k in ("worker_id", "trace") else normal(v) for k, v in value.items()
                if not (k == "version" and v is None)}
    if isinstance(value, list):
        return sorted((normal(v) for v in value), key=str)  # Java's maps have an order of their own
    return value


def keys(value):
    if isinstance(value, dict):
        return {k: keys(v) for k, v in sorted(value.items())}
    if isinstance(value, list):
        return [keys(v) for v in value[:1]]
    return None


def definition(d, debezium):
    kept = {k: v for k, v in d.items() if k not in IGNORED and k != "default_value"}
    if debezium:
        kept["type"] = ALIKE.get(kept["type"], kept["type"])
        del kept["required"]  # Debezium says it with a validator
    return kept


def compare_definitions(theirs, ours, debezium=False):
    mine = {d["name"]: definition(d, debezium) for d in ours}
    for d in theirs:
        name = d["name"]
        if name.endswith(MISSING) or name.startswith(MISSING_PREFIXES) or "(" in name:
            continue
        if name not in mine:
            yield f"no definition of {name}"
        elif mine[name] != definition(d, debezium):
            yield f"{name}: expected {definition(d, debezium)}, got {mine[name]}"


def with_errors(infos):
    return {c["value"]["name"] for c in infos["configs"] if c["value"]["errors"]}


def compare_validation(theirs, ours, debezium):
    yield from compare_definitions([c["definition"] for c in theirs["configs"] if c["definition"]],
                                   [c["definition"] for c in ours["configs"] if c["definition"]], debezium)
    if with_errors(theirs) != with_errors(ours):
        yield f"settings with errors: expected {sorted(with_errors(theirs))}, got {sorted(with_errors(ours))}"
    if theirs["name"] != ours["name"]:
        yield f"name: expected {theirs['name']}, got {ours['name']}"


def compare_classes(theirs, ours):
    """What both have has the same form and type. Theirs may have more: what is not supported yet is in the documents."""
    mine = {(p["class"], p["type"]) for p in ours}
    names = {p["class"] for p in ours}
    for p in theirs:
        if p["class"] in names and (p["class"], p["type"]) not in mine:
            yield f"{p['class']}: not as {p['type']}"
    if not any(p["class"] in names for p in theirs) or keys(theirs) != keys(ours):
        yield f"expected {keys(theirs)}, got {keys(ours)}"


def invalid_form(text):
    """'... contains the following N error(s):' with the errors themselves left out."""
    lines = text.split("\n")
    return [lines[0], lines[-1]]


def compare(step, theirs, ours):
    (status, body), (our_status, our_body) = theirs, ours
    if "mistake" in step:
        if our_status != step["mistake"]:
            yield f"expected {step['mistake']} (Kafka Connect: {status}), got {our_status} {our_body}"
        elif not isinstance(our_body, dict) or our_body.get("error_code") != our_status:
            yield f"no error object: {our_body}"
        return
    if status != our_status:
        yield f"expected {status} {str(body)[:300]}, got {our_status} {str(our_body)[:300]}"
        return
    same = step["same"]
    if same == "status":
        if isinstance(body, dict) and body.get("error_code") and body["error_code"] != our_body.get("error_code"):
            yield f"expected error_code {body['error_code']}, got {our_body}"
    elif same == "keys" and keys(body) != keys(our_body):
        yield f"expected members {keys(body)}, got {keys(our_body)}"
    elif same == "definitions":
        yield from compare_definitions(body, our_body, "debezium" in step["path"])
    elif same == "validate":
        yield from compare_validation(body, our_body, "debezium" in step["path"])
    elif same == "classes":
        yield from compare_classes(body, our_body)
    elif same == "invalid":
        if invalid_form(body["message"]) != invalid_form(our_body["message"]):
            yield f"expected {body['message']!r}, got {our_body['message']!r}"
    elif same == "all" and normal(body) != normal(our_body):
        yield f"expected {normal(body)}, got {normal(our_body)}"


def main():
    java, own, folder = sys.argv[1:]
    own = own.split(",")
    theirs = [ask_java(itertools.repeat(java), folder, step) for step in script.script()]
    members = itertools.cycle(own)
    ours = [ask_expecting(members, folder, step, a) if len(own) > 1 else ask(members, folder, step)
            for step, a in zip(script.script(), theirs)]
    failed = compared = 0
    for step, a, b in zip(script.script(), theirs, ours):
        if a is None:
            continue
        compared += 1
        for problem in compare(step, a, b):
            failed += 1
            print(f"{step['part']}: {step['method']} {step['path']} {str(step.get('body') or '')[:120]}\n    {problem}")
    print(f"{compared} requests compared, {failed} differences")
    return 1 if failed or compared < 120 else 0


if __name__ == "__main__":
    sys.exit(main())
