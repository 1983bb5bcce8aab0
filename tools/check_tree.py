#!/usr/bin/env python3
"""Checks who depends on whom: among our crates, among the files of each, and in what our binaries link.

- Crates: MAP says which of our crates each of ours may depend on; `cargo metadata` says which it does. Both must agree, so
  that an edge is drawn, or taken away, by somebody who meant to. Only normal dependencies are edges; tests and build
  scripts may use whatever they like.
- Files: no two files of a crate below crates/ import each other, straight or through others. `rust_files.py` says what an
  import is. Tests do not count, nor does a module that only passes on what others define.
- Binaries: some crates must never get into some packages. A dependency added three crates away can bring them in, and
  nothing else would notice. What Cargo links is asked of `cargo tree`.

How to read a failure:

    tree: report depends on client, an edge that the map does not have: do without, or draw it in MAP …

Do without it, or move what is needed to a crate further up in the list. If the edge is meant, draw it in MAP, in the same
commit. An edge that is in MAP and nowhere else is taken out.

    tree: files of runtask-cli import each other:
        arguments.rs imports RunFact from check.rs
        check.rs imports Check from arguments.rs

Each line is one edge between files that can be reached from each other; a circle is broken when one of its edges goes.
Mostly the names of one line belong in a file of their own, or in the other file.

    tree: runtask-cli links aws-config; the command runs anywhere, so it is built without AWS

Below it stands how the crate gets in: the crate first, and who depends on it under it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rust_files import circles, imports

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "ARCHITECTURE.md"

# Our crates from the ground to the top, and what each depends on: crates of lines above it. A name without its
# `runtask-`.
MAP = {
    "protocol": "",
    "findings": "",
    "settings": "",
    "log": "",
    "process": "",
    "archive": "",
    "rego": "",
    "terraform-fmt": "",
    "http": "log",
    "client": "log protocol",
    "sources": "findings log",
    "tasks": "findings",
    "checks": "archive findings log process settings tasks terraform-fmt",
    "policy": "checks findings log rego settings sources tasks",
    "scanners": "checks findings log policy process settings tasks terraform-fmt",
    "report": "findings protocol",
    "notify": "client findings log settings tasks",
    "state": "",
    "redis": "log state",
    "aws": "log state",
    "approvals": "client findings log protocol settings state tasks",
    "setup": "approvals archive checks client findings notify policy protocol scanners settings sources tasks",
    "lambda": "aws log settings setup tasks",
    "report-handler": "aws log settings state",
    "request-handler": "aws log protocol settings",
    "callback-handler": "approvals archive aws checks client findings lambda log notify process protocol report report-handler settings setup state tasks",
    "approval-handler": "approvals aws callback-handler client lambda log process settings setup state",
    "simulator": "findings protocol",
    "terminal": "findings log process",
    "cli": "approval-handler approvals archive callback-handler checks client findings http log notify policy process protocol redis report report-handler request-handler scanners settings setup simulator sources state tasks terminal terraform-fmt",
    "gitlab-runner-protocol": "",
    "gitlab-runner": "gitlab-runner-protocol process",
    "gitlab-runner-command": "aws findings gitlab-runner gitlab-runner-protocol log process settings terminal",
    "gitlab-hook-function": "aws log settings",
    "gitlab-runner-function": "aws gitlab-runner gitlab-runner-protocol log process settings state",
    "gitlab-simulator": "process",
    "tests": "approvals archive gitlab-simulator log protocol redis scanners simulator state terraform-fmt",
}


@dataclass(frozen=True)
class Rule:
    """Names, with `*` for any text, that the tree of a package with its default features must not hold."""

    package: str
    banned: tuple[str, ...]
    why: str


RULES = [
    Rule(
        "gitlab-hook-function",
        (
            "aws-sdk-dynamodb",
            "aws-sdk-kms",
            "aws-sdk-s3",
            "aws-sdk-ssm",
            "aws-sdk-sts",
            "flate2",
            "gitlab-runner*",
            "globset",
            "reqwest",
            "rego",
            "tar",
            "tempfile",
            "runtask-process",
            "runtask-protocol",
            "zip",
        ),
        "it faces the Internet and starts cold most often, so it holds nothing of the runner, no archive, no process",
    ),
    Rule(
        "runtask-cli",
        ("aws-*", "aws_*", "lambda_*"),
        "the command runs anywhere, so it is built without AWS",
    ),
    Rule(
        "runtask-request-handler",
        (
            "flate2",
            "gitlab-*",
            "globset",
            "jsonwebtoken",
            "maud",
            "oauth2",
            "pulldown-cmark",
            "redis",
            "rego",
            "similar",
            "tar",
            "tempfile",
            "toml",
            "runtask-approvals",
            "runtask-archive",
            "runtask-callback-handler",
            "runtask-checks",
            "runtask-lambda",
            "runtask-notify",
            "runtask-policy",
            "runtask-process",
            "runtask-redis",
            "runtask-report",
            "runtask-scanners",
            "runtask-sources",
            "runtask-tasks",
        ),
        "it faces the Internet and starts cold most often, so it holds no archive, check, policy, process, page, approval or Redis code",
    ),
    Rule(
        "runtask-report-handler",
        (
            "aws-sdk-dynamodb",
            "aws-sdk-lambda",
            "aws-sdk-ssm",
            "gitlab-*",
            "maud",
            "pulldown-cmark",
            "rego",
            "reqwest",
            "runtask-callback-handler",
            "runtask-checks",
            "runtask-client",
            "runtask-policy",
            "runtask-process",
            "runtask-protocol",
            "runtask-report",
        ),
        "it faces the Internet, and reads what others have made",
    ),
]


def main() -> int:
    packages = json.loads(cargo("metadata", "--no-deps", "--format-version", "1"))["packages"]
    problems = edge_problems(MAP, edges(packages)) + page_problems(MAP, PAGE.read_text())
    for package in packages:
        if Path(package["manifest_path"]).is_relative_to(ROOT / "crates"):
            problems += circle_problems(package["name"], roots(package))
    for problem in problems:
        print(f"tree: {problem}", file=sys.stderr)
    if not problems:
        print(f"tree: {len(packages)} crates depend on each other as the map says, and no files import each other")
    linked_well = [links_nothing_banned(rule) for rule in RULES]
    return 0 if not problems and all(linked_well) else 1


def edges(packages: list[dict]) -> dict[str, set[str]]:
    """What each of our crates depends on, of ours, by their names in MAP."""
    ours = {it["name"] for it in packages}
    return {
        short(package["name"]): {
            short(it["name"]) for it in package["dependencies"] if it["kind"] is None and it["name"] in ours
        }
        for package in packages
    }


def short(name: str) -> str:
    return name.removeprefix("runtask-")


def edge_problems(rows: dict[str, str], found: dict[str, set[str]]) -> list[str]:
    problems = []
    above: set[str] = set()
    for crate, row in rows.items():
        drawn = set(row.split())
        problems += [f"MAP has {it} for {crate}, and not on a line above it" for it in sorted(drawn - above)]
        above.add(crate)
        if crate not in found:
            problems.append(f"MAP has a line for {crate}, which is no crate of ours: take it out, of ARCHITECTURE.md too")
            continue
        for it in sorted(found[crate] - drawn):
            problems.append(
                f"{crate} depends on {it}, an edge that the map does not have: "
                "do without, or draw it in MAP of tools/check_tree.py"
            )
        for it in sorted(drawn - found[crate]):
            problems.append(
                f"{crate} does not depend on {it}, an edge that the map has: "
                "take it out of MAP of tools/check_tree.py"
            )
    for crate in sorted(found.keys() - rows.keys()):
        problems.append(f"{crate} is not on the map: give it a line in MAP, and a place in ARCHITECTURE.md")
    return problems


def page_problems(rows: dict[str, str], page: str) -> list[str]:
    """Whether the map of the page lists the same crates in the same order; the page says nothing of `tests`."""
    listed = page.split("\n## Map\n")[1].split("```text\n")[1].split("\n```")[0]
    found = [short(name) for name in re.findall(r"^.{12}([a-z][a-z-]+) {2}", listed, re.MULTILINE)]
    drawn = [it for it in rows if it != "tests"]
    problems = [f"{it} is in MAP, and not on the map of ARCHITECTURE.md" for it in drawn if it not in found]
    problems += [f"{it} is on the map of ARCHITECTURE.md, and not in MAP" for it in found if it not in drawn]
    if not problems and found != drawn:
        first, other = next(pair for pair in zip(drawn, found) if pair[0] != pair[1])
        problems.append(f"the map of ARCHITECTURE.md has {other} where MAP has {first}: give both one order")
    return problems


def roots(package: dict) -> list[Path]:
    """The first files of a package's library and programs."""
    kinds = {"lib", "bin"}
    return [Path(it["src_path"]) for it in package["targets"] if kinds & set(it["kind"])]


