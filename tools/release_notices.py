"""Collects the licences of everything that is linked into programs, which have to be passed on with them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import check_tree
from setup import ROOT, SetupError

# How the files are called that hold a licence, or what it asks to be shown.
LICENCE = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)([._-].*)?", re.IGNORECASE)


def notices(crates: list[str]) -> bytes:
    """One text for these packages of ours: each licence once, below the crates that it is of."""
    linked = {it for crate in crates for versions in check_tree.linked(crate).values() for it in versions}
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", "x86_64-unknown-linux-gnu"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if answer.returncode != 0:
        raise SetupError(f"cargo does not say what is linked:\n{answer.stderr.strip()}")
    found = {}
    for package in json.loads(answer.stdout)["packages"]:
        name = f"{package['name']}@{package['version']}"
        # Ours come with licences of their own.
        if name in linked and package["source"]:
            texts = licences(Path(package["manifest_path"]).parent)
            found[f"{package['name']} {package['version']}"] = (package["license"] or "see its licence", texts)
    return written(found).encode()


def licences(folder: Path) -> list[str]:
    """What the files of a crate say that hold its licences, but for how their lines end."""
    files = sorted(it for it in folder.iterdir() if it.is_file() and LICENCE.fullmatch(it.name))
    texts = (it.read_text(errors="replace") for it in files)
    return ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in texts]


def written(found: dict[str, tuple[str, list[str]]]) -> str:
    """The page: which crate has which licence, and then the texts, each once."""
    users: dict[str, list[str]] = {}
    for crate, (_, texts) in sorted(found.items()):
        for text in texts:
            users.setdefault(text, []).append(crate)
    page = "What this software contains of others, and their licences.\n\n"
    page += "".join(f"{crate}: {licence}{'' if texts else ' (no text in its package)'}\n" for crate, (licence, texts) in sorted(found.items()))
    for text, crates in sorted(users.items(), key=lambda it: (it[1], it[0])):
        page += f"\n{'-' * 80}\n{', '.join(crates)}\n\n{text}\n"
    return page
