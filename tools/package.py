#!/usr/bin/env python3
"""Builds what is deployed: a zip for each Lambda function, and a layer with terraform, unless `--without-terraform`.

With `--policy DIRECTORY`, also a layer with the tasks and policies of that directory: see policy.py. With `--approvals`,
also the functions of approvals, and a callback handler that can ask people. With `--reports`, also the function that shows
the pages of results, and a callback handler that makes them. With `--scanners LIST`, also a layer with scanners: see
scanners.py.
They end up in target/package/ARCHITECTURE, where infra/ finds them. With the same tools the same commit gives the same
bytes, wherever and whenever it is built, so that Terraform sees no change where there is none. The tools must be set up: `make setup`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import policy  # noqa: E402 (found through the line above)
import scanners  # noqa: E402
import setup  # noqa: E402
from setup import BIN, ROOT, TOOLS, SetupError  # noqa: E402

# Each function, and the package that it is a program of.
FUNCTIONS = {
    "request-handler": "runtask-request-handler",
    "callback-handler": "runtask-callback-handler",
    "failure-handler": "runtask-callback-handler",
}
# Those of approvals, and the callback handler that can ask people, which then takes the place of the other. All are
# programs of one package.
APPROVALS = ["approval-handler", "approval-sweep"]
ASKING = "callback-handler-with-approvals"
APPROVALS_PACKAGE = "runtask-approval-handler"
# That of pages of results, and the feature with which a callback handler makes them.
REPORTS = {"report-handler": "runtask-report-handler"}
MAKING_REPORTS = "runtask-callback-handler/reports"
# The one that is built for tests as it is built to be deployed. The others are those that Cargo has built for tests.
BUILT_FOR_TESTS = "request-handler"

# Lambda's names of its architectures; Rust's, with the glibc of `provided.al2023`; Terraform's.
ARCHITECTURES = {
    "x86_64": ("x86_64-unknown-linux-gnu", "linux_amd64"),
    "arm64": ("aarch64-unknown-linux-gnu", "linux_arm64"),
}
GLIBC = "2.34"

# How hard a zip is tried to be made small, as zlib counts it.
SMALL, FAST = 9, 1

# The earliest time that a zip can hold. Any would do, as long as it is always the same.
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architecture", choices=list(ARCHITECTURES), default="x86_64", help="default: x86_64")
    parser.add_argument("--policy", type=Path, metavar="DIRECTORY", help="holds runtask.toml and what it names")
    parser.add_argument("--without-terraform", action="store_true", help="no layer with terraform: for fmt_engine = \"native\"")
    parser.add_argument("--approvals", action="store_true", help="also what the variable approvals of infra/ needs")
    parser.add_argument("--reports", action="store_true", help="also what the variable reports of infra/ needs")
    parser.add_argument("--scanners", type=Path, metavar="LIST", help="names programs and their checksums, as sha256sum does")
    parser.add_argument("--for-tests", action="store_true", help="faster, for this machine alone: one function built for Lambda, the others by `cargo build`")
    parser.add_argument("--json", action="store_true", help="say in JSON what was made")
    arguments = parser.parse_args()
    architecture = arguments.architecture
    # Apart, so that nobody deploys what was built for tests.
    directory = target_directory() / ("package-for-tests" if arguments.for_tests else "package") / architecture
    try:
        # First of all: building takes minutes, and what is wrong here is found in no time.
        policies = policies_layer(arguments.policy, directory)
        programs = scanners.read(arguments.scanners, architecture) if arguments.scanners else {}
        layers = terraform_layers(architecture, directory, wanted=not arguments.without_terraform)
        if arguments.for_tests:
            made = functions_for_tests(architecture, directory)
        else:
            made = functions(architecture, directory, approvals=arguments.approvals, reports=arguments.reports)
        zips = [*made, *layers, *policies, *scanners_layer(programs, directory)]
    except (SetupError, policy.PolicyError, scanners.ScannersError) as err:
        print(f"package: {err}", file=sys.stderr)
        return 2
    made = [(it, it.stat().st_size, sha256(it)) for it in zips]
    if arguments.json:
        print(json.dumps([{"path": str(path), "bytes": size, "sha256": digest} for path, size, digest in made]))
    else:
        for path, size, digest in made:
            print(f"{path.name:<22} {size / 1e6:>6.2f} MB   SHA-256 {digest}")
        print(f"in {shown(directory)}")
    return 0


# Functions


def functions(architecture: str, directory: Path, *, approvals: bool, reports: bool) -> list[Path]:
    """What is not wanted is removed: infra/ takes a function for a sign that the callback handler goes with it."""
    wanted = {**FUNCTIONS, **(REPORTS if reports else {})}
    features = [MAKING_REPORTS] if reports else []
    build(architecture, sorted(set(wanted.values())), "function", features)
    zips = [function(name, directory, built(name)) for name in wanted]
    unwanted = [*([] if approvals else APPROVALS), *([] if reports else REPORTS)]
    for name in unwanted:
        (directory / f"{name}.zip").unlink(missing_ok=True)
    if not approvals:
        return zips
    # By itself, so that nothing of it gets into the others: Cargo gives packages that it builds together the same features.
    build(architecture, [APPROVALS_PACKAGE], "function", features)
    function("callback-handler", directory, built(ASKING))
    return [*zips, *(function(name, directory, built(name)) for name in APPROVALS)]


def functions_for_tests(architecture: str, directory: Path) -> list[Path]:
    """Tests want to know that a function can be built for Lambda, and that each works there: one build for all of them, and
    what Cargo has built of the others, say both."""
    build(architecture, [FUNCTIONS[BUILT_FOR_TESTS]], "dev")
    zips = []
    for name in [*FUNCTIONS, *APPROVALS, ASKING, *REPORTS]:
        program = built(name) if name == BUILT_FOR_TESTS else target_directory() / "debug" / name
        if not program.exists():
            raise SetupError(f"{shown(program)} is missing: run `cargo build --workspace --bins`, and this again.")
        zips.append(function(name, directory, stripped(program, directory / f"{name}.stripped"), FAST))
    return zips


def function(name: str, directory: Path, program: Path, level: int = SMALL) -> Path:
    path = directory / f"{name}.zip"
    write_zip(path, {"bootstrap": program}, level)
    return path


def built(name: str) -> Path:
    """What cargo-lambda has built."""
    return target_directory() / "lambda" / name / "bootstrap"


def stripped(program: Path, to: Path) -> Path:
    """The program without what a debugger reads, which is half of it, where the C compiler's tools are there."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["strip", "-o", str(to), str(program)], check=True)
    except (OSError, subprocess.CalledProcessError):
        return program
    return to