def circle_problems(package: str, files: list[Path]) -> list[str]:
    problems = []
    for root in files:
        found = imports(root)
        for group in circles(found):
            lines = [f"files of {package} import each other:"]
            for file in group:
                for other in sorted(found[file].keys() & set(group)):
                    names = ", ".join(sorted(found[file][other]))
                    lines.append(f"{path(file, root)} imports {names} from {path(other, root)}")
            problems.append("\n    ".join(lines))
    return problems


def path(file: Path, root: Path) -> str:
    return file.relative_to(root.parent).as_posix()


def links_nothing_banned(rule: Rule) -> bool:
    crates = linked(rule.package)
    found = sorted(it for it in crates if any(fnmatchcase(it, ban) for ban in rule.banned))
    if not found:
        print(f"tree: {rule.package} links {len(crates)} crates, none of {', '.join(rule.banned)}")
        return True
    print(f"tree: {rule.package} links {', '.join(found)}; {rule.why}", file=sys.stderr)
    for name in found:
        print(ways_to(rule.package, crates[name]), file=sys.stderr)
    return False


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
    """With normal dependencies only: build scripts and tests are not part of a binary."""
    return cargo("tree", "--package", package, "--edges", "normal", *options)


def cargo(command: str, *options: str) -> str:
    answer = subprocess.run(["cargo", command, "--locked", *options], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        sys.exit(f"tree: cargo {command} failed")
    return answer.stdout


if __name__ == "__main__":
    sys.exit(main())
