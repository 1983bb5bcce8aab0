#!/usr/bin/env python3
"""Lists the names that a version promises to keep, as CHANGELOG.md says, from where each is defined or documented.

`tools/public-names.txt` is the list that people know. `--write` makes it anew; whoever does that changes what is promised,
and says so in CHANGELOG.md, and in docs/upgrading.md where somebody has to do something about it.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tools" / "public-names.txt"
HEAD = """\
# Names that a version promises to keep: see CHANGELOG.md. Written by `python3 -B tools/public_names.py --write`; a test
# fails where this list and the sources differ, so that a change here is a decision.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {LIST.relative_to(ROOT)}")
    if parser.parse_args().write:
        LIST.write_text(listed())
    else:
        print(listed(), end="")
    return 0


def listed() -> str:
    sections = [
        ("Settings", settings()),
        ("Keys of runtask.toml", keys()),
        ("Commands, with their arguments and options", commands()),
        ("Keys of what --json prints", [f"{command} {key}" for command, keys in json_keys(text("docs/json.md")).items() for key in keys]),
        ("Exit codes", exit_codes()),
        ("Codes of findings", codes()),
        ("Rules that are shipped", rules()),
        ("Names of data.runtask.plan", library()),
        ("Log events", events()),
        ("Metrics", metrics()),
        ("infra/", terraform(*sorted(f"infra/{it.name}" for it in (ROOT / "infra").glob("variables*.tf")), "infra/outputs.tf")),
        ("infra/gitlab-runner/", terraform("infra/gitlab-runner/variables.tf", "infra/gitlab-runner/outputs.tf")),
        ("tfe.tf", terraform("tfe.tf")),
    ]
    return HEAD + "".join(f"\n## {title}\n" + "".join(f"{name}\n" for name in names) for title, names in sections)


def text(path: str) -> str:
    return (ROOT / path).read_text()


def settings() -> list[str]:
    """The first column of the page's tables; test_settings.py holds the page against the programs."""
    rows = re.findall(r"^\| (`[A-Z][A-Z0-9_]+`(?:[,;] `[A-Z][A-Z0-9_]+`)*) \|", text("docs/settings.md"), re.MULTILINE)
    return sorted({name for row in rows for name in re.findall(r"`(\w+)`", row)})


def keys() -> list[str]:
    """From the schema of the file, which a test holds against those who read it."""

    def below(schema: dict, path: str) -> list[str]:
        found = []
        for name, inside in schema.get("properties", {}).items():
            at = f"{path}.{name}" if path else name
            found.append(at)
            named = inside.get("additionalProperties")
            found += below(inside, at) + below(inside.get("items", {}), f"{at}[]")
            found += below(named, f"{at}.NAME") if isinstance(named, dict) else []
        return found

    return sorted(below(json.loads(text("docs/runtask.schema.json")), ""))


def commands() -> list[str]:
    """From the snapshots of what `--help` says, which tests hold against the programs."""
    found = set()
    for path in ROOT.glob("crates/*/tests/snapshots/help__*.snap"):
        said, _, common = path.read_text().partition("\nOptions of every command:\n")
        # Names of commands have hyphens, as names of files do; so it is the usage that says which it is.
        command, arguments = re.search(r"^Usage: (\S+(?: [a-z][a-z-]*)*)(.*)$", said, re.MULTILINE).groups()
        found.add(command + arguments.replace(" [OPTIONS]", ""))
        own = re.compile(r"^ {2,6}(?:-\w, )?(--[a-z][a-z-]*)", re.MULTILINE)
        found |= {f"{command} {option}" for option in own.findall(said)}
        # What follows begins at the margin, as examples do.
        found |= {f"every command {option}" for option in own.findall(re.split(r"\n\n(?=\S)", common)[0])}
    return sorted(it for it in found if not it.endswith(" --help"))


def json_keys(page: str) -> dict[str, list[str]]:
    """By command, from the tables of the page, which test_json.py holds against the programs."""
    sections = [it.partition("\n") for it in re.split(r"^## ", page, flags=re.MULTILINE)[1:]]
    rows = {heading: re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE) for heading, _, text in sections if "\n| key |" in text}
    return {heading: [key for row in found for key in re.findall(r"`([^`]+)`", row)] for heading, found in rows.items()}


def exit_codes() -> list[str]:
    source = text("crates/runtask-terminal/src/exit.rs").split("fn code(")[1]
    return [f"{code} {name}" for name, code in re.findall(r"Self::(\w+) => (\d+),", source)] + ["128+N Signal"]


def codes() -> list[str]:
    source = text("crates/runtask-findings/src/finding.rs").split("\ncodes! {")[1].split("\n}")[0]
    return sorted(re.findall(r'^    \w+ = "([a-z-]+)":', source, re.MULTILINE))


def rules() -> list[str]:
    return sorted(re.findall(r"^## (\S+)$", text("docs/rules.md"), re.MULTILINE))


def library() -> list[str]:
    """The tables of the page that begin with what the names are about."""
    page = text("docs/policies.md")
    tables = [page.split(f"\n| {head} |")[1].split("\n\n")[0] for head in ["of the plan", "of a resource `r`", "for a rule"]]
    rows = [row.split(" | ")[0] for table in tables for row in table.splitlines() if row.startswith("| `")]
    return sorted({name for row in rows for name in re.findall(r"`(\w+(?:\([^)`]*\))?)[^`]*`", row)})


def events() -> list[str]:
    source = text("crates/runtask-log/src/event.rs").split("\nevents! {")[1]
    return sorted(re.findall(r'^    \w+ = "([a-z._]+)":', source, re.MULTILINE))


def metrics() -> list[str]:
    """Of `runtask serve`, as its page has them, and of CloudWatch, by the names in the code."""
    served = re.findall(r"^\| `(runtask_\w+)` \|", text("docs/serve.md"), re.MULTILINE)
    counted = re.findall(r'^ {4,8}(?:\w+\(\s*|name: )"([A-Z]\w+)"', text("crates/runtask-cli/src/metrics/families.rs"), re.MULTILINE)
    return sorted({*served, *counted})


def terraform(*paths: str) -> list[str]:
    return sorted(f"{kind} {name}" for path in paths for kind, name in re.findall(r'^(variable|output) "(\w+)"', text(path), re.MULTILINE))


if __name__ == "__main__":
    sys.exit(main())
