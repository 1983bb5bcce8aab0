#!/usr/bin/env python3
"""Writes docs/keys.md: every key of runtask.toml, as `runtask schema` describes them. `--check` only compares."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = ROOT / "docs" / "runtask.schema.json"
PAGE = ROOT / "docs" / "keys.md"

INTRODUCTION = """\
# Every key of runtask.toml

This page is made of what the programs read by, as [the schema](runtask.schema.json) for editors is: `make docs` writes it.
[tasks.md](tasks.md) explains the file and shows a whole one.

A key that is in bold must be there. A name in capitals is one of your own.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not what would be written")
    page = made()
    if not parser.parse_args().check:
        PAGE.write_text(page)
        return 0
    if PAGE.read_text() != page:
        print("docs/keys.md is not what docs/runtask.schema.json says: run `make docs`.", file=sys.stderr)
        return 1
    return 0


def made() -> str:
    """The page: a section for each table of the file."""
    schema = json.loads(SCHEMA.read_text())
    parts = [INTRODUCTION]
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
