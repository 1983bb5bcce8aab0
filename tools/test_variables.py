"""Tests of docs/variables.md: it has every variable of infra/ with its default, and no other."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Variables(unittest.TestCase):
    def test_every_variable_is_on_the_page_with_its_default(self) -> None:
        blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', (ROOT / "infra/variables.tf").read_text(), re.M | re.S)
        declared = {name: re.search(r"^  default +=(.*)$", block, re.M)[1].strip() for name, block in blocks}
        page = (ROOT / "docs/variables.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \| .* \| `([^`]*)` \|$", page, re.M)
        self.assertGreater(len(declared), 20)
        self.assertEqual(dict(rows), declared)
        self.assertEqual(len(rows), len(declared), "a variable is there twice")


if __name__ == "__main__":
    unittest.main()
