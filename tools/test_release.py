"""Tests of release.py: that archives depend on what is in them alone, and that notes are cut where they begin and end. What is
built is left to `make release`."""

from __future__ import annotations

import io
import os
import re
import subprocess
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
import release_notices  # noqa: E402
import release_notes  # noqa: E402
import release_sbom  # noqa: E402
from setup import ROOT, SetupError  # noqa: E402
from small_release import WHEN, programs_at_hand  # noqa: E402

CHANGELOG = """\
# Changes

## 0.3.0

Later.

## 0.2.0

Stricter: [docs/upgrading.md](docs/upgrading.md#from-010-to-020) says what to do.

### New

- Costs, [as a page](docs/cost-checks.md) says, and [semver](https://semver.org).

## 0.1.0

Before.
"""
UPGRADING = """\
# Upgrade

## From 0.1.0 to 0.2.0

Read [settings.md](settings.md), and [CHANGELOG.md](../CHANGELOG.md).

## From 0.2.0 to 0.3.0

Nothing.
"""


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, name: str, content: bytes, mode: int = 0o600, modified: int = 0) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        os.utime(path, (modified, modified))
        return path


class Archives(Folder):
    def write(self, name: str, files: dict, when: int = WHEN) -> bytes:
        path = self.folder / name
        release_archive.write_tar(path, "runtask", files, when)
        return path.read_bytes()

    def test_an_archive_depends_on_names_and_bytes_alone(self) -> None:
        first = {"b": self.file("one/b", b"b", 0o755, 5), "a": b"a"}
        second = {"a": self.file("two/a", b"a", 0o600, 7), "b": self.file("two/b", b"b", 0o700, 9)}
        self.assertEqual(self.write("one.tar.gz", first), self.write("two.tar.gz", second))
        self.assertNotEqual(self.write("one.tar.gz", first), self.write("two.tar.gz", {**second, "a": b"A"}))
        self.assertNotEqual(self.write("one.tar.gz", first), self.write("two.tar.gz", second, WHEN + 1))

    def test_files_are_of_nobody_as_old_as_the_commit_and_programs_can_be_run(self) -> None:
        written = self.write("one.tar.gz", {"bin/runtask": self.file("runtask", b"#!", 0o700), "LICENSE": b"MIT"})
        with tarfile.open(fileobj=io.BytesIO(written)) as archive:
            found = [(it.name, oct(it.mode), it.uid, it.gid, it.uname, it.mtime) for it in archive]
        self.assertEqual(
            found,
            [("runtask/LICENSE", "0o644", 0, 0, "", WHEN), ("runtask/bin/runtask", "0o755", 0, 0, "", WHEN)],
        )

    def test_sums_are_those_that_sha256sum_checks(self) -> None:
        listed = release_archive.sums([self.file("b", b"b"), self.file("a", b"a")])
        self.assertEqual(
            listed,
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n"
            "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b\n",
        )


class Notes(unittest.TestCase):
    def test_notes_are_the_versions_own_and_lead_to_no_page_that_is_not_there(self) -> None:
        self.assertEqual(
            release_notes.notes(CHANGELOG, UPGRADING, "0.2.0"),
            "Stricter: docs/upgrading.md says what to do.\n"
            "\n"
            "### New\n"
            "\n"
            "- Costs, as a page (docs/cost-checks.md) says, and [semver](https://semver.org).\n"
            "\n"
            "### Upgrading\n"
            "\n"
            "Read settings.md, and CHANGELOG.md.\n",
        )
        self.assertEqual(release_notes.notes(CHANGELOG, "", "0.1.0"), "Before.\n")

    def test_a_version_without_notes_is_refused(self) -> None:
        for changelog in [CHANGELOG, f"{CHANGELOG}\n## 0.4.0\n"]:
            with self.assertRaises(release_notes.NotesError) as raised:
                release_notes.notes(changelog, UPGRADING, "0.4.0")
            self.assertIn("0.4.0", str(raised.exception))

    def test_this_version_has_notes(self) -> None:
        pages = [(ROOT / name).read_text() for name in ["CHANGELOG.md", "docs/upgrading.md"]]
        self.assertIn("### Upgrading", release_notes.notes(*pages, image.version()))


class Notices(Folder):
    def test_licences_are_found_by_their_names_and_told_once(self) -> None:
        for crate, name in [("a", "LICENSE-MIT"), ("b", "license.txt"), ("b", "src.rs"), ("c", "Cargo.toml")]:
            self.file(f"{crate}/{name}", b"As you like.  \r\n" if name != "src.rs" else b"code")
        found = {crate: ("MIT", release_notices.licences(self.folder / crate)) for crate in "abc"}
        page = release_notices.written(found)
        self.assertIn("a: MIT\nb: MIT\nc: MIT (no text in its package)\n", page)
        self.assertEqual(page.count("As you like."), 1)
        self.assertIn("\na, b\n\nAs you like.\n", page)


