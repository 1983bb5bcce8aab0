"""Tests of try_release.py: a release that is good is installed and typed, and one that is not is refused. The release is made of
the program that `cargo build` has made, and functions that are none: what is deployed is left to `make try-release`."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import shutil
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image  # noqa: E402 (found through the line above)
import package  # noqa: E402
import release  # noqa: E402
import release_archive  # noqa: E402
import try_release  # noqa: E402
from page_blocks import needs_release  # noqa: E402
from setup import ROOT  # noqa: E402
from small_release import small_release  # noqa: E402
from test_links import pages  # noqa: E402

VERSION = image.version()


def oci_layout(settings: bytes, layers: list[bytes]) -> dict[str, bytes]:
    files = {}

    def blob(content: bytes) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        files[f"blobs/sha256/{digest}"] = content
        return {"digest": f"sha256:{digest}"}

    manifest = {"config": blob(settings), "layers": [blob(it) for it in layers]}
    files["index.json"] = json.dumps({"manifests": [blob(json.dumps(manifest).encode())]}).encode()
    return files


class Releases(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.good = small_release(Path(folder.name))

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def copy(self) -> Path:
        return Path(shutil.copytree(self.good, self.folder / "dist"))

    def trial(self, dist: Path) -> try_release.Trial:
        work = self.folder / "work"
        work.mkdir()
        return try_release.Trial(dist, work)

    def refused(self, dist: Path, step: str) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertFalse(try_release.tried(self.trial(dist), [step]))
        return said.getvalue()


class Good(Releases):
    def test_it_is_installed_and_pages_are_typed_as_somebody_would_who_has_nothing_else(self) -> None:
        trial = self.trial(self.good)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertTrue(try_release.tried(trial, ["sums", "archives", "install", "program"]), said.getvalue())
            terraform = trial.terraform()
            self.assertRegex(trial.page("docs/reports.md", terraform), r"^[1-9]\d* steps")
        self.assertIn("bash", said.getvalue())

    def test_pages_that_take_a_release_are_typed_here(self) -> None:
        """test_pages.py types all others."""
        self.assertEqual([it.name for it in pages() if needs_release(it.read_text())], ["install.md"])


class Bad(Releases):
    def test_a_file_that_is_not_what_was_listed_is_refused(self) -> None:
        dist = self.copy()
        (dist / "NOTES.md").write_text("other notes")
        self.assertIn("NOTES.md is not what was listed", self.refused(dist, "sums"))

    def test_a_file_that_is_missing_is_refused(self) -> None:
        dist = self.copy()
        (dist / "NOTES.md").unlink()
        self.assertIn("NOTES.md is listed and not there", self.refused(dist, "sums"))

    def test_a_file_that_nobody_lists_is_refused(self) -> None:
        dist = self.copy()
        (dist / "more").write_text("")
        self.assertIn("more is there and not listed", self.refused(dist, "sums"))

    def test_a_list_that_is_none_is_refused(self) -> None:
        for line in ["", "0" * 64 + "  ../x", "0" * 63 + "  x"]:
            with self.subTest(line=line):
                dist = self.folder / "list"
                dist.mkdir(exist_ok=True)
                (dist / "SHA256SUMS").write_text(f"{line}\n")
                with self.assertRaisesRegex(try_release.TrialError, "sha256sum writes"):
                    try_release.Trial(dist, self.folder).sums()

    def test_an_archive_that_would_write_elsewhere_is_refused(self) -> None:
        for name, kind in [("../x", tarfile.REGTYPE), ("a/../../x", tarfile.REGTYPE), ("/x", tarfile.REGTYPE), ("x", tarfile.SYMTYPE), ("x", tarfile.LNKTYPE)]:
            with self.subTest(name=name, kind=kind):
                dist = self.folder / "archives"
                dist.mkdir(exist_ok=True)
                with tarfile.open(dist / "runtask.tar.gz", "w:gz") as archive:
                    entry = tarfile.TarInfo(name)
                    entry.type, entry.linkname = kind, "/etc/passwd"
                    archive.addfile(entry)
                with self.assertRaisesRegex(try_release.TrialError, f"(?m)^{name} "):
                    try_release.Trial(dist, self.folder).archives()

    def test_an_image_that_is_not_whole_is_refused(self) -> None:
        settings = json.dumps({"architecture": try_release.OCI_ARCHITECTURES[release.this_architecture()], "config": {"User": "65532:65532"}}).encode()
        good = oci_layout(settings, [b"layer"])
        layer = f"blobs/sha256/{hashlib.sha256(b'layer').hexdigest()}"
        dist = self.folder / "images"
        root = oci_layout(settings.replace(b"65532:65532", b""), [b"layer"])
        for files, wrong in [
            (good, None),
            ({**good, layer: b"another"}, f"{layer} is not what its name says"),
            ({name: content for name, content in good.items() if name != layer}, "no image in OCI's layout"),
            ({}, "no image in OCI's layout"),
            (root, "its architecture and user are"),
        ]:
            release_archive.write_tar(dist / "runtask-image.oci.tar", "", files, 0, compressed=False)
            trial = try_release.Trial(dist, self.folder)
            with self.subTest(wrong=wrong):
                if wrong is None:
                    self.assertEqual(trial.images(), "1, read")
                else:
                    with self.assertRaisesRegex(try_release.TrialError, wrong):
                        trial.images()

    def test_a_page_that_does_not_do_what_it_says_is_refused_with_its_line(self) -> None:
        trial = self.trial(self.good)
        page = trial.prefix() / try_release.PAGES / "docs/install.md"
        page.write_text(page.read_text().replace("\nruntask 0.2.0\n".replace("0.2.0", VERSION), "\nruntask 9.9.9\n"))
        with self.assertRaisesRegex(try_release.TrialError, r"install\.md:\d+: runtask --version: prints\nruntask"):
            trial.install()

    def test_a_program_that_says_something_else_than_its_archive_is_refused(self) -> None:
        trial = self.trial(self.good)
        (trial.prefix() / "share/runtask/runtask.schema.json").write_text("{}\n")
        with self.assertRaisesRegex(try_release.TrialError, "runtask schema"):
            trial.program()

    def test_a_release_without_the_program_is_refused(self) -> None:
        dist = self.copy()
        for path in dist.glob("*-linux.tar.gz"):
            path.unlink()
        self.assertIn("linux.tar.gz\nit is not there", self.refused(dist, "program"))

    def test_where_there_is_no_release_nothing_is_tried(self) -> None:
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["try_release.py", "--dist", str(self.folder)]), contextlib.redirect_stderr(said):
            self.assertEqual(try_release.main(), 2)
        self.assertIn("make release", said.getvalue())

    def test_it_ends_with_one_at_the_first_that_is_wrong(self) -> None:
        dist = self.copy()
        (dist / "NOTES.md").unlink()
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["try_release.py", "--dist", str(dist)]), contextlib.redirect_stdout(said):
            self.assertEqual(try_release.main(), 1)
        self.assertRegex(said.getvalue(), r"^try-release: sums +FAILED\n")


class Flows(Releases):
    """With a cargo that runs nothing."""

    def deployed(self, said: str) -> tuple[dict[str, str], list[str]]:
        """What the flows are told, and the packages that they find."""
        told: dict[str, str] = {}
        really = try_release.Trial.said

        def answer(trial: try_release.Trial, command: list[str | Path], *rest: object, environment: dict[str, str] | None = None) -> str:
            if command[0] != "cargo":
                return really(trial, command)
            told.update(environment or {})
            return said

        trial = self.trial(self.good)
        with mock.patch.object(try_release.Trial, "said", answer), contextlib.redirect_stdout(io.StringIO()):
            trial.deployment()
        packages = Path(told["RUNTASK_TEST_PACKAGES"]) / release.this_architecture()
        self.assertTrue((Path(told["RUNTASK_TEST_INFRA"]) / "variables.tf").is_file())
        return told, sorted(it.stem for it in packages.iterdir())

    def test_flows_find_the_packages_under_the_names_of_those_for_tests(self) -> None:
        said = "".join(f"test {it}::a_flow ... ok\n" for it in try_release.FLOWS)
        _told, found = self.deployed(said)
        self.assertEqual(found, sorted([*package.FUNCTIONS, *package.APPROVALS, package.ASKING]))

    def test_a_flow_that_nobody_has_run_is_noticed(self) -> None:
        said = "".join(f"test {it}::a_flow ... ok\n" for it in try_release.FLOWS[1:])
        with self.assertRaisesRegex(try_release.TrialError, f"no test of {try_release.FLOWS[0]} was run"):
            self.deployed(said)

    def test_flows_that_are_named_are_there(self) -> None:
        for flow in try_release.FLOWS:
            self.assertTrue((ROOT / "tests/it" / f"{flow.replace('::', '/')}.rs").is_file(), flow)


if __name__ == "__main__":
    unittest.main()
