"""Tests of docs/settings.md: it has every setting that the programs read, and none that nobody reads."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = r"RUNTASK_[A-Z0-9_]*[A-Z0-9]"


class Settings(unittest.TestCase):
    def test_every_setting_is_on_the_page_and_nothing_else(self) -> None:
        # That one knows the names and reads none.
        paths = [path for path in sorted(ROOT.glob("crates/*/src/**/*.rs")) if path.name != "names.rs"]
        sources = [path.read_text() for path in paths]
        # In quotes it is read; elsewhere it is only talked about.
        read = {name for text in sources for name in re.findall(f'"({NAME})"', text)}
        page = set(re.findall(f"`({NAME})", (ROOT / "docs/settings.md").read_text()))
        self.assertGreater(len(read), 20)
        self.assertEqual(page - read, set(), "on the page, and read by nobody")
        self.assertEqual(read - page, set(), "read, and not on the page")

    def test_every_variable_of_opentelemetry_is_on_the_page_and_nothing_else(self) -> None:
        source = (ROOT / "crates/runtask-cli/src/traces/settings.rs").read_text().split("#[cfg(test)]")[0]
        read = set(re.findall(r'"(OTEL_[A-Z_]+)"', source))
        self.assertGreater(len(read), 5)
        self.assertEqual(set(re.findall(r"`(OTEL_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text())), read)

    def test_every_name_is_known_to_those_who_warn_of_others(self) -> None:
        # What tools and tests read is on no page of users.
        source = (ROOT / "crates/runtask-settings/src/names.rs").read_text().split("const TOOLS: ")[0]
        known = set(re.findall(f'    "({NAME})",\n', source))
        page = set(re.findall(f"`({NAME})", (ROOT / "docs/settings.md").read_text()))
        self.assertEqual(page - known, set(), "on the page, and not in names.rs of runtask-settings")
        self.assertEqual(known - page, set(), "in names.rs of runtask-settings, and not on the page")

    def test_infra_takes_the_settings_of_those_who_report_and_no_others(self) -> None:
        variables = (ROOT / "infra/variables_checks.tf").read_text()
        taken = variables.split('variable "settings"')[1].split("contains([\n")[1].split("],")[0]
        rows = (ROOT / "docs/settings.md").read_text().splitlines()
        rows = [row for row in rows if re.search(r"^\| `RUNTASK_.*\| [^|]*(callback|failure)[^|]* \| [^|]* \|$", row)]
        read = set(re.findall(f"`({NAME})` \\|", "\n".join(rows)))
        # The request handler's, of which another validation says how it is set.
        read.add("RUNTASK_TASKS")
        taken = set(re.findall(f'"({NAME})"', taken))
        self.assertEqual(read - taken, set(), "the page says that callback or failure reads it, and the variable `settings` in infra/ has no such name")
        self.assertEqual(taken - read, set(), "in the variable `settings` of infra/, and the page does not say that callback or failure reads it")

    def test_every_number_is_in_the_one_table_and_on_the_page_with_its_bounds(self) -> None:
        table = ROOT / "crates/runtask-settings/src/numbers.rs"
        numbers = re.findall(r'= "([A-Z_]+)": (\d+), (\d+), (\d+);', table.read_text())
        self.assertGreater(len(numbers), 15)
        lines = (ROOT / "docs/settings.md").read_text().splitlines()
        for name, lowest, default, highest in numbers:
            row = next((line for line in lines if line.startswith(f"| `{name}`")), None)
            self.assertIsNotNone(row, f"{name} is in numbers.rs of runtask-settings, and has no row of its own in docs/settings.md")
            self.assertIn(f"from {lowest} to {highest}", row)
            self.assertRegex(row, rf"\b{default}\b")
        # A number that is read in another way has no bounds.
        measured = re.compile(f'"({NAME}_(?:MS|BYTES|SECONDS)|RUNTASK_MAX_[A-Z_]+)"')
        for path in sorted(ROOT.glob("crates/*/src/**/*.rs")):
            if path not in (table, table.with_name("names.rs")):
                code = path.read_text().split("#[cfg(test)]")[0]
                self.assertEqual(measured.findall(code), [], path)


if __name__ == "__main__":
    unittest.main()
