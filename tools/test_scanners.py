"""Tests of scanners.py: what is packed is what was pinned, and what Lambda could start and would take."""

from __future__ import annotations

import hashlib
import struct
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import package  # noqa: E402 (found through the line above)
import scanners  # noqa: E402

X86, ARM = 62, 183


def elf(machine: int) -> bytes:
    """The head of a program for this processor."""
    return b"\x7fELF\x02\x01" + bytes(12) + struct.pack("<H", machine) + b"and so on"


class Scanners(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name: str, content: bytes = elf(X86)) -> str:
        """Makes a program; returns its line in a list."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"{hashlib.sha256(content).hexdigest()}  {name}\n"

    def list_of(self, *lines: str) -> Path:
        path = self.folder / "scanners.sha256"
        path.write_text("# a comment\n" + "".join(lines))
        return path

    def assert_refused(self, path: Path, *said: str, architecture: str = "x86_64") -> None:
        with self.assertRaises(scanners.ScannersError) as caught:
            scanners.read(path, architecture)
        for text in said:
            self.assertIn(text, str(caught.exception))

    def test_what_is_pinned_is_packed_where_the_run_task_looks(self) -> None:
        path = self.list_of(self.program("tflint"), self.program("else/trivy"))
        programs = scanners.read(path, "x86_64")
        self.assertEqual(list(programs), ["bin/tflint", "bin/trivy"])
        (layer,) = package.scanners_layer(programs, self.folder)
        self.assertEqual(package.unpacked_bytes(layer), 2 * len(elf(X86)))
        self.assertEqual(package.scanners_layer({}, self.folder), [])
        self.assertFalse(layer.exists(), "one of an earlier run is not deployed by mistake")

    def test_another_program_than_was_pinned_is_refused(self) -> None:
        path = self.list_of(self.program("trivy"))
        (self.folder / "trivy").write_bytes(elf(X86) + b"malicious")
        self.assert_refused(path, "scanners.sha256:2", "not the program that was pinned", "expected SHA-256")

    def test_what_lambda_could_not_start_is_refused(self) -> None:
        self.assert_refused(self.list_of(self.program("checkov", b"#!/usr/bin/python3\n" + bytes(20))), "no program", "container image")
        self.assert_refused(self.list_of(self.program("tflint", elf(ARM))), "another processor than x86_64")
        self.assertEqual(list(scanners.read(self.list_of(self.program("tflint", elf(ARM))), "arm64")), ["bin/tflint"])

    def test_a_list_that_is_none_is_refused(self) -> None:
        self.assert_refused(self.folder / "nowhere", "cannot be read")
        self.assert_refused(self.list_of(), "names no program")
        self.assert_refused(self.list_of("tflint,trivy\n"), ":2: write a SHA-256 and a path")
        self.assert_refused(self.list_of(f"{'0' * 64}  missing\n"), "missing cannot be read")
        self.assert_refused(self.list_of(self.program("a/trivy"), self.program("b/trivy")), "two programs named trivy")

    def test_what_lambda_would_not_take_is_refused(self) -> None:
        scanners.check_sizes({"terraform": 90 << 20, "trivy": 160 << 20}, 50 << 20)
        with self.assertRaisesRegex(scanners.ScannersError, "251 MB with its layers, and Lambda takes 250: terraform 90, trivy 161"):
            scanners.check_sizes({"terraform": 90 << 20, "trivy": 161 << 20}, 0)
        with self.assertRaisesRegex(scanners.ScannersError, "as a zip, and Lambda takes 50"):
            scanners.check_sizes({"trivy": 150 << 20}, (50 << 20) + 1)


if __name__ == "__main__":
    unittest.main()
