"""Tests of runner_image.py: what is in an image, with which modes, and that nothing else decides its bytes.

Packages are made here, as Debian's are; downloading them and building the functions is left to `make runner-image`.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import runner_image  # noqa: E402 (found through the line above)
import runner_image_try  # noqa: E402
from runner_image import COMMAND_PROGRAM, PROGRAM, TERRAFORM  # noqa: E402
from setup import ROOT  # noqa: E402


class Images(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def layer(self, name: str, files: dict[str, tuple[bytes, int]], modified: int = 0) -> Path:
        root = self.folder / name
        for path, (content, mode) in files.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(mode)
            os.utime(file, (modified, modified))
        return root

    def image(self, name: str, layers: list[Path]) -> Path:
        image = self.folder / name
        runner_image.write_image(image, layers, "x86_64", "gitlab-runner:1.2.3")
        return image

    def test_the_runner_may_be_executed_and_not_read_and_everything_is_roots(self) -> None:
        own = self.layer("own", {PROGRAM: (b"runner", 0o711), TERRAFORM: (b"terraform", 0o700), "etc/secret": (b"", 0o600), "bin/su": (b"", 0o4755)})
        (own / "link").symlink_to("etc/secret")
        entries = self.entries(self.image("image.tar", [own]))
        modes = {name: oct(entry.mode) for name, entry in entries.items() if entry.isreg()}
        self.assertEqual(modes, {PROGRAM: "0o711", TERRAFORM: "0o755", "etc/secret": "0o644", "bin/su": "0o755"})
        self.assertTrue(all((it.uid, it.gid) == (0, 0) for it in entries.values()))
        self.assertEqual(entries["link"].linkname, "etc/secret")
        self.assertTrue(all(it.mode & 0o555 == 0o555 for it in entries.values() if it.isdir()))

    def test_every_part_of_an_image_is_what_its_digest_says(self) -> None:
        image = self.image("image.tar", [self.layer("a", {"a": (b"1", 0o644)}), self.layer("b", {"b": (b"2", 0o644)})])
        with tarfile.open(image) as archive:
            files = {it.name: archive.extractfile(it).read() for it in archive.getmembers()}
        for name, content in files.items():
            if name.startswith("blobs/"):
                self.assertEqual(name, f"blobs/sha256/{hashlib.sha256(content).hexdigest()}")
        manifest, config = self.described(files)
        self.assertEqual(json.loads(files["oci-layout"]), {"imageLayoutVersion": "1.0.0"})
        self.assertEqual(config["architecture"], "amd64")
        self.assertEqual(config["config"]["Entrypoint"], [f"/{PROGRAM}"])
        self.assertIn("RUNNER_DIRECTORY=/tmp", config["config"]["Env"])
        for layer, digest in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
            packed = files[f"blobs/sha256/{layer['digest'].removeprefix('sha256:')}"]
            self.assertEqual(layer["size"], len(packed))
            self.assertEqual(digest, f"sha256:{hashlib.sha256(gzip.decompress(packed)).hexdigest()}")

    def test_only_names_modes_and_bytes_decide_what_an_image_is(self) -> None:
        first = self.image("first.tar", [self.layer("first", {"x/y": (b"1", 0o644), "a": (b"2", 0o755)}, 1_000_000_000)])
        second = self.image("second.tar", [self.layer("second", {"a": (b"2", 0o700), "x/y": (b"1", 0o600)}, 1_700_000_000)])
        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_the_image_has_what_jobs_of_terraform_call(self) -> None:
        """G-23"""
        self.assertLessEqual({"bash", "git", "unzip", "findutils", "diffutils", "hostname", "jq"}, set(runner_image.PACKAGES))

    def test_what_is_tried_is_the_root_file_system_of_the_image(self) -> None:
        """G-05"""
        first = self.layer("first", {"etc/a": (b"1", 0o644), "etc/b": (b"1", 0o644)})
        (first / "link").symlink_to("etc/b")
        image = self.image("image.tar", [first, self.layer("second", {"etc/b": (b"2", 0o644), PROGRAM: (b"runner", 0o711)})])
        root = self.folder / "root"
        config = runner_image_try.unpack(image, root)
        self.assertEqual(((root / "etc/a").read_text(), (root / "link").read_text()), ("1", "2"))
        self.assertEqual(oct((root / PROGRAM).stat().st_mode & 0o777), "0o711")
        self.assertEqual((config["Entrypoint"], config["User"]), ([f"/{PROGRAM}"], "65534:65534"))

    def test_the_programs_that_the_example_of_a_pipeline_calls_are_in_the_image(self) -> None:
        example = (ROOT / "examples/gitlab/.gitlab-ci.yml").read_text()
        called = {words[0] for it in example.splitlines() if (words := it.strip().removeprefix("- ").split()) and it.strip().startswith("- ")}
        called |= {it.split()[0] for it in example.split(" | ")[1:]}
        programs = {Path(it).name for it in [COMMAND_PROGRAM, TERRAFORM]}
        self.assertEqual(called - {"if:"}, programs)

    def test_what_installing_packages_would_do_is_done(self) -> None:
        certificates = "usr/share/ca-certificates/mozilla"
        files = {f"{certificates}/B.crt": b"bbb\n\n", f"{certificates}/A.crt": b"aaa", "usr/share/doc/x": b"text", "bin/dash": b"", "usr/bin/mawk": b""}
        root = self.layer("system", {name: (content, 0o644) for name, content in files.items()})
        runner_image.finish_system(root, ["ca-certificates_1_all"])
        self.assertEqual((root / "etc/ssl/certs/ca-certificates.crt").read_text(), "aaa\nbbb\n")
        self.assertEqual((os.readlink(root / "bin/sh"), os.readlink(root / "usr/bin/awk")), ("dash", "mawk"))
        self.assertIn("root:x:0:0:", (root / "etc/passwd").read_text())
        self.assertFalse((root / "usr/share/doc").exists())
        self.assertEqual((root / "usr/share/runner-packages.txt").read_text(), "ca-certificates_1_all\n")

    def entries(self, image: Path) -> dict[str, tarfile.TarInfo]:
        """What is in all layers."""
        with tarfile.open(image) as archive:
            files = {it.name: archive.extractfile(it).read() for it in archive.getmembers()}
        manifest, _config = self.described(files)
        found = {}
        for layer in manifest["layers"]:
            packed = files[f"blobs/sha256/{layer['digest'].removeprefix('sha256:')}"]
            with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
                found.update({it.name: it for it in tar.getmembers()})
        return found

    def described(self, files: dict[str, bytes]) -> tuple[dict, dict]:
        (described,) = json.loads(files["index.json"])["manifests"]
        blob = lambda it: json.loads(files[f"blobs/sha256/{it['digest'].removeprefix('sha256:')}"])  # noqa: E731
        manifest = blob(described)
        return manifest, blob(manifest["config"])


if __name__ == "__main__":
    unittest.main()
