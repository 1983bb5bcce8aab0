"""Tests of the pages: what they tell a reader to type is typed, and what they say comes out must come out.

page_blocks.py says how a page marks what is typed. Pages that take a release are typed by test_try_release.py.
Needs what `cargo build --workspace --bins` builds, and terraform, as in `make test`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import page_blocks  # noqa: E402 (found through the line above)
from package import target_directory  # noqa: E402
from page_blocks import BlockError, Shell, Step, is_as_shown, needs_release, problem, steps, typed  # noqa: E402
from setup import BIN, ROOT  # noqa: E402
from test_links import pages  # noqa: E402

PATH = [target_directory() / "debug", BIN, os.environ["PATH"]]


class Pages(unittest.TestCase):
    maxDiff = None

    def test_what_pages_say_to_type_does_what_they_say(self) -> None:
        ran = {}
        for page in pages():
            if needs_release(page.read_text()):
                continue
            with self.subTest(page=str(page.relative_to(ROOT))), tempfile.TemporaryDirectory() as directory:
                count, wrong = typed(page, Shell(Path(directory), PATH))
                if count:
                    ran[page.name] = count
                self.assertIsNone(wrong, wrong)
        # Whoever changes how blocks are marked would else test nothing.
        self.assertGreater(len(ran), 5, ran)
        self.assertGreater(ran["policies.md"], 15, ran)


class Reading(unittest.TestCase):
    def test_blocks_that_are_marked_are_steps(self) -> None:
        page = (
            "```sh run\ntrue\n```\n\n```sh\nfalse\n```\n   ```toml run>a/b.toml\n   c = 1\n     d\n   ```\n"
            "<!-- run\nsecret\n-->\n```console run\n$ echo \\\n  a\na\n$ true\n```\n"
        )
        found = [(it.line, it.command, it.prints) for it in steps(page)]
        self.assertEqual(found[0], (1, "true\n", None))
        self.assertEqual(found[1], (8, "mkdir -p \"$(dirname 'a/b.toml')\"\ncat > 'a/b.toml' <<'END OF BLOCK'\nc = 1\n  d\nEND OF BLOCK\n", None))
        self.assertEqual(found[2:], [(12, "secret\n", None), (15, "echo \\\n  a\n", "a\n"), (15, "true\n", "")])

    def test_what_is_left_out_may_be_anything_and_the_rest_may_not(self) -> None:
        for shown, printed, expected in [
            ("a\n", "a\n", True),
            ("a\n", "a\nb\n", False),
            ("a\n…\n", "a\nb\nc\n", True),
            ("a … c\n", "a b c\n", True),
            ("a … c\n", "a\nc\n", False),
            ("…\nc\n", "b\nd\n", False),
            ("(a)\n", "a\n", False),
            ("", "", True),
            ("", "a\n", False),
        ]:
            with self.subTest(shown=shown, printed=printed):
                self.assertEqual(is_as_shown(shown, printed), expected)

    def test_a_command_that_fails_is_noticed(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shell = Shell(Path(directory), PATH)
            for step in [Step(1, "false\ntrue\n"), Step(1, "true\n", "a\n"), Step(1, "nonexistent-program\n")]:
                self.assertIsNotNone(problem(step, *shell.run(step)), step)

    def test_what_goes_on_is_stopped_once_it_listens(self) -> None:
        command = "export A=1; trap 'echo bye; exit' TERM; echo listening on $A; sleep 60 & wait"
        [shown] = steps(f"```console run&\n$ {command}\nlistening on …\n```\n")
        [typed_alone] = steps(f"```sh run&\n{command}\n```\n")
        with tempfile.TemporaryDirectory() as directory:
            shell = Shell(Path(directory), PATH)
            for step in [shown, typed_alone]:
                self.assertEqual(shell.run(step), (0, "listening on 1\n"))
                self.assertEqual(shell.run(Step(1, "echo $A\n")), (0, "1\n"))
            with mock.patch.object(page_blocks, "SECONDS", 0.2):
                for command in ["echo listening\n", "echo listening; sleep 60\n"]:
                    for prints in ["listening\n", None]:
                        step = Step(1, command, prints, goes_on=True)
                        self.assertIsNotNone(problem(step, *shell.run(step)), step)
        with self.assertRaises(BlockError):
            list(steps("```console run&\n$ true\n$ true\n```\n"))

    def test_where_one_went_and_what_one_exported_stays(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shell = Shell(Path(directory), PATH)
            self.assertEqual(shell.run(Step(1, "mkdir 'a b'; cd 'a b'; export C=\"it's\"\n")), (0, ""))
            self.assertEqual(shell.run(Step(2, "basename \"$PWD\"; echo $C; false\n", "")), (1, "a b\nit's\n"))
            self.assertEqual(shell.run(Step(3, "basename \"$PWD\"\n")), (0, "a b\n"))


if __name__ == "__main__":
    unittest.main()
