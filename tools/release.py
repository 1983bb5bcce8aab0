#!/usr/bin/env python3
"""Makes everything that a version consists of, into target/dist/VERSION: what docs/releasing.md then signs and publishes.

  program    an archive of `runtask` for each architecture: programs, manual, completions, documentation, licences
  functions  the zips of the Lambda functions and the layer with terraform, also with approvals
  image      the container images with and without terraform, as OCI archives
  module     infra/ and tfe.tf
  sbom       a bill of materials (CycloneDX) for each package with programs
  notes      what changed, and what an operator has to do

and SHA256SUMS of them all. What cannot be made here is left out, and said: an architecture whose standard library this
toolchain lacks, an image where there is no buildah. With the same tools, the same commit gives the same bytes; times are those
of the commit, or what SOURCE_DATE_EPOCH says. The tools must be set up: `make release` does that.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image  # noqa: E402 (found through the line above)
import package  # noqa: E402
import release_archive  # noqa: E402
import release_notices  # noqa: E402
import release_notes  # noqa: E402
import release_sbom  # noqa: E402
from package import ARCHITECTURES, target_directory  # noqa: E402
from setup import ROOT, SetupError  # noqa: E402

PARTS = ["program", "functions", "image", "module", "sbom", "notes"]
# The programs of an archive, and the package of each.
PROGRAMS = {"runtask": "runtask-cli", "runtask-runner": "gitlab-runner-command"}
COMPLETIONS = {
    "bash": "share/bash-completion/completions/runtask",
    "fish": "share/fish/vendor_completions.d/runtask.fish",
    "zsh": "share/zsh/site-functions/_runtask",
}
# What a reader without the repository gets of it, with links between pages that lead somewhere.
PAGES = ["*.md", "LICENSE-*", "docs/*", "examples", ".pre-commit-hooks.yaml"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help="make this part alone; may be given more than once")
    parser.add_argument("--tag", help="fail unless this tag is the one of the version: vVERSION")
    parser.add_argument("--profile", default="function", help="Cargo's profile for programs and images; default: function, the smallest")
    parser.add_argument("--uncommitted", action="store_true", help="go on although files differ from the commit: to try, not to publish")
    arguments = parser.parse_args()
    try:
        version = image.version()
        if arguments.tag not in (None, f"v{version}"):
            raise SetupError(f"the tag is {arguments.tag}, and the version in Cargo.toml {version}: the tag has to be v{version}.")
        if not arguments.uncommitted:
            require_commit()
        release = Release(version, commit_time(), arguments.profile)
        for part in arguments.only or PARTS:
            print(f"release: {part}", file=sys.stderr, flush=True)
            getattr(release, part)()
        release.finish()
    except (SetupError, release_notes.NotesError) as err:
        print(f"release: {err}", file=sys.stderr)
        return 2
    return 0


class Release:
    """One version, and what was made of it."""

    def __init__(self, version: str, when: int, profile: str) -> None:
        self.version = version
        # In seconds since 1970: how old everything is.
        self.when = when
        self.profile = profile
        self.folder = target_directory() / "dist" / version
        self.folder.mkdir(parents=True, exist_ok=True)
        self.made: list[Path] = []
        self.left_out: list[str] = []

    def path(self, suffix: str) -> Path:
        return self.folder / f"runtask-{self.version}-{suffix}"

    def tar(self, suffix: str, folder: str, files: dict[str, release_archive.Content]) -> None:
        path = self.path(f"{suffix}.tar.gz")
        release_archive.write_tar(path, folder, files, self.when)
        self.made.append(path)

    def architectures(self) -> list[str]:
        """Those that can be built for; of the others it is noted why not."""
        able = []
        for architecture, (target, _) in ARCHITECTURES.items():
            try:
                package.require_target(target)
                able.append(architecture)
            except SetupError as err:
                self.leave_out(f"{architecture}: {err}")
        return able

    def leave_out(self, why: str) -> None:
        if why not in self.left_out:
            self.left_out.append(why)

    # The parts

    def program(self) -> None:
        pages: dict[str, release_archive.Content] = {f"share/doc/runtask/{name}": ROOT / name for name in kept(PAGES)}
        pages["share/doc/runtask/NOTICES.txt"] = release_notices.notices(list(PROGRAMS.values()))
        texts: dict[str, release_archive.Content] = {}
        for architecture in sorted(self.architectures(), key=lambda it: it != this_architecture()):
            package.build(architecture, list(PROGRAMS.values()), self.profile)
            # A copy: the next architecture is built to the same place.
            with tempfile.TemporaryDirectory() as folder:
                programs = {f"bin/{name}": copied(package.built(name), Path(folder) / name) for name in PROGRAMS}
                # What the program says of itself is the same on all of them, and only this machine's own runs here.
                if architecture == this_architecture():
                    texts = said_by(programs["bin/runtask"])
                if not texts:
                    raise SetupError(f"manual and completions are written by the program, which cannot run here: build on {' or '.join(ARCHITECTURES)}.")
                name = f"{architecture}-linux"
                self.tar(name, f"runtask-{self.version}-{name}", {**programs, **texts, **pages})

    def functions(self) -> None:
        notices = {
            "": release_notices.notices(sorted(set(package.FUNCTIONS.values()))),
            "-approvals": release_notices.notices(sorted({*package.FUNCTIONS.values(), package.APPROVALS_PACKAGE})),
        }
        for architecture in self.architectures():
            directory = target_directory() / "package-for-release" / architecture
            layers = package.terraform_layers(architecture, directory, wanted=True)
            for suffix, approvals in [("", False), ("-approvals", True)]:
                zips = [*package.functions(architecture, directory, approvals=approvals, reports=False), *layers]
                files = {f"{architecture}/{it.name}": it for it in zips}
                self.tar(f"functions{suffix}-{architecture}", "", {**files, "NOTICES.txt": notices[suffix]})

    def image(self) -> None:
        try:
            engine = image.find_engine()
        except SetupError as err:
            self.leave_out(f"images: {err}")
            return
        if engine == "docker":
            self.leave_out("images: docker writes no OCI archives; buildah and podman do.")
            return
        for suffix, _archive in image.make("runtask", image.NO_BASE, self.profile, engine, self.when):
            path = self.path(f"image{suffix}.oci.tar")
            with tempfile.TemporaryDirectory() as folder:
                image.oci_layout(engine, f"runtask:{self.version}{suffix}", Path(folder))
                files = {str(it.relative_to(folder)): it for it in Path(folder).rglob("*") if it.is_file()}
                release_archive.write_tar(path, "", {**files}, self.when, compressed=False)
            self.made.append(path)

    def module(self) -> None:
        names = [it for it in kept(["infra", "tfe.tf", "LICENSE-*"]) if not it.startswith("infra/tests/")]
        self.tar("terraform", f"runtask-{self.version}-terraform", {name: ROOT / name for name in names})

    def sbom(self) -> None:
        crates = sorted({*PROGRAMS.values(), *package.FUNCTIONS.values(), package.APPROVALS_PACKAGE})
        for crate, text in release_sbom.bills(crates, self.when).items():
            path = self.path(f"sbom-{crate}.cdx.json")
            path.write_text(text)
            self.made.append(path)

    def notes(self) -> None:
        path = self.folder / "NOTES.md"
        changelog, upgrading = (ROOT / "CHANGELOG.md").read_text(), (ROOT / "docs/upgrading.md").read_text()
        path.write_text(release_notes.notes(changelog, upgrading, self.version))
        self.made.append(path)

    def finish(self) -> None:
        """Lists what was made, and removes what an earlier run has left."""
        listed = self.folder / "SHA256SUMS"
        listed.write_text(release_archive.sums(self.made))
        for path in self.folder.iterdir():
            if path not in (*self.made, listed):
                path.unlink()
        for path in self.made:
            print(f"{path.name:<52} {path.stat().st_size / 1e6:>7.2f} MB")
        print(f"{listed.name}\nin {package.shown(self.folder)}")
        for why in self.left_out:
            print(f"left out: {why}", file=sys.stderr)


# The commit


def require_commit() -> None:
    answer = git("status", "--porcelain", "--untracked-files=no")
    if answer:
        raise SetupError(f"these files are not as they are committed:\n{answer}\nCommit them, or give --uncommitted to try.")


def commit_time() -> int:
    named = os.environ.get("SOURCE_DATE_EPOCH")
    if named is not None and not named.isdecimal():
        raise SetupError("SOURCE_DATE_EPOCH is a number of seconds since 1970.")
    return int(named or git("log", "-1", "--format=%ct"))


def kept(patterns: list[str]) -> list[str]:
    """The files in git that match: what else lies around is nobody's business."""
    return git("ls-files", "--", *[f":(glob){it}" if "*" in it else it for it in patterns]).splitlines()


