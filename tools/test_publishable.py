"""Tests that the project may be published: G-17."""

from __future__ import annotations

import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Publishable(unittest.TestCase):
    def test_every_crate_has_the_licences_whose_texts_are_here(self) -> None:
        workspace = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]
        self.assertEqual(workspace["license"], "MIT OR Apache-2.0")
        for name, words in [("LICENSE-MIT", "Permission is hereby granted"), ("LICENSE-APACHE", "Apache License")]:
            self.assertIn(words, (ROOT / name).read_text())
        manifests = [*ROOT.glob("crates/*/Cargo.toml"), ROOT / "tests/Cargo.toml"]
        self.assertGreater(len(manifests), 20)
        for path in manifests:
            self.assertEqual(tomllib.loads(path.read_text())["package"].get("license"), {"workspace": True}, path)


if __name__ == "__main__":
    unittest.main()
