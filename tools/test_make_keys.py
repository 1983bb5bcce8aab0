"""Tests of make_keys.py: the page has every key of the schema once, with what may stand there."""

from __future__ import annotations

import json
import re
import unittest

import make_keys


def names(schema: dict) -> list[str]:
    """The names of all keys, by whichever way there is into the schema."""
    found = []
    for key, value in schema.items():
        if key == "properties":
            found += value
        if isinstance(value, dict):
            found += names(value)
    return found


class Keys(unittest.TestCase):
    def test_the_page_is_what_the_schema_says(self) -> None:
        self.assertEqual(make_keys.PAGE.read_text(), make_keys.made(), "run `make docs`")

    def test_nothing_is_left_out(self) -> None:
        page = make_keys.made()
        headings = {part for heading in re.findall(r"^## `\[+(.+?)\]+`$", page, re.M) for part in heading.split(".")}
        rows = re.findall(r"^\| (?:\*\*)?`(\w+)`", page, re.M)
        declared = names(json.loads(make_keys.SCHEMA.read_text()))
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
            self.assertEqual(make_keys.form(schema), words)


if __name__ == "__main__":
    unittest.main()
