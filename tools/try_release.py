#!/usr/bin/env python3
"""Tries what `make release` has made in target/dist/VERSION as somebody would who has these files and nothing else.

  sums         SHA256SUMS is of every file, and is right
  archives     none holds a file that would be unpacked beside its folder, or a link
  images       they are in one piece, and for this machine
  install      docs/install.md, typed, from the archive of this machine's architecture
  program      what it says of itself is what the archive holds: version, schema, manual, completions
  pages        every other page of the archive, typed, with its programs
  deployment   the module and the functions are deployed, upgraded, rotated, and rolled back, by the flows of tests/it/deploy

It ends at the first that is not so, with exit code 1, and says what was typed, what came of it, and where that is written.
What cannot be tried on this machine is said. Programs are looked for in the archive, then among those of the system and
terraform; pages take for granted what is in this checkout ($REPOSITORY), and the last step is this checkout's tests.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image  # noqa: E402 (found through the line above)
import image_look  # noqa: E402
from package import APPROVALS, ASKING, sha256, shown, target_directory  # noqa: E402
from page_blocks import Shell, typed  # noqa: E402
from release import COMPLETIONS, PROGRAMS, this_architecture  # noqa: E402
from setup import BIN, ROOT  # noqa: E402

# What every machine has. Cargo, checkouts, and what somebody has installed are elsewhere.
SYSTEM = ["/usr/bin", "/bin"]
PAGES = "share/doc/runtask"
# Where it is written what there is, and what is done with it.
INSTALLS = "docs/install.md"
MADE, INSTALL, CONTAINER = "docs/releasing.md#make-it", f"{INSTALLS}#an-archive", "docs/container.md"
# OCI's names of architectures.
OCI_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
# What is done with a deployment, and the flows that do it.
FLOWS = ["deploy::flow", "deploy::approvals", "deploy::upgrade", "deploy::rotation", "deploy::rollback"]


class TrialError(Exception):
    """Something is not as it should be: what was done, what came of it, and where it is written how it should be."""

    def __init__(self, did: str, came: str, where: str) -> None:
        super().__init__(f"{did}\n{came.rstrip()}\nsee {where}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dist", type=Path, help="the directory of the release; default: target/dist/VERSION")
    parser.add_argument("--step", action="append", choices=STEPS, help="try this alone; may be given more than once")
    arguments = parser.parse_args()
    dist = arguments.dist or target_directory() / "dist" / image.version()
    if not (dist / "SHA256SUMS").is_file():
        print(f"try-release: there is no release in {shown(dist)}: run `make release` first", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="try-release-") as work:
        return 0 if tried(Trial(dist.resolve(), Path(work)), arguments.step or list(STEPS)) else 1


def tried(trial: Trial, steps: list[str]) -> bool:
    """Goes through the steps, and says of each how it went."""
    for name in steps:
        began = time.monotonic()
        try:
            said = STEPS[name](trial)
        except TrialError as err:
            print(f"try-release: {name:<10} FAILED\n{err}", flush=True)
            return False
        print(f"try-release: {name:<10} ok, {time.monotonic() - began:.0f} s: {said}", flush=True)
    for why in trial.left_out:
        print(f"try-release: not tried: {why}", flush=True)
    return True


class Trial:
    """A release in a directory, and a directory to try it in, which is empty."""

    def __init__(self, dist: Path, work: Path) -> None:
        self.dist = dist
        self.work = work
        self.version = image.version()
        self.architecture = this_architecture()
        self.left_out: list[str] = []

    # What is in the directory

    def sums(self) -> str:
        listed = {}
        for line in (self.dist / "SHA256SUMS").read_text().splitlines():
            match = re.fullmatch(r"([0-9a-f]{64})  (\S+)", line)
            if not match or match[2] in listed or "/" in match[2]:
                raise TrialError("reading SHA256SUMS", f"this line is none that sha256sum writes: {line}", MADE)
            listed[match[2]] = match[1]
        there = {it.name for it in self.dist.iterdir()} - {"SHA256SUMS"}
        for names, what in [(listed.keys() - there, "is listed and not there"), (there - listed.keys(), "is there and not listed")]:
            if names:
                raise TrialError("comparing SHA256SUMS with the directory", f"{', '.join(sorted(names))} {what}", MADE)
        for name, digest in listed.items():
            if sha256(self.dist / name) != digest:
                raise TrialError("sha256sum --check SHA256SUMS", f"{name} is not what was listed", INSTALL)
        return f"{len(listed)} files"

    def archives(self) -> str:
        """What is unpacked stays where it is unpacked to, whoever unpacks it."""
        paths = sorted([*self.dist.glob("*.tar.gz"), *self.dist.glob("*.tar")])
        for path in paths:
            with tarfile.open(path) as archive:
                for entry in archive:
                    parts = PurePosixPath(entry.name)
                    if parts.is_absolute() or ".." in parts.parts:
                        raise TrialError(f"tar -tf {path.name}", f"{entry.name} would be unpacked beside its folder", "tools/release_archive.py")
                    if not (entry.isfile() or entry.isdir()):
                        raise TrialError(f"tar -tvf {path.name}", f"{entry.name} is neither a file nor a folder", "tools/release_archive.py")
        others = sorted({it.name for it in paths if "linux" in it.name or "functions" in it.name} - {it.name for it in paths if self.architecture in it.name})
        if others:
            self.left_out.append(f"{', '.join(others)}: this machine is {self.architecture}; what is in them is packed as the others are")
        return f"{len(paths)} archives"

    def images(self) -> str:
        """Each is in one piece, and for this machine; `make release` has started it."""
        paths = sorted(self.dist.glob("*.oci.tar"))
        if not paths:
            self.left_out.append("images: there are none in this release")
        for path in paths:
            with tarfile.open(path) as archive:
                files = {it.name: archive.extractfile(it).read() for it in archive if it.isfile()}
            for name, content in files.items():
                digest = name.removeprefix("blobs/sha256/")
                if digest != name and hashlib.sha256(content).hexdigest() != digest:
                    raise TrialError(f"tar -xf {path.name}", f"{name} is not what its name says", CONTAINER)
            try:
                settings = image_settings(files)
            except (KeyError, ValueError) as err:
                raise TrialError(f"tar -xf {path.name}", f"it is no image in OCI's layout: {err!r}", CONTAINER) from err
            found = (settings["architecture"], settings["config"].get("User"))
            if found != (OCI_ARCHITECTURES[self.architecture], image_look.USER):
                raise TrialError(f"tar -xf {path.name}", f"its architecture and user are {found}", CONTAINER)
        if paths:
            self.left_out.append("to start the images: `make release` did, as it built them")
        return f"{len(paths)}, read"

    # The program

    def install(self) -> str:
        """As the page says, with nothing of ours on the PATH."""
        found = shutil.which("runtask", path=os.pathsep.join(SYSTEM))
        if found:
            raise TrialError("command -v runtask", f"{found} is on this machine already, and would be tried in the place of the archive's", "tools/try_release.py")
        return self.page(INSTALLS, SYSTEM)

    def program(self) -> str:
        prefix = self.prefix()
        for name in PROGRAMS:
            said = self.said([prefix / "bin" / name, "--version"])
            if said != f"{name} {self.version}\n":
                raise TrialError(f"{name} --version", said, INSTALL)
        if self.said([prefix / "bin/runtask", "schema"]) != (prefix / "share/runtask/runtask.schema.json").read_text():
            raise TrialError("runtask schema", "it prints something else than share/runtask/runtask.schema.json holds", INSTALL)
        manual = self.manual(prefix)
        return f"{self.version}; schema; {manual}; completions for {', '.join(self.completions(prefix))}"

    def manual(self, prefix: Path) -> str:
        pages = sorted((prefix / "share/man/man1").glob("*.1"))
        if not pages:
            raise TrialError("ls share/man/man1", "there is no page of the manual", INSTALL)
        readers = {"groff": ["-k", "-man", "-Tutf8", "-ww", "-z"], "mandoc": ["-Tlint", "-Wwarning"]}
        reader = next((it for it in readers if shutil.which(it, path=os.pathsep.join(SYSTEM))), None)
        if reader is None:
            self.left_out.append("whether the manual's pages are drawn without warnings: there is neither groff nor mandoc")
            return f"{len(pages)} pages of the manual, unread"
        for page in pages:
            command = [reader, *readers[reader], page]
            warned = self.said(command)
            if warned:
                raise TrialError(" ".join(map(str, command)), warned, INSTALL)
        return f"{len(pages)} pages of the manual, by {reader}"

    def completions(self, prefix: Path) -> Iterator[str]:
        for shell, name in COMPLETIONS.items():
            file = prefix / name
            if shutil.which(shell, path=os.pathsep.join(SYSTEM)) is None:
                self.left_out.append(f"whether {shell} takes its completions: there is no {shell}")
                continue
            self.said([shell, "--no-execute" if shell == "fish" else "-n", file])
            if shell == "bash":
                self.said(["bash", "-c", 'source "$1" && complete -p runtask', "bash", file])
            yield shell

    # The pages

    def pages(self) -> str:
        prefix = self.prefix()
        if not (BIN / "terraform").exists():
            self.left_out.append("the pages, but for docs/install.md: there is no terraform; `make setup`")
            return "none, without terraform"
        path = self.terraform()
        names = sorted(str(it.relative_to(prefix / PAGES)) for it in [*(prefix / PAGES).glob("*.md"), *(prefix / PAGES).glob("docs/*.md")])
        counts = {name: self.page(name, path) for name in names if name != INSTALLS}
        return ", ".join(f"{name}: {count}" for name, count in counts.items() if not count.startswith("0 "))

    def terraform(self) -> list[Path | str]:
        """Where programs are found: the archive's, terraform alone of all that lies beside it, and those of the system."""
        folder = self.work / "terraform"
        folder.mkdir()
        (folder / "terraform").symlink_to((BIN / "terraform").resolve())
        return [self.prefix() / "bin", folder, *SYSTEM]

    def page(self, name: str, path: list[Path | str]) -> str:
        directory = self.work / "pages" / name.replace("/", "-")
        directory.mkdir(parents=True)
        count, wrong = typed(self.prefix() / PAGES / name, Shell(directory, path, self.dist))
        if wrong is not None:
            raise TrialError("typing a page of the archive", wrong, name)
        return f"{count} steps"

    # What is deployed

    def deployment(self) -> str:
        missing = [it for it in ["terraform", "terraform.tfrc", "moto_server"] if not (BIN / it).exists()]
        missing += [] if shutil.which("cargo") else ["cargo"]
        if missing:
            self.left_out.append(f"a deployment: there is no {', '.join(missing)}; `make setup` sets up what is not Rust")
            return "not possible here"
        module, packages = self.work / "module", self.work / "packages"
        self.unpack(f"runtask-{self.version}-terraform.tar.gz", module, strip=1)
        self.unpack(f"runtask-{self.version}-functions-{self.architecture}.tar.gz", packages)
        # Flows have both callback handlers in one directory, and so under two names.
        asking = self.work / "approvals"
        self.unpack(f"runtask-{self.version}-functions-approvals-{self.architecture}.tar.gz", asking)
        for name, known_as in {"callback-handler": ASKING, **{it: it for it in APPROVALS}}.items():
            shutil.move(asking / self.architecture / f"{name}.zip", packages / self.architecture / f"{known_as}.zip")
        command = ["cargo", "test", "--workspace", "--locked", "--test", "it", "--", *FLOWS]
        print("try-release: deployment, which takes minutes", flush=True)
        said = self.said(command, "tests/it/deploy", environment={**os.environ, "RUNTASK_TEST_INFRA": str(module / "infra"), "RUNTASK_TEST_PACKAGES": str(packages)})
        passed = re.findall(r"^test (deploy::\S+) \.\.\. ok$", said, re.MULTILINE)
        # What nobody has run did not fail either.
        for flow in FLOWS:
            if not any(it.startswith(f"{flow}::") for it in passed):
                raise TrialError(" ".join(command), f"{said}\nno test of {flow} was run", "tests/it/deploy")
        return f"{len(passed)} flows, of {', '.join(it.removeprefix('deploy::') for it in FLOWS)}"

    # How it is done

    def prefix(self) -> Path:
        """Where the program's archive is unpacked; by the first who asks."""
        prefix = self.work / "prefix"
        if not prefix.exists():
            self.unpack(f"runtask-{self.version}-{self.architecture}-linux.tar.gz", prefix, strip=1)
        return prefix

    def unpack(self, name: str, to: Path, strip: int = 0) -> None:
        if not (self.dist / name).is_file():
            raise TrialError(f"ls {name}", "it is not there: `make release` makes it, unless it was told to make something else alone", MADE)
        to.mkdir()
        self.said(["tar", "-xzf", self.dist / name, "-C", to, "--strip-components", str(strip)])

    def said(self, command: list[str | Path], where: str = INSTALL, *, environment: dict[str, str] | None = None) -> str:
        """Everything that a command prints which must not fail. Unless told otherwise, its environment is nearly empty."""
        bare = {"PATH": os.pathsep.join(SYSTEM), "HOME": str(self.work), "LANG": "C.UTF-8"}
        answer = subprocess.run(
            [str(it) for it in command],
            cwd=self.work if environment is None else ROOT,
            env=environment or bare,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if answer.returncode != 0:
            raise TrialError(" ".join(map(str, command)), f"{answer.stdout}\nexit code {answer.returncode}", where)
        return answer.stdout


def image_settings(files: dict[str, bytes]) -> dict:
    """What an image says of itself; it has what it refers to."""

    def blob(descriptor: dict) -> bytes:
        return files[f"blobs/{descriptor['digest'].replace(':', '/', 1)}"]

    [manifest] = json.loads(files["index.json"])["manifests"]
    described = json.loads(blob(manifest))
    for layer in described["layers"]:
        blob(layer)
    return json.loads(blob(described["config"]))


STEPS: dict[str, Callable[[Trial], str]] = {
    it.__name__: it for it in [Trial.sums, Trial.archives, Trial.images, Trial.install, Trial.program, Trial.pages, Trial.deployment]
}


if __name__ == "__main__":
    sys.exit(main())
