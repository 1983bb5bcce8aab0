"""Tests of the pages: every link that stays in the repository leads to a file, and to a heading that is there."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

from docs_site import BLOCK, LINK, PICTURE

ROOT = Path(__file__).resolve().parent.parent


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("crates/*/README.md"), *ROOT.glob("infra/**/README.md")])


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return BLOCK.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """What links to headings of a page may end in, as forges make it of the headings."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


class Links(unittest.TestCase):
    def test_every_link_leads_somewhere(self) -> None:
        broken, checked = [], 0
        for page in pages():
            # Code between backticks is no link.
            text = re.sub(r"`[^`\n]*`", "`", prose(page))
            for target in [it["to"] for it in LINK.finditer(text)] + PICTURE.findall(text):
                # To the web, or to an item of the crate's documentation.
                if re.match(r"[a-z_]+:", target) or re.fullmatch(r"\w+", target):
                    continue
                checked += 1
                name, _, anchor = target.partition("#")
                to = (page.parent / name).resolve() if name else page
                if not to.exists() or (anchor and to.suffix == ".md" and anchor not in anchors(to)):
                    broken.append(f"{page.relative_to(ROOT)}: {target}")
        self.assertGreater(checked, 100)
        self.assertEqual(broken, [])

    def test_the_index_has_every_page(self) -> None:
        index = (ROOT / "docs/README.md").read_text()
        missing = [it.name for it in sorted(ROOT.glob("docs/*.md")) if it.name != "README.md" and f"]({it.name}" not in index]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
