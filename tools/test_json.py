"""Tests of docs/json.md: what commands print with --json has the keys that the page says, and no others.

Each section has commands in a comment, `<!-- json` to `-->`, the last of which prints a document. Needs what
`cargo build --workspace --bins` builds, as in `make test`.
"""

from __future__ import annotations

import json
import re
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path

from page_blocks import ROOT, Shell, Step
from public_names import json_keys
from test_pages import PATH

SECTION = re.compile(r"^## (.+?)\n\n<!-- json\n(.*?)^-->\n", re.MULTILINE | re.DOTALL)


def printed(value: object, path: str = "") -> Iterator[str]:
    """Every key of a document, with the way to it."""
    if isinstance(value, list):
        for item in value:
            yield from printed(item, f"{path}[]")
    elif isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}" if path else key
            yield below
            yield from printed(item, below)


def missing_and_unknown(documented: list[str], document: object) -> tuple[list[str], list[str]]:
    """What the page says and the command does not, and the other way round. What ends in `…` has anything below it."""
    there = set(printed(document))
    whole = tuple(it.removesuffix("…") for it in documented if it.endswith("…"))
    names = {it.removesuffix("…") for it in documented}
    below = tuple(f"{it}{mark}" for it in whole for mark in ".[")
    return sorted(names - there), sorted(it for it in there - names if not it.startswith(below))


class Documents(unittest.TestCase):
    def test_what_commands_print_has_the_keys_of_the_page(self) -> None:
        page = (ROOT / "docs/json.md").read_text()
        keys = json_keys(page)
        sections = SECTION.findall(page)
        self.assertGreater(len(sections), 10)
        for heading, commands in sections:
            with self.subTest(heading), tempfile.TemporaryDirectory() as directory:
                shell = Shell(Path(directory), PATH)
                *before, last = commands.strip().splitlines()
                code, said = shell.run(Step(0, "\n".join(before)))
                self.assertEqual(code, 0, said)
                # What it says on stderr is for people.
                code, said = shell.run(Step(0, f"{last} 2>&-", ""))
                self.assertIn(code, (0, 1, 2, 3), said)
                self.assertEqual(missing_and_unknown(keys[heading], json.loads(said)), ([], []), said[:2000])

    def test_a_difference_is_noticed(self) -> None:
        documented = ["a", "a[].b", "c…"]
        self.assertEqual(missing_and_unknown(documented, {"a": [{"b": 1}], "c": {"d": [1]}}), ([], []))
        self.assertEqual(missing_and_unknown(documented, {"a": [], "c": 1, "cd": 2}), (["a[].b"], ["cd"]))


if __name__ == "__main__":
    unittest.main()
