#!/usr/bin/env python3
"""Writes docs/variables.md: every variable and every output of infra/, as its files declare them. `--check` only compares."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INFRA = ROOT / "infra"
PAGE = ROOT / "docs" / "variables.md"

INTRODUCTION = """\
# The variables and outputs of infra/

This page is made of the files of `infra/`: `make docs` writes it.

Each variable has a default, so `terraform -chdir=infra apply` works without any; a value that cannot work is refused before anything is made.
Set them with `-var NAME=VALUE`, in a file `infra/terraform.tfvars`, which Terraform reads by itself, or as arguments of a [module](deploying.md#as-a-module).
[operations.md](operations.md) explains what to set them to; the functions' own settings are on [settings.md](settings.md).
"""

# A string of Terraform's, with what is escaped in it.
STRING = r'"((?:[^"\\]|\\.)*)"'


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is not what would be written")
    page = made()
    if not parser.parse_args().check:
        PAGE.write_text(page)
        return 0
    if PAGE.read_text() != page:
        print("docs/variables.md is not what infra/ says: run `make docs`.", file=sys.stderr)
        return 1
    return 0


def made() -> str:
    """The page."""
    sections: dict[str, list[str]] = {}
    # variables.tf comes first.
    for file in sorted(INFRA.glob("variables*.tf"), key=lambda it: it.name.replace(".", " ")):
        heading = ""
        for block in re.split(r"\n(?=variable |# )", file.read_text()):
            if block.startswith("# ") and "variable " not in block:
                heading = block[2:].split("\n")[0]
            elif block.startswith("variable "):
                sections.setdefault(heading, []).append(variable(block))
    outputs = re.findall(r'^output "(\w+)" \{\n  description = ' + STRING, (INFRA / "outputs.tf").read_text(), re.M)
    parts = [INTRODUCTION]
    for heading, rows in sections.items():
        parts.append("\n".join([f"## {heading}\n", "| variable | type | meaning | default |", "| --- | --- | --- | --- |", *rows, ""]))
    rows = [f"| `{name}` | {shown(text)} |" for name, text in outputs]
    parts.append("\n".join(["## Outputs\n", "| output | meaning |", "| --- | --- |", *rows, ""]))
    return "\n".join(parts)


def variable(block: str) -> str:
    """Its row of the table."""
    name = re.match(r'variable "(\w+)"', block)[1]
    meaning = re.search(r"^  description += " + STRING, block, re.M)[1]
    kind = argument(block, "type")
    default = argument(block, "default")
    return f"| `{name}` | `{kind}` | {shown(meaning)} | `{default}` |"


def argument(block: str, name: str) -> str:
    """The value of an argument, in one line, however many it has."""
    lines = block.split("\n")
    start = next(at for at, line in enumerate(lines) if re.match(rf"  {name} +=", line))
    value = [lines[start].split("=", 1)[1]]
    # What belongs to it stands further in, up to the line that closes it.
    if value[0].rstrip().endswith(("(", "{", "[")):
        for line in lines[start + 1 :]:
            value.append(line)
            if line.startswith("  ") and line[2] in ")}]":
                break
    text = re.sub(r"\s+", " ", ", ".join(it.strip() for it in value))
    # No comma stands beside the inner side of a bracket, and a blank only within braces that hold something.
    text = re.sub(r",? ?([)}\]])", r" \1", re.sub(r"([({\[]),", r"\1", text)).replace(" )", ")")
    return re.sub(r"([{\[]) ([}\]])", r"\1\2", text).strip()


def shown(text: str) -> str:
    """A description as Markdown: names of pages are links, a bar does not end a cell."""
    text = text.replace('\\"', '"').replace("\\\\", "\\")
    text = re.sub(r"\bdocs/([a-z-]+\.md)", r"[\1](\1)", text)
    text = re.sub(r"(\{[^{}]*\}|\[\"[^\]]*\"\])", r"`\1`", text)
    text = re.sub(r"\b(?<![`/\[(.])(infra/[a-z/-]+)", r"[`\1`](../\1)", text)
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
