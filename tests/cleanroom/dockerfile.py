#!/usr/bin/env python3
"""dockerfile.py - reads a Dockerfile and prints its steps, one a line, tab-separated, for run.sh to carry out.

Usage:  tests/cleanroom/dockerfile.py FILE

Steps:  STAGE name · WORKDIR path · USER name · RUN shell-text · CONTEXT from to · FROM-STAGE from to · ENTRYPOINT word
It knows what this project's Dockerfile uses (two stages, shell-form RUN, JSON-form ENTRYPOINT) and refuses what it
does not know, so that a new instruction cannot go unproven.
"""

import json
import posixpath
import re
import sys

WITHOUT_EFFECT = {"EXPOSE", "LABEL", "CMD", "VOLUME", "STOPSIGNAL"}


def instructions(text):
    """Yields (number of the first line, instruction, rest) with continuation lines joined."""
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not joined and (not line.strip() or line.lstrip().startswith("#")):
            continue
        first = first if joined else number
        if line.endswith("\\"):
            joined += line[:-1] + " "
            continue
        word, _, rest = (joined + line).strip().partition(" ")
        yield first, word.upper(), re.sub(r"\s+", " ", rest).strip()
        joined = ""


class Reader:
    def __init__(self):
        self.folder = "/"
        self.stages = []

    def step_from(self, rest):
        match = re.fullmatch(r"debian:bookworm-slim(?: AS (\w+))?", rest, re.IGNORECASE)
        if not match:
            raise ValueError(f"base image is not debian:bookworm-slim: '{rest}'")
        self.folder = "/"
        self.stages.append(match.group(1) or "final")
        return [("STAGE", self.stages[-1])]

    def step_workdir(self, rest):
        self.folder = posixpath.join(self.folder, rest)
        return [("WORKDIR", self.folder)]

    def step_copy(self, rest):
        words = rest.split()
        stage = None
        if words[0].startswith("--from="):
            stage = words.pop(0).removeprefix("--from=")
            if stage not in self.stages[:-1]:
                raise ValueError(f"no earlier stage '{stage}'")
        if len(words) != 2 or words[0].startswith("--"):
            raise ValueError("expected COPY [--from=STAGE] SOURCE TARGET")
        target = posixpath.normpath(posixpath.join(self.folder, words[1]))
        if words[1].endswith("/") and not words[0].endswith(("/", ".")):
            target = posixpath.join(target, posixpath.basename(words[0]))
        return [("FROM-STAGE" if stage else "CONTEXT", words[0], target)]

    def step_run(self, rest):
        if rest.startswith(("--", "[")):
            raise ValueError("only the shell form of RUN is known here")
        return [("RUN", rest)]

    def step_user(self, rest):
        return [("USER", rest)]

    def step_entrypoint(self, rest):
        words = json.loads(rest)
        if len(words) != 1:
            raise ValueError("expected one word in ENTRYPOINT")
        return [("ENTRYPOINT", words[0])]

    def read(self, text):
        for number, word, rest in instructions(text):
            if word in WITHOUT_EFFECT:
                continue
            step = getattr(self, "step_" + word.lower(), None)
            if step is None:
                raise ValueError(f"line {number}: instruction {word} is not known here")
            try:
                yield from step(rest)
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from error


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with open(sys.argv[1], encoding="utf-8") as source:
        text = source.read()
    try:
        steps = list(Reader().read(text))
    except ValueError as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return 1
    for step in steps:
        print("\t".join(step))
    return 0


if __name__ == "__main__":
    sys.exit(main())
