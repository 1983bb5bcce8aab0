"""Tests that pages and infra/ list the checks that the program has: `RUNTASK_CHECKS=none runtask check` names them all."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from package import target_directory  # noqa: E402 (found through the line above)
from setup import ROOT  # noqa: E402

PROGRAM = target_directory() / "debug" / "runtask"


def said_of(check: str) -> str:
    """What the program says where this is all that is set."""
    with tempfile.TemporaryDirectory() as folder:
        answer = subprocess.run([str(PROGRAM), "check"], cwd=folder, env={"RUNTASK_CHECKS": check}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return answer.stderr


class Checks(unittest.TestCase):
    def setUp(self) -> None:
        self.assertTrue(PROGRAM.exists(), f"{PROGRAM} is missing: run `cargo build --package runtask-cli` first")
        self.checks = re.findall("`([a-z-]+)`", said_of("none").split("there are ")[1])
        self.assertGreater(len(self.checks), 4)

    def test_the_readme_says_what_each_does(self) -> None:
        page = (ROOT / "README.md").read_text()
        missing = [it for it in self.checks if not re.search(rf"^\| [^|]*`{it}`[^|]* \| ", page, re.MULTILINE)]
        self.assertEqual(missing, [], "checks without a row in README.md")

    def test_the_page_of_settings_and_infra_list_those_that_need_no_file(self) -> None:
        alone = [it for it in self.checks if "settings are wrong" not in said_of(it)]
        [row] = re.findall(r"^\| `RUNTASK_CHECKS` .*", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
        listed = re.findall("`([a-z-]+)`", row.split(", of ")[1].split(";")[0])
        self.assertEqual(listed, alone, "of `RUNTASK_CHECKS` in docs/settings.md")
        variable = (ROOT / "infra/variables_checks.tf").read_text().split('variable "checks"')[1].split("\n}")[0]
        listed = re.findall('"([a-z-]+)"', variable.split("contains([")[1].split("]")[0])
        self.assertEqual(listed, alone, "of the variable `checks` in infra/variables_checks.tf")
        for text in re.findall('(?:description|error_message) = "(.*)"', re.sub(" +=", " =", variable)):
            self.assertEqual([it for it in alone if it not in text], [], f"not in: {text}")


if __name__ == "__main__":
    unittest.main()
