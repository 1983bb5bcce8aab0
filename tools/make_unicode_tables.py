#!/usr/bin/env python3
"""Writes the tables of crates/terraform-fmt/src/tables/, or only says whether they are as they should be: `--check`.

  names.rs       what may begin and continue a name: Unicode 9.0, from tests/vectors/unicode-9.0-id.tsv of the crate,
                 every boundary of which was tried on terraform 1.11.4
  graphemes.rs   Grapheme_Cluster_Break of Unicode 15.0, from the crate unicode-segmentation 1.10.1
  printable.rs   which code points are assigned, and which of them are written as they are: Unicode 15.0, from the crate
                 unicode-properties 0.1.0

The versions of Unicode are those that terraform has compiled in, so these tables never change. They are not taken from
the crates at run time because newer versions of these crates know newer versions of Unicode.
The crates are fetched by Cargo, into a folder that is deleted afterwards.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CRATE = Path(__file__).resolve().parent.parent / "crates" / "terraform-fmt"
MANIFEST = """[package]
name = "tables"
version = "0.0.0"
edition = "2024"

[dependencies]
unicode-segmentation = "=1.10.1"
unicode-properties = "=0.1.0"
"""
WIDTH = 110

Range = tuple[int, int]

# Names in unicode-segmentation's table, and ours. Syllables of Hangul are computed, and ASCII is known.
CLUSTERS = {
    "GC_Control": "Control",
    "GC_Extend": "Extend",
    "GC_Extended_Pictographic": "Pictographic",
    "GC_L": "HangulL",
    "GC_Prepend": "Prepend",
    "GC_Regional_Indicator": "Regional",
    "GC_SpacingMark": "SpacingMark",
    "GC_T": "HangulT",
    "GC_V": "HangulV",
    "GC_ZWJ": "Joiner",
}
# General categories that are not printable although they are assigned.
SILENT = {"Control", "Format", "Surrogate", "PrivateUse", "SpaceSeparator", "LineSeparator", "ParagraphSeparator"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a table is not as it should be")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        segmentation, properties = fetch(Path(folder))
        tables = {"names.rs": names(), "graphemes.rs": graphemes(segmentation), "printable.rs": printable(properties)}
    stale = []
    for name, text in tables.items():
        file = CRATE / "src" / "tables" / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not arguments.check:
                file.write_text(text, encoding="utf-8")
    print(f"tables: {', '.join(stale) or 'none'} {'differ' if arguments.check else 'written'}")
    return 1 if arguments.check and stale else 0


def fetch(folder: Path) -> tuple[str, str]:
    """The tables of both crates, as text."""
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").touch()
    (folder / "Cargo.toml").write_text(MANIFEST, encoding="utf-8")
    subprocess.run(["cargo", "vendor", "--quiet"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    first, second = (folder / "vendor" / it / "src" / "tables.rs" for it in ("unicode-segmentation", "unicode-properties"))
    return first.read_text(encoding="utf-8"), second.read_text(encoding="utf-8")


def entries(text: str, name: str) -> list[tuple[int, int, str]]:
    """The rows of a table such as `const NAME: … = &[('\\u{a}', '\\u{b}', WORD), …];`."""
    body = re.search(rf"const {name}:[^=]*=\s*&\[(.*?)\];", text, re.DOTALL)
    if body is None:
        sys.exit(f"tables: no table {name}")
    rows = re.findall(r"\('\\u\{(\w+)\}',\s*'\\u\{(\w+)\}',\s*([\w:]+)\s*\)", body[1])
    return [(int(start, 16), int(end, 16), word) for start, end, word in rows]


def names() -> str:
    found: dict[str, list[Range]] = {"ID_Start": [], "ID_Continue": []}
    for line in (CRATE / "tests" / "vectors" / "unicode-9.0-id.tsv").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            kind, start, end = line.split("\t")
            found[kind].append((int(start, 16), int(end, 16)))
    return (
        header("What may begin and continue a name: ID_Start and ID_Continue of Unicode 9.0, without ASCII.")
        + table("START", "Code points that may begin a name.", beyond_ascii(found["ID_Start"]))
        + table("CONTINUE", "Code points that may continue a name.", beyond_ascii(found["ID_Continue"]))
    )


def graphemes(text: str) -> str:
    rows = [
        (start, end, CLUSTERS[word]) for start, end, word in entries(text, "grapheme_cat_table")
        if word in CLUSTERS and end > 0x7F
    ]
    rows = [(max(start, 0x80), end, word) for start, end, word in rows]
    words = sorted(CLUSTERS.values())
    variants = "".join(f"    {it},\n" for it in words)
    return (
        header("Grapheme_Cluster_Break of Unicode 15.0, without ASCII and the syllables of Hangul.")
        + "\n/// What a code point does at the boundary of a grapheme cluster.\n"
        + "#[derive(Debug, Clone, Copy, PartialEq, Eq)]\n"
        + "pub(crate) enum Cluster {\n    Any,\n" + variants + "    HangulLV,\n    HangulLVT,\n}\n\n"
        + f"use Cluster::{{\n    {', '.join(words)},\n}};\n"
        + f"\n/// Ranges, both ends included, in order.\n#[rustfmt::skip]\npub(crate) const CLUSTERS: [(u32, u32, Cluster); {len(rows)}] = [\n"
        + wrapped([f"({start:#x}, {end:#x}, {word})," for start, end, word in rows])
        + "];\n"
    )


def printable(text: str) -> str:
    rows = entries(text, "GENERAL_CATEGORY")
    assigned = [(start, end, word.rpartition("::")[2]) for start, end, word in rows]
    assigned = [it for it in assigned if it[2] != "Unassigned"]
    shown = [(start, end) for start, end, word in assigned if word not in SILENT]
    return (
        header("Which code points Unicode 15.0 assigns, and which of them are printable, without ASCII.")
        + table("ASSIGNED", "Code points that are assigned.", beyond_ascii(merged([it[:2] for it in assigned])))
        + table("PRINTABLE", "Letters, marks, numbers, punctuation and symbols.", beyond_ascii(merged(shown)))
    )


def merged(ranges: list[Range]) -> list[Range]:
    found: list[Range] = []
    for start, end in sorted(ranges):
        if found and found[-1][1] + 1 >= start:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def beyond_ascii(ranges: list[Range]) -> list[Range]:
    return [(max(start, 0x80), end) for start, end in merged(ranges) if end > 0x7F]


def header(story: str) -> str:
    return f"//! {story}\n//!\n//! Written by `tools/make_unicode_tables.py`, which says from what.\n"


def table(name: str, story: str, ranges: list[Range]) -> str:
    rows = wrapped([f"({start:#x}, {end:#x})," for start, end in ranges])
    return (
        f"\n/// {story} Ranges, both ends included, in order.\n#[rustfmt::skip]\n"
        f"pub(crate) const {name}: [(u32, u32); {len(ranges)}] = [\n{rows}];\n"
    )


def wrapped(items: list[str]) -> str:
    lines = ["   "]
    for it in items:
        if len(lines[-1]) + 1 + len(it) > WIDTH:
            lines.append("   ")
        lines[-1] += " " + it
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
