"""Tests of SECURITY.md: every test that it names is there."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Security(unittest.TestCase):
    def test_every_test_that_is_named_is_there(self) -> None:
        rows = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
        # The rows of the table, without its heads.
        shown = [row.rsplit("|", 2)[1] for row in rows[2:]]
        named = {name for cell in shown for name in re.findall(r"`(\w+)`", cell)}
        self.assertGreater(len(named), 20)
        self.assertEqual([row for row, cell in zip(rows[2:], shown) if "`" not in cell], [], "nothing shows it")
        sources = [path for root in ("crates", "tests") for path in sorted((ROOT / root).glob("**/*.rs"))]
        sources += (ROOT / "tools").glob("test_*.py")
        there = {name for path in sources for name in re.findall(r"\b(?:fn|def) (\w+)\(", path.read_text())}
        self.assertEqual(named - there, set())


if __name__ == "__main__":
    unittest.main()
