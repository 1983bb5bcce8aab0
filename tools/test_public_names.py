"""Tests of what a version promises: the names that are public are those of the list."""

from __future__ import annotations

import difflib
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import public_names  # noqa: E402 (found through the line above)


class PublicNames(unittest.TestCase):
    def test_public_names_change_on_purpose_only(self) -> None:
        known, found = public_names.LIST.read_text(), public_names.listed()
        changes = [it for it in difflib.ndiff(known.splitlines(), found.splitlines()) if it[0] in "+-"]
        self.assertEqual(
            changes,
            [],
            "\nnames that a version promises to keep have changed. Where that is meant: say it in CHANGELOG.md, and in\n"
            "docs/upgrading.md what people have to do, and run python3 -B tools/public_names.py --write.",
        )

    def test_every_section_has_names(self) -> None:
        sections = re.split(r"^## ", public_names.listed(), flags=re.MULTILINE)[1:]
        few = [it.splitlines()[0] for it in sections if len(it.strip().splitlines()) < 4]
        self.assertEqual((len(sections), few), (13, []))

    def test_names_are_found_where_they_are_known_to_be(self) -> None:
        names = public_names.listed().splitlines()
        for name in [
            "HMAC_KEY",
            "tasks.NAME.policy.paths",
            "tasks.NAME.scanner[].profile",
            "runtask check --all-tasks",
            "runtask policy explain-result --rule <CODE> <PLAN> [PATH]...",
            "runtask runner run --once",
            "every command --json",
            "2 Unable",
            "check-unavailable",
            "public-s3-bucket",
            "is_unknown(r, path)",
            "job.done",
            "runtask_results_total",
            "variable hmac_key_version",
            "output run_task_id",
        ]:
            self.assertIn(name, names)
        self.assertNotIn("runtask check --json", names)


if __name__ == "__main__":
    unittest.main()
