"""Tests of examples/: what the demo shows is what it says. Needs `terraform` on PATH, as in `make test`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def fmt(folder: Path, *options: str) -> tuple[int, list[str]]:
    """Runs `terraform fmt` on a whole folder: its exit code, and the files it named."""
    answer = subprocess.run(["terraform", "fmt", "-recursive", *options], cwd=folder, capture_output=True, text=True)
    return answer.returncode, sorted(answer.stdout.split())


def files(folder: Path) -> dict[str, str]:
    return {str(it.relative_to(folder)): it.read_text() for it in folder.rglob("*") if it.is_file()}


class Examples(unittest.TestCase):
    def test_the_formatted_one_passes(self) -> None:
        self.assertEqual(fmt(EXAMPLES / "formatted", "-check"), (0, []))

    def test_the_unformatted_one_fails_in_two_files(self) -> None:
        self.assertEqual(fmt(EXAMPLES / "unformatted", "-check"), (3, ["main.tf", "modules/network/main.tf"]))

    def test_the_unformatted_one_once_formatted_is_the_other(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "copy"
            shutil.copytree(EXAMPLES / "unformatted", copy)
            self.assertEqual(fmt(copy)[0], 0)
            self.assertEqual(files(copy), files(EXAMPLES / "formatted"))

    def test_the_one_with_a_public_bucket_is_formatted_and_is_what_its_plan_says(self) -> None:
        folder = EXAMPLES / "public-bucket"
        self.assertEqual(fmt(folder, "-check"), (0, []))
        declared = re.findall(r'^resource "(.+)" "(.+)" {$', (folder / "main.tf").read_text(), re.MULTILINE)
        planned = json.loads((folder / "plan.json").read_text())["resource_changes"]
        self.assertEqual(sorted(f"{kind}.{name}" for kind, name in declared), sorted(it["address"] for it in planned))


if __name__ == "__main__":
    unittest.main()
