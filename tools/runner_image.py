#!/usr/bin/env python3
"""Builds the image of the GitLab runner's function, and the zips of the two functions beside it.

The image holds what jobs need: bash, git and what they stand on, as packages of Debian; terraform and its providers; the
command `runtask-runner`, for `plan-report`; and the runner, a program that may be executed and not read (mode 0711), so that
jobs cannot read its memory. `make demo-runner IMAGE=…` plays a pipeline in it.

- Packages: what `apt-get` of this machine knows, which verifies them by Debian's signatures. So this takes a Debian or an
  Ubuntu, of the processor that the image is for; elsewhere, run it in a container of one.
- terraform: the release that setup.py pins, by its SHA-256.
- Providers: those of runner-image/providers.tf. `terraform init` gets them, and verifies them by the lock file beside it.

No container engine is needed, and nobody's rights: the image is written file by file, as an OCI archive. Where buildah,
podman or docker is at hand, it is given to that one, which can push it. The same parts give the same bytes.

    target/runner/ARCHITECTURE/image.tar                    the image
    target/runner/ARCHITECTURE/gitlab-hook-function.zip     for infra/gitlab-runner/
    target/runner/ARCHITECTURE/gitlab-failure-function.zip  for infra/gitlab-runner/
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import package  # noqa: E402 (found through the line above)
from setup import BIN, ROOT, SetupError  # noqa: E402

HERE = ROOT / "tools" / "runner-image"

# What jobs of Terraform and the scripts around them use. What these stand on comes with them.
PACKAGES = [
    "base-files", "bash", "ca-certificates", "coreutils", "dash", "diffutils", "findutils", "git", "grep", "gzip",
    "hostname", "jq", "mawk", "sed", "tar", "unzip",
]  # fmt: skip

# The functions, and the package that each is a program of.
FUNCTIONS = {
    "gitlab-runner-function": "gitlab-runner-function",
    "gitlab-failure-function": "gitlab-runner-function",
    "gitlab-hook-function": "gitlab-hook-function",
}
RUNNER = "gitlab-runner-function"
# What jobs call, and the package that it is the program of.
COMMAND, COMMAND_PACKAGE = "runtask-runner", "gitlab-runner-command"
ZIPPED = ["gitlab-failure-function", "gitlab-hook-function"]

# Lambda's names of its architectures; Debian's, and those of images.
DEBIAN = {"x86_64": "amd64", "arm64": "arm64"}

# Where parts of the image are in it.
PROGRAM = f"usr/local/bin/{RUNNER}"
COMMAND_PROGRAM = f"usr/local/bin/{COMMAND}"
TERRAFORM = "usr/local/bin/terraform"
PROVIDERS = "opt/terraform/providers"
SETTINGS = "opt/terraform/terraform.rc"
OFFLINE = "opt/terraform/offline.rc"

# Who runs it: nobody.
USER = "65534:65534"

# What packages do when they are installed, as far as it matters here: nothing of theirs is run.
LINKS = {"usr/bin/awk": "mawk", "bin/sh": "dash"}
PASSWD = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"
# Nobody reads these in a function.
LEFT_OUT = ["usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man", "var/cache", "var/lib/dpkg"]


@dataclass(frozen=True)
class Engine:
    """A program that takes an image in, and what it is told to."""

    name: str
    take: list[str]


ENGINES = [
    Engine("buildah", ["pull", "--quiet", "oci-archive:{image}"]),
    Engine("podman", ["load", "--quiet", "--input", "{image}"]),
    Engine("docker", ["load", "--quiet", "--input", "{image}"]),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=list(DEBIAN), default=own_architecture(), help="default: this machine's")
    parser.add_argument("--tag", default=version(), help="the image's tag; default: the version of the workspace")
    parser.add_argument("--profile", default="function", help="Cargo's profile for the programs; default: function, the smallest")
    parser.add_argument("--without-engine", action="store_true", help="give the image to no container engine")
    arguments = parser.parse_args()
    try:
        build(arguments.architecture, arguments.tag, arguments.profile, with_engine=not arguments.without_engine)
    except (SetupError, OSError, subprocess.CalledProcessError) as err:
        print(f"runner-image: {err}", file=sys.stderr)
        return 2
    return 0


def build(architecture: str, tag: str, profile: str, *, with_engine: bool) -> None:
    directory = package.target_directory() / "runner" / architecture
    say("Building the functions, and the command")
    # Each by itself, so that nothing of one gets into another: Cargo gives packages that it builds together the same features.
    for it in sorted({*FUNCTIONS.values(), COMMAND_PACKAGE}):
        package.build(architecture, [it], profile)
    for name in ZIPPED:
        package.function(name, directory, package.built(name))
    image = directory / "image.tar"
    terraform = package.pinned_terraform(package.ARCHITECTURES[architecture][1])
    with tempfile.TemporaryDirectory() as scratch:
        layers = assemble(architecture, Path(scratch), terraform)
        say("Writing the image")
        name = f"gitlab-runner:{tag}"
        write_image(image, layers, architecture, name)
    for path in [image, *(directory / f"{name}.zip" for name in ZIPPED)]:
        print(f"{path.name:<28} {path.stat().st_size / 1e6:>7.2f} MB   SHA-256 {package.sha256(path)}")
    print(f"in {package.shown(directory)}")
    engine = next((it for it in ENGINES if with_engine and works(it)), None)
    if engine:
        take(engine, image)
        print(f"{engine.name} has it as {name}")


def assemble(architecture: str, scratch: Path, terraform: Path) -> list[Path]:
    """The directories whose files make the image, one over the other: what seldom changes is first."""
    system, tools, own = scratch / "system", scratch / "tools", scratch / "own"
    say("Getting packages of Debian")
    packages = scratch / "packages"
    get_packages(packages, DEBIAN[architecture])
    lay_out_system(system, sorted(packages.glob("*.deb")))
    say("Getting terraform and its providers")
    put(terraform, tools / TERRAFORM, 0o755)
    for it in [SETTINGS, OFFLINE]:
        put(HERE / Path(it).name, tools / it, 0o644)
    get_providers(tools / PROVIDERS, terraform)
    put(package.built(COMMAND), own / COMMAND_PROGRAM, 0o755)
    put(package.built(RUNNER), own / PROGRAM, 0o711)
    return [system, tools, own]


# The system


def get_packages(to: Path, architecture: str) -> None:
    """Downloads PACKAGES and all that they need, as for a machine that has nothing."""
    apt = shutil.which("apt-get")
    if apt is None:
        raise SetupError(
            "there is no apt-get: the image is made of packages of Debian.\n"
            "Run this on a Debian or an Ubuntu, or in a container of one:\n"
            "  docker run --rm -it -v \"$PWD\":/runtask -w /runtask rust:1-bookworm make runner-image"
        )
    (to / "partial").mkdir(parents=True)
    nothing = to / "status"
    nothing.touch()
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Get::Download-Only": "true",
        "APT::Install-Recommends": "false",
        # It is ours, and nobody else writes there.
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
        "Dir::Cache::archives": str(to),
        "Dir::Cache::pkgcache": "",
        "Dir::Cache::srcpkgcache": "",
        "Dir::State::status": str(nothing),
    }
    given = [it for name, value in options.items() for it in ("-o", f"{name}={value}")]
    run = subprocess.run(
        [apt, *given, "--yes", "install", *PACKAGES],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if run.returncode != 0:
        raise SetupError(f"the packages cannot be had; `apt-get update` first?\n{run.stdout.strip()}")


def lay_out_system(root: Path, packages: list[Path]) -> None:
    """Unpacks packages."""
    root.mkdir(parents=True)
    for it in packages:
        subprocess.run(["dpkg-deb", "--extract", str(it), str(root)], check=True)
    finish_system(root, [it.name.removesuffix(".deb") for it in packages])


def finish_system(root: Path, packages: list[str]) -> None:
    """Does by hand the little that installing packages would, and leaves out what nobody reads."""
    for name, target in LINKS.items():
        if not (root / name).exists():
            (root / name).symlink_to(target)
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(it.read_text().rstrip("\n") + "\n" for it in certificates))
    (root / "etc/passwd").write_text(PASSWD)
    (root / "etc/group").write_text(GROUP)
    (root / "usr/share/runner-packages.txt").write_text("".join(f"{it}\n" for it in packages))
    for name in LEFT_OUT:
        shutil.rmtree(root / name, ignore_errors=True)


# Terraform


def get_providers(to: Path, terraform: Path) -> None:
    """Lets terraform get the providers that are locked, and nothing else."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ["providers.tf", ".terraform.lock.hcl"]:
            shutil.copy(HERE / name, scratch)
        settings = BIN / "terraform.tfrc"
        environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        environment.update({"TF_CLI_CONFIG_FILE": str(settings)} if settings.exists() else {})
        environment.pop("TF_PLUGIN_CACHE_DIR", None)
        command = [str(terraform), "init", "-input=false", "-no-color", "-backend=false", "-lockfile=readonly"]
        run = subprocess.run(
            command, cwd=scratch, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        if run.returncode != 0:
            raise SetupError(f"terraform does not get the providers of {package.shown(HERE)}:\n{run.stdout.strip()}")
        # A mirror's are links.
        shutil.copytree(Path(scratch) / ".terraform" / "providers", to, symlinks=False)


# The image


def write_image(to: Path, layers: list[Path], architecture: str, name: str) -> None:
    """Writes directories as an image in an OCI archive.

    Source: Open Container Initiative, "Image Format Specification" 1.0.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_suffix(".part")
    with tarfile.open(part, "w") as archive, tempfile.TemporaryDirectory() as scratch:
        descriptors, digests = [], []
        for index, layer in enumerate(layers):
            packed = Path(scratch) / f"{index}.tar.gz"
            digests.append(write_layer(packed, layer))
            descriptors.append(add_blob(archive, packed, "application/vnd.oci.image.layer.v1.tar+gzip"))
        config = {
            "architecture": DEBIAN[architecture],
            "os": "linux",
            "config": {
                "Entrypoint": [f"/{PROGRAM}"],
                "Env": [
                    "PATH=/usr/local/bin:/usr/bin:/bin",
                    "LANG=C.UTF-8",
                    "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
                    f"TF_CLI_CONFIG_FILE=/{SETTINGS}",
                    "RUNNER_DIRECTORY=/tmp",
                ],
                # Lambda runs it as a user of its own, and so should others.
                "User": USER,
                "WorkingDir": "/tmp",
                "Labels": {"org.opencontainers.image.title": "gitlab-runner", "org.opencontainers.image.version": name.split(":")[1]},
            },
            "rootfs": {"type": "layers", "diff_ids": digests},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": add_json(archive, config, "application/vnd.oci.image.config.v1+json"),
            "layers": descriptors,
        }
        described = add_json(archive, manifest, manifest["mediaType"])
        described["annotations"] = {"org.opencontainers.image.ref.name": name, "io.containerd.image.name": f"localhost/{name}"}
        add_bytes(archive, "index.json", encoded({"schemaVersion": 2, "manifests": [described]}))
        add_bytes(archive, "oci-layout", encoded({"imageLayoutVersion": "1.0.0"}))
    part.replace(to)


def write_layer(to: Path, directory: Path) -> str:
    """Packs a directory, everything in it root's and of one time; the digest of the tar."""
    plain = to.with_suffix("")
    with tarfile.open(plain, "w", format=tarfile.PAX_FORMAT) as layer:
        for path in sorted(directory.rglob("*")):
            entry = layer.gettarinfo(path, str(path.relative_to(directory)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = 0
            # What only its owner may read would be nobody's in a function, and who may become root is nobody's business.
            if not entry.issym() and entry.name != PROGRAM:
                entry.mode = (entry.mode | (0o555 if entry.isdir() or entry.mode & 0o111 else 0o444)) & 0o755
            if entry.isreg():
                with path.open("rb") as content:
                    layer.addfile(entry, content)
            else:
                layer.addfile(entry)
    with plain.open("rb") as source, gzip.GzipFile(str(to), "wb", compresslevel=6, mtime=0) as packed:
        shutil.copyfileobj(source, packed, 1 << 20)
    digest = package.sha256(plain)
    plain.unlink()
    return f"sha256:{digest}"


def add_blob(archive: tarfile.TarFile, path: Path, media_type: str) -> dict:
    digest = package.sha256(path)
    entry = tarfile.TarInfo(f"blobs/sha256/{digest}")
    entry.size = path.stat().st_size
    with path.open("rb") as content:
        archive.addfile(entry, content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": entry.size}


def add_json(archive: tarfile.TarFile, value: dict, media_type: str) -> dict:
    content = encoded(value)
    digest = hashlib.sha256(content).hexdigest()
    add_bytes(archive, f"blobs/sha256/{digest}", content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def encoded(value: dict) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


# Engines


def works(engine: Engine) -> bool:
    """Whether it is there, and does anything: docker without its daemon does not."""
    program = shutil.which(engine.name)
    return program is not None and subprocess.run([program, "info"], capture_output=True).returncode == 0


def take(engine: Engine, image: Path) -> None:
    command = [engine.name, *(it.format(image=image) for it in engine.take)]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if run.returncode != 0:
        raise SetupError(f"{engine.name} does not take the image:\n{run.stdout.strip()}")


# Small things


def put(source: Path, to: Path, mode: int) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, to)
    to.chmod(mode)


def own_architecture() -> str:
    return {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")


def version() -> str:
    manifest = (ROOT / "Cargo.toml").read_text()
    return manifest.split("[workspace.package]")[1].split('version = "')[1].split('"')[0]


def say(text: str) -> None:
    print(f"runner-image: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
