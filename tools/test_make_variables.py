"""Tests of make_variables.py: the page has every variable and every output of infra/ once, with type and default."""

from __future__ import annotations

import re
import unittest

import make_variables


class Variables(unittest.TestCase):
    def test_the_page_is_what_infra_says(self) -> None:
        self.assertEqual(make_variables.PAGE.read_text(), make_variables.made(), "run `make docs`")

    def test_nothing_is_left_out(self) -> None:
        files = "".join(it.read_text() for it in sorted(make_variables.INFRA.glob("*.tf")))
        declared = re.findall(r'^(?:variable|output) "(\w+)" \{$', files, re.M)
        rows = re.findall(r"^\| `(\w+)` \|", make_variables.made(), re.M)
        self.assertGreater(len(rows), 60)
        self.assertEqual(sorted(rows), sorted(declared))

    def test_a_type_of_many_lines_is_one(self) -> None:
        block = 'variable "a" {\n  description = "It says \\"b | c\\"."\n  type = object({\n    b = optional(list(string), [])\n    c = object({\n      d = string\n    })\n  })\n  default = {}\n}\n'
        kind = "object({ b = optional(list(string), []), c = object({ d = string }) })"
        self.assertEqual(make_variables.variable(block), f'| `a` | `{kind}` | It says "b \\| c". | `{{}}` |')


if __name__ == "__main__":
    unittest.main()