def git(*arguments: str) -> str:
    answer = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if answer.returncode != 0:
        raise SetupError(f"a release is made of a commit, and git does not say which: {answer.stderr.strip()}")
    return answer.stdout.rstrip("\n")


# What goes in


def this_architecture() -> str:
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


def copied(program: Path, to: Path) -> Path:
    shutil.copy(program, to)
    to.chmod(0o755)
    return to


def said_by(program: Path) -> dict[str, release_archive.Content]:
    """The manual's pages, what completes the command in each shell, and the schema, by where they belong below a prefix."""
    texts: dict[str, release_archive.Content] = {}
    with tempfile.TemporaryDirectory() as folder:
        asked(program, "man", folder)
        texts |= {f"share/man/man1/{it.name}": it.read_bytes() for it in Path(folder).iterdir()}
    texts["share/runtask/runtask.schema.json"] = asked(program, "schema")
    return texts | {place: asked(program, "completions", shell) for shell, place in COMPLETIONS.items()}


def asked(program: Path, *arguments: str) -> bytes:
    answer = subprocess.run([str(program), *arguments], stdin=subprocess.DEVNULL, capture_output=True)
    if answer.returncode != 0:
        raise SetupError(f"`runtask {' '.join(arguments)}` failed: {answer.stderr.decode(errors='replace').strip()}")
    return answer.stdout


if __name__ == "__main__":
    sys.exit(main())