class Bills(unittest.TestCase):
    def test_a_bill_lists_what_is_linked_and_nothing_else(self) -> None:
        def component(name: str) -> dict:
            return {"name": name, "version": "1.0.0", "bom-ref": f"ref-{name}"}

        document = {
            "metadata": {"component": component("ours")},
            "components": [component("linked"), component("of-a-test")],
            "dependencies": [
                {"ref": "ref-ours", "dependsOn": ["ref-linked", "ref-of-a-test"]},
                {"ref": "ref-of-a-test", "dependsOn": ["ref-linked"]},
                {"ref": "ref-linked"},
            ],
        }
        found = release_sbom.only(document, {"ours@1.0.0", "linked@1.0.0", "of-a-test@2.0.0"})
        self.assertEqual([it["name"] for it in found["components"]], ["linked"])
        self.assertEqual(found["dependencies"], [{"ref": "ref-ours", "dependsOn": ["ref-linked"]}, {"ref": "ref-linked", "dependsOn": []}])


class Parts(Folder):
    def made(self) -> release.Release:
        with mock.patch.object(release, "target_directory", return_value=self.folder):
            return release.Release("1.2.3", WHEN, "function")

    def test_the_module_is_what_is_in_git_and_the_same_each_time(self) -> None:
        archives = []
        for _time in range(2):
            made = self.made()
            made.module()
            archives.append(made.made[0].read_bytes())
        self.assertEqual(*archives)
        with tarfile.open(fileobj=io.BytesIO(archives[0])) as archive:
            names = archive.getnames()
        self.assertIn("runtask-1.2.3-terraform/infra/variables.tf", names)
        self.assertIn("runtask-1.2.3-terraform/tfe.tf", names)
        # Providers are locked for whoever applies it as it is.
        self.assertIn("runtask-1.2.3-terraform/infra/.terraform.lock.hcl", names)
        left = [it for it in names if re.search(r"\.terraform(/|$)|tfstate|/infra/tests/|tfvars$", it)]
        self.assertEqual(left, [])

    def test_the_archive_installs_below_a_prefix_and_is_the_same_each_time(self) -> None:
        """With the program that `cargo build` has made in the place of one for everybody."""
        archives = []
        for _time in range(2):
            made = self.made()
            with programs_at_hand(self.folder):
                made.program()
            archives.append(made.made[0].read_bytes())
        self.assertEqual(*archives)
        prefix = self.folder / "prefix"
        prefix.mkdir()
        subprocess.run(["tar", "-xzf", str(made.made[0]), "-C", str(prefix), "--strip-components", "1"], check=True)
        version = subprocess.run([str(prefix / "bin/runtask"), "--version"], capture_output=True, text=True, check=True)
        self.assertEqual(version.stdout, f"runtask {image.version()}\n")
        for name in [
            "bin/runtask-runner",
            "share/man/man1/runtask-check.1",
            "share/bash-completion/completions/runtask",
            "share/zsh/site-functions/_runtask",
            "share/fish/vendor_completions.d/runtask.fish",
            "share/runtask/runtask.schema.json",
            "share/doc/runtask/README.md",
            "share/doc/runtask/docs/install.md",
            "share/doc/runtask/LICENSE-MIT",
            "share/doc/runtask/NOTICES.txt",
            "share/doc/runtask/examples/unformatted/main.tf",
        ]:
            self.assertTrue((prefix / name).is_file(), name)
        notices = (prefix / "share/doc/runtask/NOTICES.txt").read_text()
        self.assertRegex(notices, r"(?m)^serde_json \S+: MIT OR Apache-2\.0$")
        self.assertNotIn("runtask-", notices)
        # As a person would who has nothing but the archive.
        example = prefix / "share/doc/runtask/examples/public-bucket"
        command = [str(prefix / "bin/runtask"), "check", str(example / "plan.json"), "--config", str(example / "runtask.toml"), "--task", "policy"]
        checked = subprocess.run(command, env={}, capture_output=True, text=True)
        self.assertEqual(checked.returncode, 1, checked.stderr)
        self.assertIn("public-s3-bucket", checked.stdout)

    def test_functions_unpack_to_where_infra_finds_them(self) -> None:
        made = self.made()
        zips = [self.file(f"{name}.zip", name.encode()) for name in ["request-handler", "callback-handler"]]
        layer = self.file("terraform-layer.zip", b"layer")
        with (
            mock.patch.object(made, "architectures", return_value=["arm64"]),
            mock.patch.object(package, "terraform_layers", return_value=[layer]),
            mock.patch.object(release_notices, "notices", return_value=b"licences"),
            mock.patch.object(package, "functions", autospec=True, side_effect=lambda *_, approvals, reports: [*zips, layer] if approvals else zips),
        ):
            made.functions()
        self.assertEqual([it.name for it in made.made], ["runtask-1.2.3-functions-arm64.tar.gz", "runtask-1.2.3-functions-approvals-arm64.tar.gz"])
        with tarfile.open(made.made[0]) as archive:
            self.assertEqual(archive.getnames(), ["NOTICES.txt", "arm64/callback-handler.zip", "arm64/request-handler.zip", "arm64/terraform-layer.zip"])

    def test_what_cannot_be_built_for_is_left_out_and_said(self) -> None:
        made = self.made()
        missing = SetupError("this Rust toolchain has no standard library for it")
        with mock.patch.object(package, "require_target", side_effect=[None, missing]):
            self.assertEqual(made.architectures(), ["x86_64"])
        self.assertEqual(made.left_out, [f"arm64: {missing}"])

    def test_sums_cover_everything_and_what_an_earlier_run_left_is_gone(self) -> None:
        made = self.made()
        (made.folder / "runtask-1.2.3-old.tar.gz").write_text("old")
        made.module()
        made.notes = lambda: None
        with mock.patch("builtins.print"):
            made.finish()
        self.assertEqual(sorted(it.name for it in made.folder.iterdir()), ["SHA256SUMS", "runtask-1.2.3-terraform.tar.gz"])
        self.assertEqual((made.folder / "SHA256SUMS").read_text(), release_archive.sums(made.made))

    def test_another_tag_than_the_versions_is_refused(self) -> None:
        said = io.StringIO()
        with mock.patch.object(sys, "argv", ["release.py", "--tag", "v9.9.9"]), mock.patch.object(sys, "stderr", said):
            self.assertEqual(release.main(), 2)
        self.assertIn(f"v{image.version()}", said.getvalue())

    def test_the_time_is_that_of_the_commit_or_the_one_that_is_named(self) -> None:
        with mock.patch.dict(os.environ, {"SOURCE_DATE_EPOCH": str(WHEN)}):
            self.assertEqual(release.commit_time(), WHEN)
        with mock.patch.dict(os.environ, {"SOURCE_DATE_EPOCH": "yesterday"}), self.assertRaises(SetupError):
            release.commit_time()


