"""Tests of compose.yaml, without Docker: what it says is what the image and the settings have."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The Python of moto has a reader of YAML.
PYTHON = Path(os.environ.get("RUNTASK_TOOLS") or ROOT / ".tools" / "bin").parent / "python" / "bin" / "python"
READ = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"


class Compose(unittest.TestCase):
    def setUp(self) -> None:
        text = (ROOT / "compose.yaml").read_text()
        answer = subprocess.run([str(PYTHON), "-c", READ], input=text, capture_output=True, text=True, check=True)
        self.services = json.loads(answer.stdout)["services"]

    def test_it_starts_the_image_that_make_image_builds(self) -> None:
        version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
        self.assertEqual(self.services["runtask"]["image"], f"${{RUNTASK_IMAGE:-runtask:{version}}}")

    def test_it_sets_what_serve_reads_and_asks_for_what_it_needs(self) -> None:
        environment = self.services["runtask"]["environment"]
        page = (ROOT / "docs/settings.md").read_text() + (ROOT / "docs/serve.md").read_text()
        for name in environment:
            self.assertIn(f"`{name}`", page)
        asked = re.findall(r"^#?([A-Z_]+)=", (ROOT / "compose.env.example").read_text(), re.MULTILINE)
        used = set(re.findall(r"\$\{([A-Z_]+)[:}]", json.dumps(self.services)))
        self.assertEqual(set(asked), used)

    def test_nothing_of_the_image_can_be_changed_and_it_gets_the_time_to_end(self) -> None:
        service = self.services["runtask"]
        self.assertTrue(service["read_only"])
        self.assertEqual((service["cap_drop"], service["security_opt"]), (["ALL"], ["no-new-privileges:true"]))
        self.assertEqual([it.split(":")[0] for it in service["tmpfs"]], ["/tmp"])
        self.assertEqual(service["stop_grace_period"], "40s")
        # What forgets loses approvals.
        self.assertIn("maxmemory-policy noeviction", self.services["redis"]["command"][-1])


if __name__ == "__main__":
    unittest.main()
