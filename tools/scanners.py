#!/usr/bin/env python3
"""Chooses the programs of a layer with scanners: those that a list of checksums names, as `sha256sum` writes it.

    sha256sum /usr/local/bin/tflint /usr/local/bin/trivy > scanners.sha256
    make package SCANNERS=scanners.sha256

What is packed is what was pinned: look at the checksums that the makers publish, once, and keep the list under version
control. The layer unpacks to /opt, where the run task finds /opt/bin/tflint by its name.

What Lambda could not start, or would not take, is refused here and not by AWS.
"""

from __future__ import annotations

import hashlib
import re
import struct
from pathlib import Path

ZIP = "scanners.zip"

# What a function and its layers may have together, unpacked, and a layer that is uploaded straight away, packed.
# Source: AWS Lambda, "Lambda quotas".
UNPACKED_BYTES = 250 << 20
PACKED_BYTES = 50 << 20

# The processor that a program is for, as its header has it. Source: System V ABI, "ELF Header", e_machine.
MACHINES = {"x86_64": 62, "arm64": 183}


class ScannersError(Exception):
    """What is wrong with the list, and what a person should do about it."""


def read(path: Path, architecture: str) -> dict[str, Path]:
    """The programs that the list at `path` names, by their names in the layer."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise ScannersError(f"{path}: it cannot be read: {err}. It is a list as sha256sum writes it.") from err
    programs: dict[str, Path] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = re.fullmatch(r"([0-9a-f]{64})[ \t]+\*?(\S.*)", line)
        if not found:
            raise ScannersError(f"{path}:{number}: write a SHA-256 and a path, as `sha256sum PROGRAM` does.")
        # A relative path begins where the list is.
        program = path.parent / found[2]
        if program.name in programs:
            raise ScannersError(f"{path}:{number}: there are two programs named {program.name}.")
        check(program, found[1], architecture, f"{path}:{number}")
        programs[program.name] = program
    if not programs:
        raise ScannersError(f"{path}: it names no program.")
    return {f"bin/{name}": program for name, program in programs.items()}


def check(program: Path, expected: str, architecture: str, place: str) -> None:
    try:
        content = program.read_bytes()
    except OSError as err:
        raise ScannersError(f"{place}: {program} cannot be read: {err}.") from err
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected:
        raise ScannersError(
            f"{place}: {program} is not the program that was pinned.\n"
            f"  expected SHA-256 {expected}\n"
            f"  found    SHA-256 {actual}"
        )
    # Magic number, 64 bits, little-endian; 18 bytes in, the processor.
    if len(content) < 20 or content[:6] != b"\x7fELF\x02\x01":
        raise ScannersError(
            f"{place}: {program} is no program that Lambda's runtime starts by itself: a script, or one for another system. "
            "What needs Python, as checkov does, runs in a container image or with `runtask serve`."
        )
    (machine,) = struct.unpack_from("<H", content, 18)
    if machine != MACHINES[architecture]:
        raise ScannersError(f"{place}: {program} is for another processor than {architecture}.")


def check_sizes(unpacked: dict[str, int], packed: int) -> None:
    """`unpacked`: bytes of what the function has, by what it is; `packed`: bytes of the layer's zip."""
    total = sum(unpacked.values())
    if total > UNPACKED_BYTES:
        parts = ", ".join(f"{name} {size / (1 << 20):.0f}" for name, size in unpacked.items())
        raise ScannersError(
            f"the callback handler would have {total / (1 << 20):.0f} MB with its layers, and Lambda takes {UNPACKED_BYTES >> 20}: "
            f"{parts}. Leave a scanner out, or terraform with FMT_ENGINE=native."
        )
    if packed > PACKED_BYTES:
        raise ScannersError(
            f"the layer has {packed / (1 << 20):.0f} MB as a zip, and Lambda takes {PACKED_BYTES >> 20} from whoever uploads it: "
            "leave a scanner out, or run them in a container image or with `runtask serve`."
        )
