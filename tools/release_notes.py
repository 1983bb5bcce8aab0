"""Cuts the notes of a version out of CHANGELOG.md and docs/upgrading.md."""

from __future__ import annotations

import re


class NotesError(Exception):
    """What the pages lack, and what a person should do about it."""


def notes(changelog: str, upgrading: str, version: str) -> str:
    """What changed in `version`, and what an operator has to do, as a page that stands alone."""
    changes = section(changelog, rf"## {re.escape(version)}(?: .*)?")
    if changes is None:
        raise NotesError(f"CHANGELOG.md has no heading `## {version}`: write what changed below one.")
    if not changes.strip():
        raise NotesError(f"CHANGELOG.md says nothing below `## {version}`.")
    steps = section(upgrading, rf"## From \S+ to {re.escape(version)}")
    text = changes.strip() if steps is None else f"{changes.strip()}\n\n### Upgrading\n\n{steps.strip()}"
    return f"{alone(text)}\n"


def section(page: str, heading: str) -> str | None:
    """What stands below a heading of the second level, up to the next one; nothing where there is no such heading."""
    found = re.search(rf"^{heading}$\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else None


def alone(text: str) -> str:
    """The text with names of pages in the place of links to them: notes are read where there is no repository around."""
    return re.sub(r"\[([^\[\]]+)\]\((?![a-z]+:)([^)#\s]*)(#[^)\s]*)?\)", named, text)


def named(link: re.Match[str]) -> str:
    shown, page = link.group(1), link.group(2)
    if not page or page.rsplit("/", 1)[-1] in shown:
        return shown
    return f"{shown} ({page.removeprefix('../')})"
