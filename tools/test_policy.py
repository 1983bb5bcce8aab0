"""Tests of policy.py: what is in the layer, that nothing but the files decides its bytes, and what is refused."""

from __future__ import annotations

import json
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
import policy  # noqa: E402

TASKS = """
[tasks.default]
checks = ["fmt"]

[tasks.net-policy]
checks = ["policy"]

[tasks.net-policy.policy]
paths = ["policies/", "builtin:public-s3-bucket"]
data = ["data/ports.json"]
"""


class Folder(unittest.TestCase):
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
            policy.read(directory)
        return str(caught.exception)


class Layers(Folder):
    def test_a_layer_holds_the_file_and_what_lies_below_it(self) -> None:
        archive, names = policy.write(policy.read(self.good()), self.folder / "package")
        with zipfile.ZipFile(archive) as zipped:
            self.assertEqual(
                zipped.namelist(),
                ["runtask/data/ports.json", "runtask/policies/deep/a.rego", "runtask/runtask.toml"],
            )
            self.assertEqual(zipped.read("runtask/runtask.toml").decode(), TASKS)
            modes = {stat.filemode(it.external_attr >> 16) for it in zipped.infolist()}
            self.assertEqual(modes, {"-rw-r--r--"})
        self.assertEqual(json.loads(names.read_text()), {"tasks": ["default", "net-policy"]})

    def test_only_names_and_bytes_decide_what_a_layer_is(self) -> None:
        first, second = self.good(modified=1_000_000_000), self.good(name="other", modified=1_700_000_000)
        (second / "policies/deep/a.rego").chmod(0o600)
        archives = [policy.write(policy.read(it), self.folder / f"to-{it.name}")[0] for it in [first, second]]
        self.assertEqual(archives[0].read_bytes(), archives[1].read_bytes())

    def test_what_is_hidden_is_left_out(self) -> None:
        directory = self.good()
        (directory / ".git").mkdir()
        (directory / ".git/config").write_text("")
        (directory / "policies/.a.rego.swp").write_text("")
        self.assertEqual(len(policy.read(directory).files), 3)

    def test_a_link_to_a_file_inside_is_that_file(self) -> None:
        directory = self.good()
        (directory / "policies/b.rego").symlink_to("deep/a.rego")
        self.assertEqual(policy.read(directory).files["runtask/policies/b.rego"], b"package main\n")

    def test_without_policies_those_of_an_earlier_run_are_removed(self) -> None:
        there = policy.write(policy.read(self.good()), self.folder)
        self.assertTrue(policy.remove(self.folder))
        self.assertFalse(policy.remove(self.folder))
        self.assertFalse(any(it.exists() for it in there))

    def test_package_makes_the_layer_only_when_asked(self) -> None:
        (archive,) = package.policies_layer(self.good(), self.folder)
        self.assertEqual(archive, self.folder / "policy.zip")
        with mock.patch("sys.stderr"):
            self.assertEqual(package.policies_layer(None, self.folder), [])
        self.assertFalse(archive.exists())


class Refusals(Folder):
    def test_a_directory_without_tasks(self) -> None:
        self.assertIn("there is no runtask.toml in", self.refused(self.folder))
        self.assertIn("there is no task in", self.refused(self.directory({"runtask.toml": "tasks = {}"})))

    def test_a_link_that_leads_out(self) -> None:
        directory = self.good()
        (self.folder / "secret").write_text("secret")
        for target in ["../../secret", "/etc/passwd", "nowhere", "deep"]:
            link = directory / "policies/link"
            link.symlink_to(target)
            self.assertIn("policies/link is a link", self.refused(directory), target)
            link.unlink()

    def test_what_is_no_file(self) -> None:
        directory = self.good()
        os.mkfifo(directory / "policies/pipe")
        self.assertIn("policies/pipe is neither a file nor a directory", self.refused(directory))

    def test_more_than_the_functions_read(self) -> None:
        directory = self.good()
        for limit, below in [("MAX_BYTES", 20), ("MAX_FILES", 2), ("MAX_FILE_BYTES", 20), ("MAX_DEPTH", 1)]:
            with mock.patch.object(policy, limit, below):
                self.assertRegex(self.refused(directory), "too much|too deep|are read")

    def test_a_path_that_the_layer_would_not_hold(self) -> None:
        for path in ["../policies", "/opt/policies", "polices/", "policies/../../x"]:
            text = TASKS.replace('"policies/"', f'"{path}"')
            directory = self.directory({"runtask.toml": text, "data/ports.json": "{}", "policies/a.rego": ""})
            self.assertIn(f"task net-policy: paths names '{path}'", self.refused(directory))

    def test_a_name_that_is_no_path_of_the_run_task(self) -> None:
        for name in ["Policy", "a/b", "-a", "healthz", "", "a" * 65]:
            directory = self.directory({"runtask.toml": f'[tasks."{name}"]\nchecks = ["fmt"]\n'})
            self.assertIn("cannot be the name of a task", self.refused(directory), name)

    def test_a_file_that_cannot_be_read(self) -> None:
        for text in ["[tasks", "tasks = " + "[" * 100_000]:
            self.assertIn("runtask.toml cannot be read", self.refused(self.directory({"runtask.toml": text})))

    def test_a_python_without_toml(self) -> None:
        with mock.patch.dict(sys.modules, {"tomllib": None}):
            self.assertIn("Python 3.11 or newer is needed", self.refused(self.good()))


class Semicolons(unittest.TestCase):
    def test_keys_in_one_line_are_read_as_the_functions_read_them(self) -> None:
        text = "a = 'x;y'; b = [1;2]; c = 2027-03-31; # d; e\nf = { g = 1; }\n"
        self.assertEqual(
            policy.one_key_a_line(text), "a = 'x;y'\n b = [1;2]\n c = 2027-03-31\n # d; e\nf = { g = 1; }\n"
        )

    def test_texts_stay_as_they_are(self) -> None:
        for text in ['a = """x;\n"y;" \\""";"""', "a = '''x;'\n;'''", r'a = "\";"']:
            self.assertEqual(policy.one_key_a_line(text), text)
        self.assertEqual(policy.one_key_a_line('a = "open ;'), 'a = "open \n')


if __name__ == "__main__":
    unittest.main()
