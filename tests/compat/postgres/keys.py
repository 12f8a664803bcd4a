#!/usr/bin/env python3
"""Is every key of Debezium's own list known here? keys.py CONNECT_URL SLUICE DIR

A key that is neither used nor refused, nor warned about with a reason, would be passed over. So would a default that is another one.
"""
import json
import os
import re
import subprocess
import sys
import urllib.request

CLASS = "io.debezium.connector.postgresql.PostgresConnector"
# decoderbufs is an extension of the server that nobody has by default
OTHER_DEFAULTS = {"plugin.name"}


def get(url):
    with urllib.request.urlopen(f"{url}/connector-plugins/{CLASS}/config") as answer:
        return {k["name"]: k for k in json.load(answer)}


def described(sluice):
    """Our table: key, also by its other names, to default value and what it says."""
    text = subprocess.run([sluice, "plugins", "--markdown", CLASS], check=True, capture_output=True, text=True).stdout
    rows = {}
    for name, default, doc in re.findall(r"^\| `([^`]+)` \| \w+ \| (.*?) \| \w+ \| (.*) \|$", text, re.M):
        also = re.search(r"Also: ([^|]+?)\.$", doc)
        for key in [name, *(also[1].split(", ") if also else [])]:
            rows[key] = (default.strip("`"), doc)
    return rows


def unknown(sluice, keys, folder):
    path = os.path.join(folder, "keys.properties")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"name=keys\nconnector.class={CLASS}\n")
        f.writelines(f"{k}=1\n" for k in keys if k not in ("name", "connector.class"))
    out = subprocess.run([sluice, "validate", path], capture_output=True, text=True, check=False)
    return re.findall(r"properties:\d+: (\S+): warning: unknown", out.stdout + out.stderr)


def main():
    url, sluice, folder = sys.argv[1:]
    theirs = get(url)
    bad = [f"{k}: not known here" for k in unknown(sluice, theirs, folder)]
    ours = described(sluice)
    for key, k in theirs.items():
        default, doc = ours.get(key, ("", "Without effect"))
        want = k["default_value"] or ""
        if want and key not in OTHER_DEFAULTS and "Without effect" not in doc and "Not supported" not in doc \
                and not want.startswith("io.debezium") and default.lower() != want.lower():
            bad.append(f"{key}: the default is '{want}', and '{default}' here")
    print("\n".join(bad + [f"{len(theirs)} keys of Debezium, {len(bad)} problems"]))
    sys.exit(1 if bad or len(theirs) < 100 else 0)


if __name__ == "__main__":
    main()
