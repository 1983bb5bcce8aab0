"""Tests of package.py: what is in a zip, and that nothing else decides its bytes. Building is left to the bench and CI."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import package  # noqa: E402 (found through the line above)
import setup  # noqa: E402


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, name: str, content: bytes, modified: int = 0) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        os.utime(path, (modified, modified))
        return path


class Layers(Folder):
    def test_the_layer_with_terraform_may_be_left_out(self) -> None:
        terraform = self.program("terraform", b"program")
        with mock.patch.object(package, "pinned_terraform", return_value=terraform):
            (layer,) = package.terraform_layers("x86_64", self.folder, wanted=True)
        self.assertTrue(package.holds(layer, "bin/terraform", terraform))
        self.assertEqual(package.terraform_layers("x86_64", self.folder, wanted=False), [])
        self.assertFalse(layer.exists())


class Options(Folder):
    HANDLERS = ["request-handler", "callback-handler", "failure-handler"]

    def made(self, *, approvals: bool = False, reports: bool = False) -> tuple[list[str], list[mock._Call]]:
        """The zips of functions, and how they were built."""
        built = mock.Mock(side_effect=lambda name: self.program(name, name.encode()))
        with mock.patch.object(package, "build") as build, mock.patch.object(package, "built", built):
            zips = package.functions("x86_64", self.folder, approvals=approvals, reports=reports)
        return [it.stem for it in zips], build.call_args_list

    def test_what_approvals_need_is_built_by_itself_and_only_where_they_are_wanted(self) -> None:
        zips, builds = self.made(approvals=True)
        self.assertEqual(zips, [*self.HANDLERS, "approval-handler", "approval-sweep"])
        without = mock.call("x86_64", ["runtask-callback-handler", "runtask-request-handler"], "function", [])
        self.assertEqual(builds, [without, mock.call("x86_64", ["runtask-approval-handler"], "function", [])])
        with zipfile.ZipFile(self.folder / "callback-handler.zip") as archive:
            self.assertEqual(archive.read("bootstrap"), b"callback-handler-with-approvals")
        self.assertTrue((self.folder / "approval-sweep.zip").exists())

        zips, builds = self.made()
        self.assertEqual((zips, builds), (self.HANDLERS, [without]))
        self.assertFalse((self.folder / "approval-handler.zip").exists())
        self.assertFalse((self.folder / "approval-sweep.zip").exists())

    def test_whichever_callback_handler_is_packed_makes_pages_only_where_they_are_wanted(self) -> None:
        zips, builds = self.made(approvals=True, reports=True)
        self.assertEqual(zips, [*self.HANDLERS, "report-handler", "approval-handler", "approval-sweep"])
        self.assertEqual([it.args[3] for it in builds], [["runtask-callback-handler/reports"]] * 2)
        self.assertIn("runtask-report-handler", builds[0].args[1])

        zips, builds = self.made(approvals=True)
        self.assertNotIn("report-handler", zips)
        self.assertEqual([it.args[3] for it in builds], [[]] * 2)
        self.assertFalse((self.folder / "report-handler.zip").exists())


class Zips(Folder):
    def test_only_names_and_bytes_decide_what_a_zip_is(self) -> None:
        first, second = self.folder / "a" / "first.zip", self.folder / "b" / "second.zip"
        package.write_zip(first, {"bootstrap": self.program("x", b"\x7fELF" * 1000, modified=1_000_000_000)})
        package.write_zip(second, {"bootstrap": self.program("y", b"\x7fELF" * 1000, modified=1_700_000_000)})
        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_lambda_can_start_what_is_in_a_zip(self) -> None:
        path = self.folder / "function.zip"
        package.write_zip(path, {"bootstrap": self.program("x", b"program")})
        with zipfile.ZipFile(path) as archive:
            (entry,) = archive.infolist()
            self.assertEqual((entry.filename, archive.read(entry)), ("bootstrap", b"program"))
            self.assertEqual(stat.filemode(entry.external_attr >> 16), "-rwxr-xr-x")
            self.assertEqual(entry.compress_type, zipfile.ZIP_DEFLATED)

    def test_a_zip_is_known_again_by_what_it_holds(self) -> None:
        program, other = self.program("x", b"program"), self.program("y", b"another")
        path = self.folder / "layer.zip"
        self.assertFalse(package.holds(path, "bin/terraform", program))
        package.write_zip(path, {"bin/terraform": program})
        self.assertTrue(package.holds(path, "bin/terraform", program))
        self.assertFalse(package.holds(path, "bin/terraform", other))
        path.write_bytes(path.read_bytes()[:-10])
        self.assertFalse(package.holds(path, "bin/terraform", program))


class Terraform(Folder):
    def pinned(self, installed: bytes, known: bytes) -> Path | None:
        """What is packaged when `installed` is on PATH and `known` is the pinned program; None: a download."""
        path = self.program("terraform", installed)
        path.chmod(0o755)
        sums = self.folder / "terraform.sha256"
        digest = hashlib.sha256(known).hexdigest()
        sums.write_text(f"{digest}  terraform_{setup.TERRAFORM}_linux_amd64/terraform\n")
        download = mock.Mock(side_effect=setup.SetupError("no network"))
        with (
            mock.patch.object(setup, "TERRAFORM_SUMS", sums),
            mock.patch.object(setup, "download_terraform", download),
            mock.patch.object(package, "TOOLS", self.folder / "tools"),
            mock.patch.dict(os.environ, {"PATH": str(self.folder)}),
        ):
            try:
                return package.pinned_terraform("linux_amd64")
            except setup.SetupError:
                download.assert_called_once()
                return None

    def test_an_installed_terraform_is_packaged_if_it_is_the_pinned_one(self) -> None:
        self.assertEqual(self.pinned(b"1.11.4", known=b"1.11.4"), self.folder / "terraform")

    def test_any_other_terraform_is_not(self) -> None:
        self.assertIsNone(self.pinned(b"1.11.4, and something else", known=b"1.11.4"))


class Targets(unittest.TestCase):
    def test_a_missing_target_is_named_with_what_to_do(self) -> None:
        with self.assertRaises(setup.SetupError) as caught:
            package.require_target("x86_64-unknown-none")
        self.assertIn("rustup target add x86_64-unknown-none", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
