"""Tests of make_reference.py: the pages have every key and every code, with what may stand there and what it means."""

from __future__ import annotations

import json
import re
import unittest

import make_reference
import public_names


def names(schema: dict) -> list[str]:
    """The names of all keys, by whichever way there is into the schema."""
    found = []
    for key, value in schema.items():
        if key == "properties":
            found += value
        if isinstance(value, dict):
            found += names(value)
    return found


class Pages(unittest.TestCase):
    def test_the_pages_are_what_the_sources_say(self) -> None:
        for name, page in make_reference.made().items():
            self.assertEqual((make_reference.ROOT / name).read_text(), page, "run `make docs`")

    def test_no_code_is_left_out(self) -> None:
        rows = re.findall(r"^\| `(.+?)` \| \S.+\.? \|$", make_reference.codes(), re.M)
        self.assertGreater(len(rows), 20)
        self.assertEqual(rows, public_names.codes())

    def test_no_key_is_left_out(self) -> None:
        page = make_reference.keys()
        headings = {part for heading in re.findall(r"^## `\[+(.+?)\]+`$", page, re.M) for part in heading.split(".")}
        rows = re.findall(r"^\| (?:\*\*)?`(\w+)`", page, re.M)
        declared = names(json.loads(make_reference.SCHEMA.read_text()))
        self.assertGreater(len(rows), 100)
        self.assertEqual([it for it in declared if it not in rows and it not in headings], [])

    def test_forms_are_words(self) -> None:
        text = {"type": "string"}
        for schema, words in [
            (text, "a text"),
            ({"type": "array", "items": text}, "a list of texts"),
            ({"type": "array", "items": {"enum": ["a", "b"]}}, "a list of `a`, `b`"),
            ({"type": "object", "additionalProperties": {"type": "array", "items": text}}, "names of your own, each with a list of texts"),
            ({"type": "integer", "minimum": 1, "maximum": 2}, "a number from 1 to 2"),
            ({"type": "string", "format": "date"}, "a day"),
            ({}, "anything"),
        ]:
            self.assertEqual(make_reference.form(schema), words)


if __name__ == "__main__":
    unittest.main()
