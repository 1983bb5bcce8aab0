#!/usr/bin/env python3
"""Builds the container image of `runtask serve` with buildah, podman or docker, whichever is there, and tries it.

Two images: `runtask:VERSION` with terraform, and `runtask:VERSION-without-terraform`. Each is kept by the engine that built
it, and written to target/image as an archive that every engine loads: `podman load -i`, `docker load -i`.

The program is built by Cargo on this machine, not in a container, so that nothing else is downloaded: by default the image
has no base, and the C library that it needs comes from here. `Containerfile` says the rest.

What was built is read from the archive again: its settings, and each of its files. Then it is started as a container
engine would, by `image_try.py`, and checks a run from its request to its result.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image_look  # noqa: E402 (found through the line above)
import image_try  # noqa: E402
import package  # noqa: E402
from package import shown, target_directory  # noqa: E402
from setup import ROOT, SetupError, terraform_platform  # noqa: E402

CONTAINERFILE = ROOT / "Containerfile"
# As in the Containerfile: with nothing below, and what the program needs of this machine.
NO_BASE = "scratch"
TARGETS = {"with-terraform": "", "without-terraform": "-without-terraform"}

PASSWD = "root:x:0:0:root:/:/nowhere\nruntask:x:65532:65532:runtask:/tmp:/nowhere\n"
GROUP = "root:x:0:\nruntask:x:65532:\n"
# Names of /etc/hosts first, which engines write, then those of the network.
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", default=NO_BASE, help="an image to build on that brings a C library; default: none")
    parser.add_argument("--name", default="runtask", help="what the images are called, with their registry if you like")
    parser.add_argument("--profile", default="function", help="Cargo's profile for the program; default: function, the smallest")
    arguments = parser.parse_args()
    try:
        engine = find_engine()
        print(f"image: building with {engine}", flush=True)
        for suffix, archive in make(arguments.name, arguments.base, arguments.profile, engine):
            name = f"{arguments.name}:{version()}{suffix}"
            print(f"{name:<40} {archive.stat().st_size / 1e6:>6.1f} MB   {shown(archive)}", flush=True)
    except (SetupError, image_try.TryError) as err:
        print(f"image: {err}", file=sys.stderr)
        return 2
    return 0


def make(name: str, base: str, profile: str, engine: str, when: int | None = None) -> Iterator[tuple[str, Path]]:
    """Builds and tries the images, and tells of each how its tag ends, and its archive. `when`, in seconds since 1970, is
    how old everything in them is; otherwise it is as old as the build."""
    folder = target_directory() / "image"
    program = build_program(profile)
    context = folder / "context"
    assemble(context, program, package.pinned_terraform(terraform_platform()), base)
    for target, suffix in TARGETS.items():
        archive = folder / f"runtask{suffix}.tar"
        build_image(engine, context, target, f"{name}:{version()}{suffix}", base, archive, when)
        found = image_look.read(archive)
        problems = image_look.problems(found, version(), expected_files(context, target, base))
        if problems:
            raise SetupError("the image is not what it should be:\n" + "\n".join(f"  {it}" for it in problems))
        with image_try.unpacked(archive) as root:
            image_try.try_out(root, program, found.environment, with_terraform=target == "with-terraform")
        yield suffix, archive


def version() -> str:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def revision() -> str:
    """The commit, as far as git knows one."""
    answer = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return answer.stdout.strip() or "unknown"


# What goes into the image


def build_program(profile: str) -> Path:
    # Panics name source files; where this checkout and Cargo's home are is nobody's business.
    cargo_home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    remap = [f"--remap-path-prefix={ROOT}=/runtask", f"--remap-path-prefix={cargo_home}=/cargo"]
    environment = {**os.environ, "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(remap)}
    environment.pop("RUSTFLAGS", None)
    command = ["cargo", "build", "--locked", "--package", "runtask-cli", "--profile", profile]
    if subprocess.run(command, cwd=ROOT, env=environment).returncode != 0:
        raise SetupError("runtask does not build; see above.")
    return target_directory() / {"dev": "debug"}.get(profile, profile) / "runtask"


def assemble(context: Path, program: Path, terraform: Path, base: str) -> None:
    """Makes the folders that the Containerfile copies: `runtask`, and `terraform`."""
    shutil.rmtree(context, ignore_errors=True)
    root = context / "runtask"
    for source, name in [(program, "runtask/usr/local/bin/runtask"), (terraform, "terraform/usr/local/bin/terraform")]:
        put(source, context / name, 0o755)
    if base == NO_BASE:
        for library in libraries(program):
            put(library, root / library.relative_to("/"), 0o755)
        for name, text in [("passwd", PASSWD), ("group", GROUP), ("nsswitch.conf", NSSWITCH)]:
            path = root / "etc" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            path.chmod(0o644)
        temporary = root / "tmp"
        temporary.mkdir()
        temporary.chmod(0o1777)
    for directory in context.rglob("*"):
        if directory.is_dir() and directory != root / "tmp":
            directory.chmod(0o755)


def put(source: Path, to: Path, mode: int) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
    to.chmod(mode)


def libraries(program: Path) -> list[Path]:
    """The shared libraries of a program, the loader among them, where it looks for them."""
    answer = subprocess.run(["ldd", str(program)], capture_output=True, text=True)
    if answer.returncode != 0:
        raise SetupError(f"ldd does not say which libraries {shown(program)} needs: {answer.stderr.strip()}")
    missing = re.findall(r"(\S+) => not found", answer.stdout)
    if missing:
        raise SetupError(f"{shown(program)} needs {', '.join(missing)}, which this machine does not have")
    return [Path(it) for it in re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", answer.stdout, re.MULTILINE)]


def expected_files(context: Path, target: str, base: str) -> set[str] | None:
    """Every file of the image; nothing where there is a base, whose files are its own."""
    if base != NO_BASE:
        return None
    folders = ["runtask", "terraform"] if target == "with-terraform" else ["runtask"]
    files = ((context / it, path) for it in folders for path in (context / it).rglob("*") if path.is_file())
    return {str(path.relative_to(folder)) for folder, path in files}


# Engines


def find_engine() -> str:
    for engine in ["buildah", "podman"]:
        if shutil.which(engine):
            return engine
    # The command may be there without anybody to talk to.
    if shutil.which("docker") and subprocess.run(["docker", "info"], capture_output=True).returncode == 0:
        return "docker"
    raise SetupError(
        "there is neither buildah nor podman, nor a docker that answers.\n"
        "On Debian and Ubuntu: apt-get install buildah. It needs no service and no registry."
    )


def build_image(engine: str, context: Path, target: str, name: str, base: str, archive: Path, when: int | None) -> None:
    arguments = ["--file", str(CONTAINERFILE), "--target", target, "--tag", name]
    arguments += ["--build-arg", f"BASE={base}"]
    arguments += ["--build-arg", f"VERSION={version()}", "--build-arg", f"REVISION={revision()}"]
    # Without the history, which names images of this machine.
    arguments += [] if when is None else ["--timestamp", str(when), "--omit-history"]
    archive.parent.mkdir(parents=True, exist_ok=True)
    archive.unlink(missing_ok=True)
    # OCI's own format has no place for a health check. Without the isolation of containers, as nothing runs while it builds,
    # buildah works within a container, too.
    if engine == "buildah":
        call([engine, "build", "--isolation", "chroot", "--format", "docker", *arguments, str(context)])
        call([engine, "push", "--quiet", name, f"docker-archive:{archive}:{name}"])
    elif engine == "podman":
        call([engine, "build", "--format", "docker", *arguments, str(context)])
        call([engine, "save", "--format", "docker-archive", "--output", str(archive), name])
    else:
        call([engine, "build", *arguments, str(context)])
        call([engine, "save", "--output", str(archive), name])


def oci_layout(engine: str, name: str, to: Path) -> None:
    """Writes an image that was built into a folder, in the layout of OCI, which has no place for its health check."""
    call([engine, "push", "--quiet", "--format", "oci", name, f"oci:{to}:{name}"])


def call(command: list[str]) -> None:
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if answer.returncode != 0:
        raise SetupError(f"`{' '.join(command[:2])}` failed:\n{answer.stdout.strip()}")


if __name__ == "__main__":
    sys.exit(main())
