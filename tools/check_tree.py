#!/usr/bin/env python3
"""Checks what our binaries link: some crates must never get into some packages.

A dependency added three crates away can bring them in, and nothing else would notice. What Cargo links is asked of
`cargo tree`, with normal dependencies only: build scripts and tests are not part of a binary.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Rule:
    """Names, with `*` for any text, that the tree of a package with its default features must not hold."""

    package: str
    banned: tuple[str, ...]
    why: str


RULES = [
    Rule(
        "runtask-cli",
        ("aws-*", "aws_*", "lambda_*"),
        "the command runs anywhere, so it is built without AWS",
    ),
    Rule(
        "runtask-request-handler",
        (
            "flate2",
            "globset",
            "regorus",
            "similar",
            "tar",
            "tempfile",
            "toml",
            "runtask-archive",
            "runtask-callback-handler",
            "runtask-checks",
            "runtask-policy",
            "runtask-tasks",
        ),
        "it faces the Internet and starts cold most often, so it holds no archive, check, policy or process code",
    ),
]


def main() -> int:
    failed = False
    for rule in RULES:
        crates = linked(rule.package)
        found = sorted(it for it in crates if any(fnmatchcase(it, ban) for ban in rule.banned))
        if not found:
            print(f"tree: {rule.package} links {len(crates)} crates, none of {', '.join(rule.banned)}")
            continue
        failed = True
        print(f"tree: {rule.package} links {', '.join(found)}; {rule.why}", file=sys.stderr)
        for name in found:
            print(ways_to(rule.package, crates[name]), file=sys.stderr)
    return 1 if failed else 0


def linked(package: str) -> dict[str, set[str]]:
    """Crates by name; each with the versions that are linked, as Cargo takes them: `name@version`."""
    crates: dict[str, set[str]] = {}
    for line in tree(package, "--prefix", "none").splitlines():
        name, version = line.split()[:2]
        crates.setdefault(name, set()).add(f"{name}@{version.lstrip('v')}")
    return crates


def ways_to(package: str, ids: set[str]) -> str:
    """How crates get into `package`: the crate first, whoever depends on it below."""
    return "\n".join(tree(package, "--invert", it) for it in sorted(ids))


def tree(package: str, *options: str) -> str:
    command = ["cargo", "tree", "--locked", "--package", package, "--edges", "normal", *options]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        sys.exit(f"tree: cargo tree could not tell what {package} links")
    return answer.stdout


if __name__ == "__main__":
    sys.exit(main())
