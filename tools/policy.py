#!/usr/bin/env python3
"""Packs tasks and policies into a layer: `policy.zip`, and beside it `policy.json`, which names the tasks.

A directory holds `runtask.toml` and, below itself, whatever that names. The layer unpacks to /opt/runtask, so the file
is /opt/runtask/runtask.toml. The same directory gives the same bytes. `make package POLICY=DIRECTORY` does this, too,
and builds the functions; to change policies alone, this is enough and needs nothing but Python.

What the tasks say is not looked at here, but for their names and paths: `runtask policy list` and the functions do that.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import stat
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

FILE = "runtask.toml"
# Where it is in the layer, which Lambda unpacks to /opt.
FOLDER = "runtask"

# The limits of the functions, which read these files.
MAX_FILE_BYTES = 1 << 20
MAX_BYTES = 32 << 20
MAX_FILES = 10_000
MAX_DEPTH = 32

# The earliest time that a zip can hold. Any would do, as long as it is always the same.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


class PolicyError(Exception):
    """What is wrong with a directory, and what a person should do about it."""


@dataclass(frozen=True)
class Layer:
    """What goes into the layer: the names of the tasks, and each file's content by its name below /opt."""

    tasks: list[str]
    files: dict[str, bytes]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="holds runtask.toml")
    parser.add_argument("--into", type=Path, required=True, help="such as target/package/x86_64")
    arguments = parser.parse_args()
    try:
        paths = write(read(arguments.directory), arguments.into)
    except PolicyError as err:
        print(f"policy: {err}", file=sys.stderr)
        return 2
    for path in paths:
        print(path)
    return 0


def read(directory: Path) -> Layer:
    """What the layer is to hold; raises PolicyError if that cannot be deployed."""
    root = Path(os.path.realpath(directory))
    if not (root / FILE).is_file():
        raise PolicyError(f"there is no {FILE} in {directory}: name the directory that holds it.")
    files: dict[str, bytes] = {}
    left = MAX_BYTES
    for path in regular_files(root, root, 0):
        name = path.relative_to(root).as_posix()
        with open(path, "rb") as file:
            content = file.read(left + 1)
        left -= len(content)
        if left < 0 or len(files) == MAX_FILES:
            raise PolicyError(f"{directory} is too much: {MAX_BYTES >> 20} MiB in {MAX_FILES} files are taken.")
        files[f"{FOLDER}/{name}"] = content
    content = files[f"{FOLDER}/{FILE}"]
    if len(content) > MAX_FILE_BYTES:
        raise PolicyError(f"{FILE} has {len(content)} bytes, and {MAX_FILE_BYTES} are read.")
    tasks = tasks_of(content)
    for name, task in tasks.items():
        check_paths(name, task, root, files)
    return Layer(sorted(tasks), files)


def write(layer: Layer, directory: Path) -> list[Path]:
    """Writes the layer and the names of its tasks; returns where."""
    directory.mkdir(parents=True, exist_ok=True)
    archive, names = places(directory)
    part = archive.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as zipped:
        for name, content in sorted(layer.files.items()):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Made on Unix, a regular file, readable by all: the functions run as nobody in particular.
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            zipped.writestr(entry, content, compresslevel=9)
    # The names last: infra/ takes a layer without them for a mistake.
    names.unlink(missing_ok=True)
    part.replace(archive)
    names.write_text(json.dumps({"tasks": layer.tasks}) + "\n", encoding="utf-8")
    return [archive, names]


def remove(directory: Path) -> bool:
    """Removes what an earlier run left, so that it is not deployed by mistake; says whether there was anything."""
    found = [it for it in places(directory) if it.exists()]
    for path in found:
        path.unlink()
    return bool(found)


def places(directory: Path) -> tuple[Path, Path]:
    return directory / "policy.zip", directory / "policy.json"


# Files


def regular_files(directory: Path, root: Path, depth: int) -> Iterator[Path]:
    """Every file below `directory`, but for what is hidden; what is neither file nor directory is an error."""
    if depth > MAX_DEPTH:
        raise PolicyError(f"{directory} is too deep: {MAX_DEPTH} directories inside each other are taken.")
    for entry in sorted(os.scandir(directory), key=lambda it: it.name):
        if entry.name.startswith("."):
            continue
        path = directory / entry.name
        if not entry.name.isprintable() or "\\" in entry.name:
            raise PolicyError(f"{str(path)!r} has a name that not every system can have: rename it.")
        if entry.is_symlink():
            # What it leads to is packed in its place, if it is a file that would be packed anyway.
            target = Path(os.path.realpath(path))
            if root not in target.parents or not target.is_file():
                raise PolicyError(f"{path} is a link to something other than a file in {root}: put the file itself there.")
            yield path
        elif entry.is_dir(follow_symlinks=False):
            yield from regular_files(path, root, depth + 1)
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path
        else:
            raise PolicyError(f"{path} is neither a file nor a directory.")


def check_paths(name: str, task: dict[str, Any], root: Path, files: dict[str, bytes]) -> None:
    """Whether what a task names is in the layer: what is missing there would keep the function from starting."""
    policy = task.get("policy")
    for key in ["paths", "data"]:
        paths = policy.get(key) if isinstance(policy, dict) else None
        for path in paths if isinstance(paths, list) else []:
            if not isinstance(path, str) or path.startswith("builtin:"):
                continue
            inner = os.path.normpath(f"{FOLDER}/{path}") if not path.startswith("/") else path
            if inner != FOLDER and inner not in files and not any(it.startswith(f"{inner}/") for it in files):
                raise PolicyError(
                    f"{FILE}, task {name}: {key} names {path!r}, of which there is nothing below {root}; "
                    f"a layer holds only what is below it, and nothing hidden."
                )


# Tasks


def tasks_of(content: bytes) -> dict[str, dict[str, Any]]:
    """The tasks of the file, by their names."""
    try:
        import tomllib
    except ImportError:
        raise PolicyError(
            f"to read {FILE}, Python 3.11 or newer is needed; this is {sys.version.split()[0]}."
        ) from None
    try:
        tasks = tomllib.loads(one_key_a_line(content.decode("utf-8"))).get("tasks")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise PolicyError(f"{FILE} cannot be read: {err}") from None
    except RecursionError:
        raise PolicyError(f"{FILE} cannot be read: it is nested too deeply.") from None
    if not isinstance(tasks, dict) or not tasks:
        raise PolicyError(f"there is no task in {FILE}: write `[tasks.default]`, and below it `checks = [\"fmt\"]`.")
    for name, task in tasks.items():
        if not re.fullmatch("[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?", name) or name == "healthz":
            raise PolicyError(f"{name!r} cannot be the name of a task: a name has a-z, 0-9 and - between them.")
        if not isinstance(task, dict):
            raise PolicyError(f"the task {name} is no table: write `[tasks.{name}]`.")
    return tasks


# A text of TOML, which may hold anything; a comment; or one character.
TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*" r"|.", re.DOTALL
)


def one_key_a_line(text: str) -> str:
    """Puts a line break for each semicolon between two keys, as the functions do: they take several keys in one line."""
    depth = 0
    tokens = []
    for token in TOKEN.findall(text):
        if token in "[{":
            depth += 1
        elif token in "]}":
            depth = max(depth - 1, 0)
        tokens.append("\n" if token == ";" and depth == 0 else token)
    return "".join(tokens)


if __name__ == "__main__":
    sys.exit(main())