class Workflows(unittest.TestCase):
    def test_actions_are_pinned_by_commit_and_say_the_release(self) -> None:
        paths = [*ROOT.glob(".github/workflows/*.yml"), ROOT / "action.yml", ROOT / "docs/install.md"]
        used = [line.strip() for path in paths for line in path.read_text().splitlines() if re.match(r"\s*- uses:", line)]
        self.assertGreater(len(used), 6)
        pinned = re.compile(r"- uses: (?:[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|OWNER/REPOSITORY@COMMIT # v\d+\.\d+\.\d+)")
        self.assertEqual([it for it in used if not pinned.fullmatch(it)], [])

    def test_no_job_may_more_than_it_says_and_what_publishes_runs_nothing_of_ours(self) -> None:
        for path in ROOT.glob(".github/workflows/*.yml"):
            text = path.read_text()
            self.assertIn("\npermissions: {}\n", text, path.name)
            self.assertEqual(text.count("runs-on:"), len(re.findall(r"^    permissions:$", text, re.MULTILINE)), path.name)
        publish = (ROOT / ".github/workflows/release.yml").read_text().split("\n  publish:\n")[1]
        for word in ["checkout", "make ", "tools/", "cargo"]:
            self.assertNotIn(word, publish)


class Version(unittest.TestCase):
    def test_pages_show_the_present_version(self) -> None:
        shown = re.compile(r'(?:runtask|gitlab-runner):(\d+\.\d+\.\d+)|"version":"(\d[^"]*)"|runtask[ -](\d+\.\d+\.\d+)\b')
        paths = [*ROOT.glob("docs/*.md"), ROOT / "README.md", ROOT / "compose.yaml", ROOT / "compose.env.example", *ROOT.glob("infra/**/*.md")]
        old = {
            f"{path.relative_to(ROOT)}: {found.group()}"
            for path in paths
            for found in shown.finditer(path.read_text())
            if image.version() not in found.groups()
        }
        self.assertEqual(old, set())


if __name__ == "__main__":
    unittest.main()
