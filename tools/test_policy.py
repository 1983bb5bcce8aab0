"""Tests of policy.py: what is in the layer, that nothing but the files decides its bytes, and what is refused."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import package  # noqa: E402 (found through the line above)
import policy  # noqa: E402

def runtask() -> Path:
    """The command, as `make test` has built it: by itself it would have other features, and be built once more."""
    build = ["cargo", "build", "--locked", "--quiet", "--workspace", "--bins", "--message-format=json"]
    answer = subprocess.run(build, cwd=policy.ROOT, stdout=subprocess.PIPE, text=True, check=True)
    programs = (it["executable"] for it in map(json.loads, answer.stdout.splitlines()) if it.get("executable"))
    (program,) = (Path(it) for it in programs if Path(it).stem == "runtask")
    return program


TASKS = """
[tasks.default]
checks = ["fmt"]

[tasks.net-policy]
checks = ["policy"]

[tasks.net-policy.policy]
paths = ["policies/", "builtin:public-s3-bucket"]
data = ["data/ports.json"]
"""


DENIES = "package shared\n\nimport rego.v1\n\ndeny contains \"never\" if true\n"


class Folder(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.runtask = runtask()

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def directory(self, files: dict[str, str], name: str = "source", modified: int = 0) -> Path:
        directory = self.folder / name
        for path, content in files.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(content)
            os.utime(directory / path, (modified, modified))
        return directory

    def good(self, **named) -> Path:
        files = {"runtask.toml": TASKS, "policies/deep/a.rego": "package main\n", "data/ports.json": "{}"}
        return self.directory(files, **named)

    def refused(self, directory: Path) -> str:
        with self.assertRaises(policy.PolicyError) as caught:
            self.read(directory)
        return str(caught.exception)

    def read(self, directory: Path) -> policy.Layer:
        return policy.read(directory, self.runtask)


class Layers(Folder):
    def test_a_layer_holds_the_file_and_what_it_names(self) -> None:
        archive, names = policy.write(self.read(self.good()), self.folder / "package")
        with zipfile.ZipFile(archive) as zipped:
            self.assertEqual(
                zipped.namelist(),
                ["runtask/data/ports.json", "runtask/policies/deep/a.rego", "runtask/runtask.toml"],
            )
            self.assertEqual(zipped.read("runtask/runtask.toml").decode(), TASKS)
            modes = {stat.filemode(it.external_attr >> 16) for it in zipped.infolist()}
            self.assertEqual(modes, {"-rw-r--r--"})
        self.assertEqual(json.loads(names.read_text()), {"tasks": ["default", "net-policy"]})

    def test_what_is_shared_is_packed_as_it_is_pinned_and_starts_without_git_and_cache(self) -> None:
        shared = self.directory({"rules/a.rego": DENIES, "rules/README.md": "no policy"}, name="shared")
        git = ["git", "-C", str(shared), "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        for command in [["init", "--quiet", "--initial-branch=main"], ["add", "."], ["commit", "--quiet", "--message", "Add"]]:
            subprocess.run([*git, *command], check=True)
        source = f"git::file://{shared.resolve()}//rules?ref=main"
        directory = self.directory({"runtask.toml": f'[tasks.default]\nchecks = ["policy"]\npolicy.paths = ["{source}"]\n'})
        self.assertIn("no run task would start with this", self.refused(directory))
        cache = {"RUNTASK_CACHE_DIR": str(self.folder / "cache")}
        with mock.patch.dict(os.environ, cache):
            subprocess.run([self.runtask, "policy", "update"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
            (shared / "rules/a.rego").write_text("package moved\n")
            subprocess.run([*git, "commit", "--quiet", "--all", "--message", "Move"], check=True)
            archive, _names = policy.write(self.read(directory), self.folder / "package")
        unpacked = self.folder / "opt"
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(unpacked)
        names = sorted(it.relative_to(unpacked).as_posix() for it in unpacked.rglob("*") if it.is_file())
        self.assertEqual([names[0], *names[2:]], ["runtask/runtask.lock", "runtask/runtask.toml"])
        self.assertRegex(names[1], r"^runtask/runtask\.shared/sha256-[0-9a-f]{64}/a\.rego$")
        self.assertEqual((unpacked / names[1]).read_text(), DENIES)

        def starts() -> tuple[int, str]:
            # Nothing is set: there is no git to be found, and no cache.
            command = [self.runtask, "policy", "check", "--config", unpacked / "runtask/runtask.toml"]
            answer = subprocess.run(command, env={}, capture_output=True, text=True)
            return answer.returncode, answer.stdout + answer.stderr

        self.assertIn("a run task would start with 1 task", starts()[1])
        (unpacked / names[1]).write_text("package shared\n")
        code, said = starts()
        self.assertEqual(code, 2)
        self.assertIn("is not what runtask.lock pins", said)

    def test_only_names_and_bytes_decide_what_a_layer_is(self) -> None:
        first, second = self.good(modified=1_000_000_000), self.good(name="other", modified=1_700_000_000)
        (second / "policies/deep/a.rego").chmod(0o600)
        archives = [policy.write(self.read(it), self.folder / f"to-{it.name}")[0] for it in [first, second]]
        self.assertEqual(archives[0].read_bytes(), archives[1].read_bytes())

    def test_what_nothing_names_is_left_out(self) -> None:
        directory = self.good()
        for stranger in [".git/config", "policies/.a.rego.swp", "policies/README.md", "tfplan", "terraform.tfstate"]:
            (directory / stranger).parent.mkdir(exist_ok=True)
            (directory / stranger).write_text("secret")
        self.assertEqual(len(self.read(directory).files), 3)

    def test_a_path_may_have_dots_in_it(self) -> None:
        text = TASKS.replace('"policies/"', '"./policies/../policies"').replace('"data/', '"./data/')
        files = {"runtask.toml": text, "policies/deep/a.rego": "package main\ndeny contains 1 if false\n", "data/ports.json": "{}"}
        packed = self.read(self.directory(files)).files
        self.assertEqual(
            sorted(packed), ["runtask/data/ports.json", "runtask/policies/deep/a.rego", "runtask/runtask.toml"]
        )

    def test_a_link_to_a_file_inside_is_that_file(self) -> None:
        directory = self.good()
        (directory / "policies/b.rego").symlink_to("deep/a.rego")
        self.assertEqual(self.read(directory).files["runtask/policies/b.rego"], b"package main\n")

    def test_without_policies_those_of_an_earlier_run_are_removed(self) -> None:
        there = policy.write(self.read(self.good()), self.folder)
        self.assertTrue(policy.remove(self.folder))
        self.assertFalse(policy.remove(self.folder))
        self.assertFalse(any(it.exists() for it in there))

    def test_package_makes_the_layer_only_when_asked(self) -> None:
        with mock.patch.object(policy, "built", lambda: self.runtask):
            (archive,) = package.policies_layer(self.good(), self.folder)
        self.assertEqual(archive, self.folder / "policy.zip")
        with mock.patch("sys.stderr"):
            self.assertEqual(package.policies_layer(None, self.folder), [])
        self.assertFalse(archive.exists())


class Refusals(Folder):
    def test_a_directory_without_tasks(self) -> None:
        self.assertIn("there is no runtask.toml in", self.refused(self.folder))

    def test_what_no_run_task_would_start_with(self) -> None:
        """`runtask` says why on stderr; here it only has to be asked."""
        broken = {
            "no task": {"runtask.toml": "tasks = {}"},
            "no TOML": {"runtask.toml": "[tasks"},
            "a semicolon": {"runtask.toml": '[tasks.a]; checks = ["fmt"]'},
            "a wrong name": {"runtask.toml": '[tasks.Policy]\nchecks = ["fmt"]\n'},
            "a missing path": {"runtask.toml": TASKS, "policies/a.rego": "package main\n"},
            "no Rego": {"runtask.toml": TASKS, "policies/a.rego": "package main\ndeny {", "data/ports.json": "{}"},
            "no rule": {"runtask.toml": TASKS.replace(', "builtin:public-s3-bucket"', ""), "policies/a.rego": "package main\n", "data/ports.json": "{}"},
            "no JSON": {"runtask.toml": TASKS, "policies/a.rego": "package main\n", "data/ports.json": "{"},
        }
        for name, files in broken.items():
            directory = self.directory(files, name=name)
            self.assertIn("no run task would start with this", self.refused(directory), name)

    def test_a_link_that_leads_out(self) -> None:
        directory = self.good()
        (self.folder / "secret.rego").write_text("package secret\n")
        (directory / "policies/link.rego").symlink_to("../../secret.rego")
        self.assertIn("policies/link.rego is a link", self.refused(directory))

    def test_a_path_that_the_layer_would_not_hold(self) -> None:
        (self.folder / "policies").mkdir()
        (self.folder / "policies/a.rego").write_text("package main\n")
        for path in ["../policies", str(self.folder / "policies"), "data/../../policies"]:
            text = TASKS.replace('"policies/"', f'"{path}"')
            directory = self.directory({"runtask.toml": text, "data/ports.json": "{}"})
            self.assertIn("a layer holds only what is below", self.refused(directory), path)

    def test_a_runtask_that_is_none(self) -> None:
        with self.assertRaises(policy.PolicyError) as caught:
            policy.read(self.good(), self.folder / "nowhere")
        self.assertIn("cannot be run", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
