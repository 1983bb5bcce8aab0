"""Tests of the pages: what they tell a reader to type is typed, and what they say comes out must come out.

A block of code is run where its first line says so, page by page, in an empty directory with `runtask` and `terraform` on
the PATH:

    ```sh run                   commands, none of which may fail
    ```console run              `$ command` lines, each with what it prints below it. `…` is any text; alone, any lines
    ```toml run>runtask.toml    written to that file; `run>>` adds to it
    <!-- run                    commands that readers do not see, to `-->`: what the page takes for granted. $REPOSITORY is
                                this checkout

What a block exports, and where it goes with `cd`, holds for those that follow.
Needs what `cargo build --workspace --bins` builds, and terraform, as in `make test`.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from setup import BIN
from test_links import pages

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+) run(?P<to>>{1,2}\S+)?\n(?P<text>.*?)^(?P=indent)```$"
    r"|^ *<!-- run\n(?P<hidden>.*?)^ *-->$",
    re.MULTILINE | re.DOTALL,
)
# What anything on these pages may take.
SECONDS = 120
# Leaves for the next command where this one went, and what it exported.
KEEP = """trap '{ printf "cd %q\\n" "$PWD"; export -p; } > "$STATE"' EXIT"""


@dataclass
class Step:
    """A command of a page, and what it prints there, if the page says; or a file that it has its reader write."""

    line: int
    command: str
    prints: str | None = None


def steps(page: str) -> Iterator[Step]:
    for block in BLOCK.finditer(page):
        line = page.count("\n", 0, block.start()) + 1
        if (hidden := block["hidden"]) is not None:
            yield Step(line, hidden)
            continue
        text = re.sub(f"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
        if to := block["to"]:
            name = to.lstrip(">")
            yield Step(line, f"mkdir -p \"$(dirname '{name}')\"\ncat {to[: -len(name)]} '{name}' <<'END OF BLOCK'\n{text}END OF BLOCK\n")
        elif block["language"] == "console":
            yield from transcript(line, text)
        else:
            yield Step(line, text)


def transcript(line: int, text: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:.*\\\n)*.*\n", part)[0]
        yield Step(line, command, part[len(command) :])


def is_as_shown(shown: str, printed: str) -> bool:
    def pattern(line: str) -> str:
        return r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(re.escape(it) for it in line.rstrip().split("…")) + r"[ ]*\n"

    printed = "".join(f"{it.rstrip()}\n" for it in printed.strip().splitlines())
    return re.fullmatch("".join(pattern(it) for it in shown.strip().splitlines()), printed) is not None


class Shell:
    """Runs one thing after the other as a person does in a terminal: where one went, and what one exported, stays."""

    def __init__(self, directory: Path) -> None:
        (directory / "here").mkdir()
        self.state = directory / "state"
        self.state.write_text(f"cd '{directory / 'here'}'\n")
        home = directory / "home"
        home.mkdir()
        self.environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join([str(PROGRAMS), str(BIN), os.environ["PATH"]]),
            "TMPDIR": tempfile.gettempdir(),
            "REPOSITORY": str(ROOT),
            "STATE": str(self.state),
        }

    def run(self, step: Step) -> tuple[int, str]:
        """The exit code, and everything that was printed. A transcript goes on after a command that fails, as people do."""
        options = "set -uo pipefail" if step.prints is not None else "set -euo pipefail"
        script = f"{options}\n{KEEP}\n. \"$STATE\"\n{step.command}"
        answer = subprocess.run(
            ["bash", "-c", script],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            text=True,
        )
        return answer.returncode, answer.stdout


def problem(step: Step, code: int, printed: str) -> str | None:
    if step.prints is None:
        return f"exit code {code}:\n{printed}" if code != 0 else None
    return None if is_as_shown(step.prints, printed) else f"prints\n{printed}\nand the page says\n{step.prints}"


class Pages(unittest.TestCase):
    maxDiff = None

    def test_what_pages_say_to_type_does_what_they_say(self) -> None:
        ran = {}
        for page in pages():
            with self.subTest(page=str(page.relative_to(ROOT))), tempfile.TemporaryDirectory() as directory:
                shell = Shell(Path(directory))
                for step in steps(page.read_text()):
                    ran[page.name] = ran.get(page.name, 0) + 1
                    wrong = problem(step, *shell.run(step))
                    self.assertIsNone(wrong, f"{page.name}:{step.line}: {step.command.strip()}: {wrong}")
        # Whoever changes how blocks are marked would else test nothing.
        self.assertGreater(len(ran), 5, ran)
        self.assertGreater(ran["policies.md"], 15, ran)


class Reading(unittest.TestCase):
    def test_blocks_that_are_marked_are_steps(self) -> None:
        page = (
            "```sh run\ntrue\n```\n\n```sh\nfalse\n```\n   ```toml run>a/b.toml\n   c = 1\n     d\n   ```\n"
            "<!-- run\nsecret\n-->\n```console run\n$ echo \\\n  a\na\n$ true\n```\n"
        )
        found = [(it.line, it.command, it.prints) for it in steps(page)]
        self.assertEqual(found[0], (1, "true\n", None))
        self.assertEqual(found[1], (8, "mkdir -p \"$(dirname 'a/b.toml')\"\ncat > 'a/b.toml' <<'END OF BLOCK'\nc = 1\n  d\nEND OF BLOCK\n", None))
        self.assertEqual(found[2:], [(12, "secret\n", None), (15, "echo \\\n  a\n", "a\n"), (15, "true\n", "")])

    def test_what_is_left_out_may_be_anything_and_the_rest_may_not(self) -> None:
        for shown, printed, expected in [
            ("a\n", "a\n", True),
            ("a\n", "a\nb\n", False),
            ("a\n…\n", "a\nb\nc\n", True),
            ("a … c\n", "a b c\n", True),
            ("a … c\n", "a\nc\n", False),
            ("…\nc\n", "b\nd\n", False),
            ("(a)\n", "a\n", False),
            ("", "", True),
            ("", "a\n", False),
        ]:
            with self.subTest(shown=shown, printed=printed):
                self.assertEqual(is_as_shown(shown, printed), expected)

    def test_a_command_that_fails_is_noticed(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shell = Shell(Path(directory))
            for step in [Step(1, "false\ntrue\n"), Step(1, "true\n", "a\n"), Step(1, "nonexistent-program\n")]:
                self.assertIsNotNone(problem(step, *shell.run(step)), step)

    def test_where_one_went_and_what_one_exported_stays(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shell = Shell(Path(directory))
            self.assertEqual(shell.run(Step(1, "mkdir 'a b'; cd 'a b'; export C=\"it's\"\n")), (0, ""))
            self.assertEqual(shell.run(Step(2, "basename \"$PWD\"; echo $C; false\n", "")), (1, "a b\nit's\n"))
            self.assertEqual(shell.run(Step(3, "basename \"$PWD\"\n")), (0, "a b\n"))


if __name__ == "__main__":
    unittest.main()
