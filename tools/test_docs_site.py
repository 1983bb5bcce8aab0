"""Tests of docs_site.py, but for mdBook itself."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import docs_site
from docs_site import ROOT, SiteError, follow_links, for_site, on_site, summary, write_sources
from test_links import pages


def tree(directory: str, files: dict[str, str]) -> Path:
    root = Path(directory).resolve()
    for name, text in files.items():
        docs_site.write(root / name, text)
    return root


class Sources(unittest.TestCase):
    def test_every_page_for_readers_is_on_it(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            write_sources(ROOT, Path(directory))
            site = {str(it.relative_to(f"{directory}/src")) for it in Path(directory, "src").rglob("*.md")}
            wanted = {str(on_site(it.relative_to(ROOT))) for it in pages() if not it.is_relative_to(ROOT / "crates")}
            self.assertEqual(wanted - site, set())
            listed = Path(directory, "src/SUMMARY.md").read_text()
            self.assertEqual([it for it in site if it != "SUMMARY.md" and listed.count(f"]({it})") != 1], [])

    def test_a_page_goes_without_what_tests_know_it_by(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            root = tree(directory, {
                "a.md": "# A\n<!-- run\nsecret\n-->\n```console run\n$ [a](b)\n```\n[dir](d/) [none](e) [`it`](Item) [c](c.txt#x) [web](https://x)\n",
                "d/README.md": "# D\n",
                "e/f": "",
                "c.txt": "",
            })
            text, files = for_site(root / "a.md", root)
            self.assertEqual(text, "# A\n```console\n$ [a](b)\n```\n[dir](d/index.md) none `it` [c](c.txt#x) [web](https://x)\n")
            self.assertEqual(files, [root / "d/README.md", root / "c.txt"])

    def test_the_index_gives_the_order(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            root = tree(directory, {
                "README.md": "# One\n",
                "docs/README.md": "# Index\n| x | [two](b.md) [one](../README.md) [three](a.md#c) |\n\nTo look something up:\n\n| y | [four](c.md) [three](a.md) |\n",
                "docs/a.md": "# [A](b.md)\n",
                "docs/b.md": "# B\n",
                "docs/c.md": "# C\n",
                "z.md": "# Z\n",
            })
            text = summary(sorted(root.rglob("*.md")), root)
            self.assertEqual(
                [it for it in text.splitlines() if it],
                ["[One](index.md)", "# What you want to do", "- [Index](docs/index.md)", "- [B](docs/b.md)", "- [A](docs/a.md)"]
                + ["# To look something up", "- [C](docs/c.md)", "# Parts", "- [Z](z.md)"],
            )


class Links(unittest.TestCase):
    def test_a_link_that_leads_nowhere_is_an_error(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            good = '<a href="b/index.html#x"><a href="b/"><a href="https://e.org/"><a href="#y"><p id="y"><img src="c.png">'
            site = tree(directory, {"index.html": good, "b/index.html": '<h2 id="x"><a href="..">', "c.png": ""})
            self.assertEqual(follow_links(site), 5)
            for wrong in ["d.html", "b/index.html#z", "#z", "b/d.png"]:
                docs_site.write(site / "wrong.html", f'<a href="{wrong}">')
                with self.subTest(wrong), self.assertRaisesRegex(SiteError, "wrong.html"):
                    follow_links(site)


if __name__ == "__main__":
    unittest.main()