def require_target(target: str) -> None:
    """cargo-lambda would try to install a missing target; a build changes nothing outside of the checkout."""
    answer = subprocess.run(
        ["rustc", "--print", "target-libdir", "--target", target], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    libraries = Path(answer.stdout.strip())
    if answer.returncode != 0 or not libraries.is_dir():
        raise SetupError(
            f"this Rust toolchain has no standard library for {target}.\n"
            f"Run `rustup target add {target}` in this folder, and the same command again."
        )


def build(architecture: str, packages: list[str], profile: str, features: Sequence[str] = ()) -> None:
    target, _ = ARCHITECTURES[architecture]
    require_target(target)
    program = BIN / "cargo-lambda"
    if not program.exists():
        raise SetupError("cargo-lambda is not set up: run `make setup`.")
    command = [str(program), "lambda", "build", "--profile", profile, "--locked", "--quiet"]
    command += ["--target", f"{target}.{GLIBC}", "--skip-target-check"]
    # Whole packages, so that a function has the features that it asks for.
    for package in packages:
        command += ["--package", package]
    for feature in features:
        command += ["--features", feature]
    # Panics name source files; where this checkout and Cargo's home are is nobody's business, and differs.
    cargo_home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    remap = [f"--remap-path-prefix={ROOT}=/runtask", f"--remap-path-prefix={cargo_home}=/cargo"]
    environment = {
        **os.environ,
        # cargo-lambda finds `zig` on PATH.
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(remap),
    }
    environment.pop("RUSTFLAGS", None)
    run = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    if run.returncode != 0:
        raise SetupError("the functions do not build; see above.")


# The layers


def policies_layer(source: Path | None, directory: Path) -> list[Path]:
    """The layer with tasks and policies, if there are to be any; one of an earlier run is removed otherwise."""
    if source is None:
        if policy.remove(directory):
            print("package: removed policy.zip, which was made with POLICY=; name it again to keep it", file=sys.stderr)
        return []
    archive, _names = policy.write(policy.read(source), directory)
    return [archive]


def terraform_layers(architecture: str, directory: Path, *, wanted: bool) -> list[Path]:
    """The layer that is unpacked to /opt, where terraform is /opt/bin/terraform, if it is to be; one of an earlier run is
    removed otherwise."""
    _, platform = ARCHITECTURES[architecture]
    path = directory / "terraform-layer.zip"
    if not wanted:
        path.unlink(missing_ok=True)
        return []
    terraform = pinned_terraform(platform)
    if not holds(path, "bin/terraform", terraform):
        write_zip(path, {"bin/terraform": terraform})
    return [path]


def scanners_layer(programs: dict[str, Path], directory: Path) -> list[Path]:
    """The layer with scanners, if there are to be any and Lambda takes it; one of an earlier run is removed otherwise."""
    path = directory / scanners.ZIP
    path.unlink(missing_ok=True)
    if not programs:
        return []
    write_zip(path, programs)
    others = ["callback-handler", "terraform-layer", "policy"]
    unpacked = {name: unpacked_bytes(directory / f"{name}.zip") for name in others}
    unpacked.update({name: program.stat().st_size for name, program in programs.items()})
    try:
        scanners.check_sizes(unpacked, path.stat().st_size)
    except scanners.ScannersError:
        path.unlink()
        raise
    return [path]


def unpacked_bytes(path: Path) -> int:
    """How much is in a zip, if there is one."""
    if not path.exists():
        return 0
    with zipfile.ZipFile(path) as archive:
        return sum(it.file_size for it in archive.infolist())


def pinned_terraform(platform: str) -> Path:
    """The release that setup.py pins: what it downloaded, or the one on PATH if it is that very program."""
    own = TOOLS / "terraform" / setup.TERRAFORM / platform / "terraform"
    if own.exists():
        return own
    expected = setup.sums(setup.TERRAFORM_SUMS).get(f"terraform_{setup.TERRAFORM}_{platform}/terraform")
    elsewhere = shutil.which("terraform")
    if elsewhere and sha256(Path(elsewhere)) == expected:
        return Path(elsewhere)
    setup.download_terraform(own, platform)
    if expected and sha256(own) != expected:
        own.unlink()
        raise SetupError(f"the official archive holds another program than {shown(setup.TERRAFORM_SUMS)} says.")
    return own


# Zips


def write_zip(path: Path, files: dict[str, Path], level: int = SMALL) -> None:
    """Writes programs into a zip that depends on their names and bytes alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for name, program in sorted(files.items()):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Made on Unix, a regular file, executable by all; or Lambda could not start it.
            entry.create_system = 3
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, program.read_bytes(), compresslevel=level)
    part.replace(path)


def holds(path: Path, name: str, program: Path) -> bool:
    """Whether the zip is there and holds just this program: compressing it again takes its time."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist() == [name] and archive.read(name) == program.read_bytes()
    except (OSError, zipfile.BadZipFile):
        return False


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def target_directory() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if ROOT in path.parents else str(path)


if __name__ == "__main__":
    sys.exit(main())
