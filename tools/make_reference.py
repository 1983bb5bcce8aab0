#!/usr/bin/env python3
"""Writes docs/keys.md, every key of runtask.toml as `runtask schema` describes them, and docs/codes.md, every code of a
finding as the crate of findings describes them. `--check` only compares."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "runtask.schema.json"
FINDINGS = ROOT / "crates" / "runtask-findings" / "src" / "finding.rs"

KEYS = """\
# Every key of runtask.toml

This page is made of what the programs read by, as [the schema](runtask.schema.json) for editors is: `make docs` writes it.
[tasks.md](tasks.md) explains the file and shows a whole one.

A key that is in bold must be there. A name in capitals is one of your own.
"""

CODES = """\
# Codes of findings

This page is made of the sources: `make docs` writes it.

Whatever a check finds has a code, which does not change: in the outcomes of a result, and in everything that `runtask check` prints.
A rule of a policy has its own, which its author chose: [rules.md](rules.md) has those of the shipped ones, and [policies.md](policies.md#annotations-of-a-rule) says how yours get theirs.
What a scanner finds has the scanner's name for it.
These are the others:

"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not what would be written")
    is_check = parser.parse_args().check
    stale = [name for name, page in made().items() if (ROOT / name).read_text() != page] if is_check else []
    for name in stale:
        print(f"{name} is not what the sources say: run `make docs`.", file=sys.stderr)
    if not is_check:
        for name, page in made().items():
            (ROOT / name).write_text(page)
    return 1 if stale else 0


def made() -> dict[str, str]:
    """The pages, by their paths."""
    return {"docs/keys.md": keys(), "docs/codes.md": codes()}


def codes() -> str:
    """A row for each code."""
    listed = FINDINGS.read_text().split("\ncodes! {")[1].split("\n}")[0]
    found = re.findall(r'^    \w+ = "([a-z-]+)": "(.*)";$', listed, re.MULTILINE)
    rows = "".join(f"| `{code}` | {cell(meaning)} |\n" for code, meaning in sorted(found))
    return f"{CODES}| code | meaning |\n| --- | --- |\n{rows}"


def keys() -> str:
    """A section for each table of the file."""
    schema = json.loads(SCHEMA.read_text())
    parts = [KEYS]
    for heading, table in tables("", schema):
        required = table.get("required", [])
        rows = []
        for name, value in table["properties"].items():
            # A table that is described below is a heading there, and no row.
            if next(tables(heading, value), None) is None:
                key = f"**`{name}`**" if name in required else f"`{name}`"
                rows.append(f"| {key} | {form(value)} | {cell(value['description'])} |")
        if rows:
            parts.append("\n".join([f"## {heading}\n", "| key | what may stand there | meaning |", "| --- | --- | --- |", *rows, ""]))
    return "\n".join(parts)


def tables(path: str, schema: dict) -> Iterator[tuple[str, dict]]:
    """Every table whose keys the schema knows, as the file names it, and those in it."""
    if "properties" in schema:
        if path:
            yield f"`{path}`", schema
        inside = path.strip("`[]")
        for name, value in schema["properties"].items():
            yield from tables(f"[{inside}.{name}]" if inside else f"[{name}]", value)
        return
    inside = path.strip("`[]")
    if isinstance(schema.get("items"), dict):
        yield from tables(f"[[{inside}]]", schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        yield from tables(f"[{inside}.NAME]", schema["additionalProperties"])


def form(schema: dict) -> str:
    """What may stand at a key, in words."""
    if "enum" in schema:
        return ", ".join(f"`{it}`" for it in schema["enum"])
    match schema.get("type"):
        case "array":
            kind = form(schema["items"]).removeprefix("a ")
            return f"a list of {kind.replace('text', 'texts').replace('number', 'numbers')}"
        case "boolean":
            return "`true` or `false`"
        case "integer":
            return f"a number from {schema['minimum']} to {schema['maximum']}"
        case "object":
            inside = schema.get("additionalProperties")
            return f"names of your own, each with {form(inside)}" if isinstance(inside, dict) and inside else "a table"
        case "string":
            return "a day" if schema.get("format") == "date" else "a text"
        case _:
            return "anything"


def cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
