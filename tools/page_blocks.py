"""Types what a page has its reader type, and holds what comes out against what the page says.

A block of code is typed where its first line says so, page by page, in an empty directory with `runtask` and `terraform` on
the PATH:

    ```sh run                   commands, none of which may fail
    ```console run              `$ command` lines, each with what it prints below it. `…` is any text; alone, any lines
    ```sh run&                  a command that goes on until it is stopped: it is, as soon as it listens; console, too, with
                                one command
    ```toml run>runtask.toml    written to that file; `run>>` adds to it
    <!-- run                    commands that readers do not see, to `-->`: what the page takes for granted. $REPOSITORY is
                                this checkout, and $RELEASE a directory with a release, on pages that take one

What a block exports, and where it goes with `cd`, holds for those that follow. What listens does so where the system chooses.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+) run(?P<to>>{1,2}\S+|&)?\n(?P<text>.*?)^(?P=indent)```$"
    r"|^ *<!-- run\n(?P<hidden>.*?)^ *-->$",
    re.MULTILINE | re.DOTALL,
)
# What anything on these pages may take.
SECONDS = 120
# Leaves for the next command where this one went, and what it exported.
KEEP = """trap '{ printf "cd %q\\n" "$PWD"; export -p; } > "$STATE"' EXIT"""
# What `runtask serve` says when it does.
LISTENS = "listening on "


class BlockError(Exception):
    """A page whose blocks cannot be understood."""


@dataclass
class Step:
    """A command of a page, and what it prints there, if the page says; or a file that it has its reader write."""

    line: int
    command: str
    prints: str | None = None
    # Until it is stopped.
    goes_on: bool = False


def steps(page: str) -> Iterator[Step]:
    for block in BLOCK.finditer(page):
        line = page.count("\n", 0, block.start()) + 1
        if (hidden := block["hidden"]) is not None:
            yield Step(line, hidden)
            continue
        text = re.sub(f"^{block['indent']}", "", block["text"], flags=re.MULTILINE)
        to = block["to"]
        if to == "&":
            commands = list(transcript(line, text)) if block["language"] == "console" else [Step(line, text)]
            if len(commands) != 1:
                raise BlockError(f"line {line}: what goes on is one command: `run&` takes one `$ command`")
            yield replace(commands[0], goes_on=True)
        elif to:
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


def needs_release(page: str) -> bool:
    return any("$RELEASE" in step.command for step in steps(page))


def is_as_shown(shown: str, printed: str) -> bool:
    def pattern(line: str) -> str:
        return r"(?:.*\n)*?" if line.strip() == "…" else ".*".join(re.escape(it) for it in line.rstrip().split("…")) + r"[ ]*\n"

    printed = "".join(f"{it.rstrip()}\n" for it in printed.strip().splitlines())
    return re.fullmatch("".join(pattern(it) for it in shown.strip().splitlines()), printed) is not None


class Shell:
    """Runs one thing after the other as a person does in a terminal: where one went, and what one exported, stays.

    `path` is where programs are found, the first first.
    """

    def __init__(self, directory: Path, path: Sequence[Path | str], release: Path | None = None) -> None:
        (directory / "here").mkdir()
        self.state = directory / "state"
        self.state.write_text(f"cd '{directory / 'here'}'\n")
        home = directory / "home"
        home.mkdir()
        self.environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PATH": os.pathsep.join(str(it) for it in path),
            "TMPDIR": tempfile.gettempdir(),
            "REPOSITORY": str(ROOT),
            "RUNTASK_LISTEN": "127.0.0.1:0",
            "STATE": str(self.state),
        }
        if release is not None:
            self.environment["RELEASE"] = str(release)

    def run(self, step: Step) -> tuple[int, str]:
        """The exit code, and everything that was printed. A transcript goes on after a command that fails, as people do."""
        options = "set -uo pipefail" if step.prints is not None else "set -euo pipefail"
        script = f"{options}\n{KEEP}\n. \"$STATE\"\n{step.command}"
        process = subprocess.Popen(
            ["bash", "-c", script],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        # Whatever it has started goes with it.
        late = threading.Timer(SECONDS, os.killpg, [process.pid, signal.SIGKILL])
        late.start()
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if step.goes_on and LISTENS in line:
                    os.killpg(process.pid, signal.SIGTERM)
                    break
            # What it says of its end is on no page.
            ended = process.stdout.read()
            code = process.wait()
            if late.finished.is_set():
                return code, f"{printed}{ended}\n(was stopped after {SECONDS} seconds)\n"
            if not step.goes_on:
                return code, printed
            # What it ends with, being stopped, says nothing.
            return (0, printed) if LISTENS in printed else (1, f"{printed}\n(ended, and never listened)\n")
        finally:
            late.cancel()
            process.stdout.close()


def problem(step: Step, code: int, printed: str) -> str | None:
    if step.prints is None:
        return f"exit code {code}:\n{printed}" if code != 0 else None
    return None if is_as_shown(step.prints, printed) else f"prints\n{printed}\nand the page says\n{step.prints}"


def typed(page: Path, shell: Shell) -> tuple[int, str | None]:
    """Types all of a page, up to what goes wrong: how many steps there were, and what that is, with the line of the page."""
    count = 0
    for step in steps(page.read_text()):
        count += 1
        wrong = problem(step, *shell.run(step))
        if wrong is not None:
            return count, f"{page.name}:{step.line}: {step.command.strip()}: {wrong}"
    return count, None
