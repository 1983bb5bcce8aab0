"""Tests of image.py, without a container engine: what goes into the image runs as it does in a container, and what is wrong
with an image is found. `make image` builds it, and tries it in the same way."""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image  # noqa: E402 (found through the line above)
import image_look  # noqa: E402
import image_try  # noqa: E402
import package  # noqa: E402
from setup import terraform_platform  # noqa: E402

ENVIRONMENT = {"PATH": "/usr/local/bin", "RUNTASK_LISTEN": "0.0.0.0:8080", "RUNTASK_LOG_FORMAT": "json"}


def config() -> dict:
    """What an image is set to, if nothing is wrong with it."""
    label = "org.opencontainers.image."
    return {
        "User": "65532:65532",
        "Entrypoint": ["/usr/local/bin/runtask"],
        "Cmd": ["serve"],
        "ExposedPorts": {"8080/tcp": {}},
        "Healthcheck": {"Test": ["CMD", "/usr/local/bin/runtask", "healthcheck"]},
        "Env": [f"{name}={value}" for name, value in ENVIRONMENT.items()],
        "Labels": {label + it: "1" for it in ["title", "description", "version", "revision", "licenses"]},
    }


class Folder(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        os.chmod(self.folder, 0o755)


class Runs(Folder):
    """T-51: not as root, on a root file system that cannot be written to, a whole run."""

    def test_what_goes_into_the_image_checks_runs_in_a_container(self) -> None:
        program = package.target_directory() / "debug" / "runtask"
        self.assertTrue(program.exists(), "run `cargo build --workspace --bins` first")
        small = package.stripped(program, self.folder / "runtask")
        terraform = package.pinned_terraform(terraform_platform())
        image.assemble(self.folder / "context", small, terraform, image.NO_BASE)
        root = self.folder / "context" / "runtask"
        image_try.try_out(root, program, ENVIRONMENT, with_terraform=False)
        # The other image has the same and one folder more.
        (self.folder / "context/terraform/usr/local/bin/terraform").rename(root / "usr/local/bin/terraform")
        image_try.try_out(root, program, ENVIRONMENT, with_terraform=True)
        outside = image_try.inside(root, ["/usr/local/bin/runtask", "serve", "--listen", "0"])
        with self.assertRaisesRegex(image_try.TryError, "HMAC_KEY is not set"):
            image_try.expect(0, outside, ENVIRONMENT, "serve without a key")


class Containerfile(unittest.TestCase):
    def test_it_sets_what_an_image_is_looked_at_for(self) -> None:
        text = image.CONTAINERFILE.read_text()
        for setting in [f"USER {image_look.USER}", 'CMD ["/usr/local/bin/runtask", "healthcheck"]', "EXPOSE 8080"]:
            self.assertIn(setting, text)
        for name, value in ENVIRONMENT.items():
            self.assertIn(f"{name}={value}", text)
        for target in image.TARGETS:
            self.assertIn(f" AS {target}\n", text)


class Looks(Folder):
    def archive(self, settings: dict, files: dict[str, dict]) -> Path:
        """An archive as `docker save` writes it, of one layer."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as inner:
            for name, attributes in files.items():
                entry = tarfile.TarInfo(name)
                entry.mode = 0o755
                for attribute, value in attributes.items():
                    setattr(entry, attribute, value)
                inner.addfile(entry)
        path = self.folder / "image.tar"
        manifest = [{"Config": "config.json", "Layers": ["layer.tar"]}]
        with tarfile.open(path, "w") as outer:
            for name, data in [
                ("manifest.json", json.dumps(manifest).encode()),
                ("config.json", json.dumps({"config": settings}).encode()),
                ("layer.tar", layer.getvalue()),
            ]:
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                outer.addfile(entry, io.BytesIO(data))
        return path

    def problems(self, settings: dict, files: dict[str, dict], expected: set[str] | None) -> list[str]:
        return image_look.problems(image_look.read(self.archive(settings, files)), "1", expected)

    TMP = {"tmp/": {"type": tarfile.DIRTYPE, "mode": 0o1777}}

    def test_an_image_as_it_should_be_has_no_problems(self) -> None:
        self.assertEqual(self.problems(config(), {"a": {}, **self.TMP}, {"a"}), [])
        self.assertEqual(self.problems(config(), {"of a base": {"mode": 0o4777}}, None), [])

    def test_every_setting_that_is_missing_is_told(self) -> None:
        for name in ["User", "Entrypoint", "Cmd", "ExposedPorts", "Healthcheck"]:
            settings = config()
            del settings[name]
            [problem] = self.problems(settings, {}, None)
            self.assertTrue(problem.startswith(f"{name} is "), problem)
        settings = config()
        settings["Labels"] = {}
        self.assertEqual(len(self.problems(settings, {}, None)), 6)

    def test_files_that_are_missing_odd_or_open_to_others_are_told(self) -> None:
        files = {"b": {}, "c": {"mode": 0o4755}, "d": {"mode": 0o666}, "e": {"uid": 1000}}
        self.assertEqual(
            self.problems(config(), files, {"a", "c", "d", "e"}),
            [
                "a is missing",
                "b should not be there",
                "c changes who runs it",
                "d can be written by others",
                "e belongs to 1000:0",
                "tmp is not there for everybody",
            ],
        )


if __name__ == "__main__":
    unittest.main()
