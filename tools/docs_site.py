#!/usr/bin/env python3
"""Builds the documentation as a site of static files with a search, into target/site/html: `make docs-site`.

The pages are those that can be reached by links from README.md. docs/README.md, the index, says in which order they are
listed. mdBook makes HTML of them; it must be set up. Afterwards every link within the site is followed, and all that are
broken are told: what leads somewhere in the repository leads there on the site as well.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent))

from package import target_directory  # noqa: E402 (found through the line above)
from setup import BIN, ROOT, SetupError  # noqa: E402

LINK = re.compile(r"(?P<text>\[(?:[^\[\]]|\[[^\]]*\])*\])\((?P<to>[^)\s]+)\)")
PICTURE = re.compile(r'\bsrc(?:set)?="([^"]+)"')
# A block of code, fences and all.
BLOCK = re.compile(r"(^ *```+.*?^ *```+ *$)", re.MULTILINE | re.DOTALL)
# What the tests of pages know by, and readers do not see.
HIDDEN = re.compile(r"^ *<!-- (?:run|json)\n.*?^ *-->\n", re.MULTILINE | re.DOTALL)
RUN = re.compile(r"^( *```\w+) run\S*$", re.MULTILINE)

BOOK = """\
[book]
title = "runtask"
language = "en"
src = "src"

[build]
build-dir = "html"

[output.html]
no-section-label = true
print.enable = false
fold.enable = true
additional-css = ["tables.css"]
"""
# Tables have names of settings in them, which would else push what they mean out of sight.
TABLES = """\
:root {
  --content-max-width: 105rem;
}

td,
td code {
  overflow-wrap: anywhere;
}

/* A name of a setting is broken once, and a word that people read never. */
td {
  min-width: 10rem;
}

td:first-child {
  min-width: 22rem;
}
"""


class SiteError(Exception):
    """What is wrong, and where."""


def main() -> int:
    directory = target_directory() / "site"
    shutil.rmtree(directory, ignore_errors=True)
    try:
        sources = write_sources(ROOT, directory)
        build(directory)
        links = follow_links(directory / "html")
    except (SiteError, SetupError) as error:
        print(f"docs-site: {error}", file=sys.stderr)
        return 2
    print(f"{sources} pages, {links} links followed: {directory / 'html' / 'index.html'}")
    return 0


def write_sources(root: Path, directory: Path) -> int:
    """What mdBook reads: the pages, the files that they link to, and the list of pages. Says how many pages there are."""
    source = directory / "src"
    found = [root / "README.md"]
    # Grows as pages name pages.
    for page in found:
        text, files = for_site(page, root)
        found += [it for it in dict.fromkeys(files) if it.suffix == ".md" and it not in found]
        write(source / on_site(page.relative_to(root)), text)
        for file in files:
            if file.suffix != ".md":
                to = source / file.relative_to(root)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, to)
    write(source / "SUMMARY.md", summary(found, root))
    write(directory / "book.toml", BOOK)
    write(directory / "tables.css", TABLES)
    return len(found)


def on_site(page: Path) -> Path:
    """What a directory's page is called: by its address, a site finds no README."""
    return page.with_name("index.md") if page.name == "README.md" else page


def for_site(page: Path, root: Path) -> tuple[str, list[Path]]:
    """A page as the site has it, and the files that it links to. A directory is its README, or a name without a link."""
    files = []

    def link(match: re.Match) -> str:
        name, mark, anchor = match["to"].partition("#")
        if not name or re.match(r"[a-z_]+:", name):
            return match[0]
        to = (page.parent / name).resolve()
        if to.is_dir():
            if not (to / "README.md").exists():
                return match["text"][1:-1]
            name, to = f"{name.rstrip('/')}/README.md", to / "README.md"
        if not to.is_relative_to(root) or not to.exists():
            # An item of a crate's documentation, which Rust's own tool links.
            return match["text"][1:-1] if re.fullmatch(r"[\w:]+", name) else match[0]
        files.append(to)
        return f"{match['text']}({on_site(Path(name))}{mark}{anchor})"

    text = RUN.sub(r"\1", HIDDEN.sub("", page.read_text()))
    files += [(page.parent / it).resolve() for it in PICTURE.findall(BLOCK.sub("", text)) if not re.match(r"[a-z]+:", it)]
    # Of what is split, every second part is a block.
    parts = [part if index % 2 else LINK.sub(link, part) for index, part in enumerate(BLOCK.split(text))]
    return "".join(parts), files


def summary(pages: list[Path], root: Path) -> str:
    """The pages in the order of the index, then those that only other pages name."""
    index = root / "docs/README.md"
    want, _, look_up = index.read_text().partition("To look something up")
    listed: list[Path] = [root / "README.md", index]
    lines = [f"[{title(root / 'README.md')}](index.md)", ""]
    for heading, text in [("What you want to do", f"[Documentation](README.md)\n{want}"), ("To look something up", look_up)]:
        lines += [f"# {heading}", ""]
        for match in LINK.finditer(text):
            page = (index.parent / match["to"].partition("#")[0]).resolve()
            if page in pages and (page not in listed or page == index):
                listed.append(page)
                lines.append(entry(page, root))
        lines.append("")
    rest = [entry(it, root) for it in pages if it not in listed]
    return "\n".join([*lines, "# Parts", "", *sorted(rest, key=str.lower), ""])


def entry(page: Path, root: Path) -> str:
    return f"- [{title(page)}]({on_site(page.relative_to(root))})"


def title(page: Path) -> str:
    heading = re.search(r"^# (.*)$", page.read_text(), re.MULTILINE)
    if heading is None:
        raise SiteError(f"{page} has no title: begin it with `# …`")
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def build(directory: Path) -> None:
    program = BIN / "mdbook"
    if not program.exists():
        raise SetupError("mdbook is not set up: run `make docs-site`, which does it.")
    run = subprocess.run([str(program), "build", str(directory)], stdin=subprocess.DEVNULL)
    if run.returncode != 0:
        raise SiteError("mdBook made no site; see above.")


class Page(HTMLParser):
    """What a page links to, and what links can lead to on it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.anchors.add(value)
            elif value and (name in ("href", "src") or (name == "srcset" and tag == "source")):
                self.links.append(value)


def follow_links(site: Path) -> int:
    """Follows every link that stays on the site. Says how many there are."""
    # Its links are written for any depth of address.
    pages = {it: Page(it.read_text()) for it in sorted(site.rglob("*.html")) if it.name not in ("404.html", "toc.html")}
    broken, followed = [], 0
    for page, content in pages.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            followed += 1
            to = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if to.is_dir():
                to /= "index.html"
            # What a script writes into a page is looked for by that script.
            anchors = pages[to].anchors if to in pages else None
            if not to.exists() or (parts.fragment and anchors is not None and unquote(parts.fragment) not in anchors):
                broken.append(f"{page.relative_to(site)}: {link}")
    if broken:
        raise SiteError("links that lead nowhere:\n  " + "\n  ".join(broken))
    return followed


if __name__ == "__main__":
    sys.exit(main())
