#!/usr/bin/env python3
"""shown.py - what a worker says of its connectors that must not change when another takes over: configurations, task
configurations, states and types. One sorted JSON document, to be compared. Of passwords only whether there is one: Sluice
never shows them.

Usage:  shown.py URL
"""

import json
import sys
import urllib.parse
import urllib.request


def get(path):
    with urllib.request.urlopen(sys.argv[1] + path, timeout=20) as answer:
        return json.load(answer)


def clean(config):
    """A configuration, without the values of passwords."""
    return {k: "[hidden]" if k.endswith("password") else v for k, v in config.items()}


def connector(name):
    at = "/connectors/" + urllib.parse.quote(name, safe="")
    info, status = get(at), get(at + "/status")
    return {
        "config": clean(info["config"]),
        "type": info["type"],
        "tasks": info["tasks"],
        "task configurations": [{**t, "config": clean(t["config"])} for t in get(at + "/tasks")],
        "state": status["connector"]["state"],
        "task states": [t["state"] for t in status["tasks"]],
    }


print(json.dumps({name: connector(name) for name in get("/connectors")}, indent=1, sort_keys=True))
