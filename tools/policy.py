#!/usr/bin/env python3
"""Packs tasks and policies into a layer: `policy.zip`, and beside it `policy.json`, which names the tasks.

A directory holds `runtask.toml` and, below itself, the files that this names. `runtask policy files` says which those
are, and refuses what a run task would not start with; they are packed, and nothing else. Policies that are shared with other
repositories are packed as runtask.lock pins them, out of the cache, beside the file: a function fetches nothing. The layer unpacks to
/opt/runtask, so the file is /opt/runtask/runtask.toml. The same directory gives the same bytes.

`make package POLICY=DIRECTORY` does this, too, and builds the functions; to change policies alone, this is enough.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FILE = "runtask.toml"
# Where it is in the layer, which Lambda unpacks to /opt.
FOLDER = "runtask"

# The earliest time that a zip can hold. Any would do, as long as it is always the same.
LONG_AGO = (1980, 1, 1, 0, 0, 0)

# Settings that say how what is shared is fetched, and not what is packed.
FETCHING = ("RUNTASK_CACHE_DIR", "RUNTASK_CA_BUNDLE", "RUNTASK_FETCH_TIMEOUT_MS", "RUNTASK_HTTP_TIMEOUT_MS", "RUNTASK_OCI_")


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
    parser.add_argument("--runtask", type=Path, metavar="PROGRAM", help="the command runtask; built unless given")
    arguments = parser.parse_args()
    try:
        paths = write(read(arguments.directory, arguments.runtask), arguments.into)
    except PolicyError as err:
        print(f"policy: {err}", file=sys.stderr)
        return 2
    for path in paths:
        print(path)
    return 0


def read(directory: Path, program: Path | None = None) -> Layer:
    """What the layer is to hold; raises PolicyError if that cannot be deployed. `program` is `runtask`, built if None."""
    root = Path(os.path.realpath(directory))
    if not (root / FILE).is_file():
        raise PolicyError(f"there is no {FILE} in {directory}: name the directory that holds it.")
    needed = needed_by(root / FILE, program or built())
    files = {f"{FOLDER}/{os.path.normpath(name)}": content(root, name) for name in [FILE, *needed["files"]]}
    files |= {f"{FOLDER}/{it['to']}": Path(it["from"]).read_bytes() for it in needed["shared"]}
    return Layer(needed["tasks"], files)


def needed_by(file: Path, program: Path) -> dict[str, list]:
    """The names of the tasks of a file, and of the files that it needs, relative to its directory; and of the files that it
    shares with others, where each is and where it belongs."""
    # What is set here for some other run task must not decide what is packed.
    decides = lambda name: name.startswith("RUNTASK_") and not name.startswith(FETCHING)  # noqa: E731
    environment = {name: value for name, value in os.environ.items() if not decides(name)}
    command = [str(program), "policy", "files", "--config", str(file), "--json"]
    try:
        answer = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    except OSError as err:
        raise PolicyError(f"{program} cannot be run: {err}.") from err
    if answer.returncode != 0:
        raise PolicyError("no run task would start with this; see above.")
    return json.loads(answer.stdout)


def content(root: Path, name: str) -> bytes:
    """The bytes of a file that the layer is to hold under this name."""
    inner = os.path.normpath(name)
    if name.startswith("/") or inner.split("/")[0] == "..":
        raise PolicyError(f"{FILE} needs {name!r}: a layer holds only what is below {root}; name it by its path there.")
    if not name.isprintable() or "\\" in name:
        raise PolicyError(f"{name!r} is a name that not every system can have: rename it.")
    real = Path(os.path.realpath(root / name))
    if root not in real.parents:
        raise PolicyError(f"{root / name} is a link to something outside of {root}: put the file itself there.")
    return real.read_bytes()


def built() -> Path:
    """The command `runtask`, built from this checkout."""
    build = ["cargo", "build", "--release", "--locked", "--quiet", "--package", "runtask-cli", "--message-format=json"]
    answer = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        raise PolicyError("the command runtask does not build; see above. Or name one with --runtask.")
    messages = (json.loads(line) for line in answer.stdout.splitlines())
    (program,) = (it["executable"] for it in messages if it.get("executable"))
    return Path(program)


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


if __name__ == "__main__":
    sys.exit(main())
