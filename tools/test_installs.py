"""Tests of the ways to install it in CI: the shell steps of action.yml, the component in templates/, and the hooks for
pre-commit, each with the program that `cargo build` has made, and a release on a server of this machine."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image  # noqa: E402 (found through the line above)
import release_archive  # noqa: E402
from package import target_directory  # noqa: E402
from release import this_architecture  # noqa: E402
from setup import ROOT  # noqa: E402

VERSION = image.version()
ARCHIVE = f"runtask-{VERSION}-{this_architecture()}-linux.tar.gz"
PROGRAM = target_directory() / "debug" / "runtask"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        pass


class Published(unittest.TestCase):
    """A folder of a release, served; the archive holds a program that becomes the real one."""

    def setUp(self) -> None:
        self.assertTrue(PROGRAM.exists(), f"{PROGRAM} is missing: run `cargo build --package runtask-cli` first")
        for name in ["bash", "curl", "git", "tar"]:
            self.assertTrue(shutil.which(name), f"there is no {name}, which jobs in CI have: install it")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.release = self.folder / "release"
        self.release.mkdir()
        program = self.folder / "runtask"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(PROGRAM))} "$@"\n')
        program.chmod(0o755)
        release_archive.write_tar(self.release / ARCHIVE, ARCHIVE.removesuffix(".tar.gz"), {"bin/runtask": program}, 0)
        self.sums = release_archive.sums([self.release / ARCHIVE])
        (self.release / "SHA256SUMS").write_text(self.sums)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=self.release))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.address = f"http://127.0.0.1:{server.server_address[1]}/"
        self.work = self.folder / "work"
        shutil.copytree(ROOT / "examples/unformatted", self.work)

    def comments(self) -> tuple[str, list[str]]:
        """The address of a server that keeps comments as GitHub does, in a job, and as GitLab does below /api/v4; and what it keeps."""
        kept: list[str] = []

        class Forge(Quiet):
            def answer(self, status: int, body: object) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def do_GET(self) -> None:
                if self.path == "/user":
                    self.answer(403, {})
                else:
                    self.answer(200, {"id": 7} if self.path.endswith("/user") else [])

            def do_POST(self) -> None:
                kept.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["body"])
                self.answer(201, {"id": 1})

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forge)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_address[1]}", kept

    def break_archive(self) -> None:
        with open(self.release / ARCHIVE, "ab") as archive:
            archive.write(b"more")


class Action(Published):
    def steps(self) -> list[str]:
        """The scripts of action.yml, in order."""
        found = re.findall(r"^      run: \|\n((?:        .*\n|\n)+)", (ROOT / "action.yml").read_text(), re.MULTILINE)
        return [textwrap.dedent(it) for it in found]

    def run_steps(self, **inputs: str) -> tuple[int, str, str, str]:
        """Runs the steps as GitHub does, up to the first that fails: exit code, log, outputs, summary."""
        given = {
            "VERSION": VERSION, "FROM": self.address, "SHA256": "", "SERVER": "http://127.0.0.1:9", "REPOSITORY": "o/r",
            "COMMAND": "fmt", "PATHS": ".", "ARGUMENTS": "", "SUMMARY": "true", "COMMENT": "false", "GITHUB_TOKEN": "", **inputs,
        }
        files = {name: self.folder / name.lower() for name in ["GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]}
        for file in files.values():
            file.write_text("")
        runner = self.folder / "runner"
        runner.mkdir(exist_ok=True)
        environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(runner), **given, **{name: str(path) for name, path in files.items()}}
        code, log = 0, ""
        for script in self.steps():
            path = self.folder / "step.sh"
            path.write_text(script)
            added = files["GITHUB_PATH"].read_text().split()
            environment["PATH"] = os.pathsep.join([*added, os.environ["PATH"]])
            answer = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(path)],
                cwd=self.work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            )
            code, log = answer.returncode, log + answer.stdout + answer.stderr
            if code != 0:
                break
        return code, log, files["GITHUB_OUTPUT"].read_text(), files["GITHUB_STEP_SUMMARY"].read_text()

    def test_what_is_not_formatted_is_annotated_and_fails(self) -> None:
        code, log, output, summary = self.run_steps()
        self.assertEqual((code, output), (1, "verdict=failed\n"), log)
        self.assertIn("::error file=main.tf,", log)
        self.assertIn("## Run task: failed", summary)

    def test_the_result_is_shown_as_a_comment_where_that_is_asked_for(self) -> None:
        address, comments = self.comments()
        event = self.folder / "event.json"
        event.write_text('{"pull_request": {"number": 5}}')
        job = {
            "COMMENT": "true", "GITHUB_TOKEN": "a-token", "GITHUB_REPOSITORY": "acme/net", "GITHUB_EVENT_PATH": str(event),
            "GITHUB_API_URL": address,
        }
        code, log, _, summary = self.run_steps(**job)
        self.assertEqual(code, 1, log)
        self.assertEqual(comments, [f"<!-- runtask comment: check -->\n{summary}"])
        # Without the right to, the verdict is the same.
        code, log, output, _ = self.run_steps(**{**job, "GITHUB_API_URL": "http://127.0.0.1:9"})
        self.assertEqual((code, output), (1, "verdict=failed\n"), log)
        self.assertIn("::warning title=runtask::", log)

    def test_what_is_formatted_passes_and_paths_and_arguments_are_one_a_line(self) -> None:
        shutil.copytree(ROOT / "examples/formatted", self.work / "two words")
        code, log, output, summary = self.run_steps(PATHS="\ntwo words\n", SUMMARY="false")
        self.assertEqual((code, output, summary), (0, "verdict=passed\n", ""), log)
        plan = ROOT / "examples/public-bucket/plan.json"
        config = ROOT / "examples/public-bucket/runtask.toml"
        code, log, _, summary = self.run_steps(COMMAND="check", PATHS=str(plan), ARGUMENTS=f"--config\n{config}\n--task\npolicy")
        self.assertEqual(code, 1, log)
        self.assertIn("public-s3-bucket", summary)

    def test_an_archive_that_is_another_is_deleted_and_not_run(self) -> None:
        self.break_archive()
        for inputs in [{}, {"SHA256": self.sums.split()[0]}]:
            code, log, output, _ = self.run_steps(**inputs)
            self.assertEqual((code, output), (2, ""), log)
            self.assertIn("is not what its SHA-256 says", log)
            self.assertEqual(list(self.folder.glob("runner/*/*.tar.gz")), [])
            self.assertEqual(list(self.folder.glob("runner/*/bin")), [])

    def test_sums_that_a_user_gives_are_enough_and_others_are_not_believed(self) -> None:
        (self.release / "SHA256SUMS").unlink()
        self.assertEqual(self.run_steps(SHA256=self.sums.split()[0])[0], 1)
        code, log, *_ = self.run_steps()
        self.assertEqual(code, 2, log)
        (self.release / "SHA256SUMS").write_text(self.sums.replace(ARCHIVE, "another.tar.gz"))
        self.assertIn("does not list", self.run_steps()[1])

    def test_inputs_that_are_none_are_refused_and_not_obeyed(self) -> None:
        marker = self.folder / "obeyed"
        for inputs in [{"VERSION": f"$(touch {marker})"}, {"SHA256": "abc"}, {"COMMAND": f"x; touch {marker}"}, {"PATHS": f"$(touch {marker})"}]:
            code, log, *_ = self.run_steps(**inputs)
            self.assertEqual(code, 2, log)
        self.assertFalse(marker.exists())

    def test_no_input_is_a_part_of_a_script(self) -> None:
        self.assertEqual(len(self.steps()), 2)
        self.assertEqual([it for it in self.steps() if "${{" in it], [])

    def test_a_version_that_is_not_there_is_told(self) -> None:
        code, log, *_ = self.run_steps(VERSION="9.9.9")
        self.assertEqual(code, 2)
        self.assertIn("could not be downloaded", log)


class Component(Published):
    def run_pipeline(self, sha256: str = "", variables: dict[str, str] | None = None) -> tuple[int, str]:
        """Runs the job with gitlab-ci-local, in a shell of this machine; it comments where variables say in what."""
        (self.work / "templates").mkdir(exist_ok=True)
        component = (ROOT / "templates/check.yml").read_text()
        # There is no engine for images; without one, the job has a shell of this machine.
        (self.work / "templates/check.yml").write_text(component.replace("  image: $[[ inputs.image ]]\n", ""))
        (self.work / ".gitlab-ci.yml").write_text(
            "include:\n"
            "  - local: templates/check.yml\n"
            f'    inputs: {{from: "{self.address}", version: "{VERSION}", sha256: "{sha256}", arguments: ".", job-name: style, comment: true}}\n'
        )
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
        for arguments in [["init", "-q"], ["add", "."], ["commit", "-qm", "A configuration"]]:
            if arguments[0] != "init" or not (self.work / ".git").exists():
                subprocess.run([*git, *arguments], cwd=self.work, check=arguments[0] != "commit", capture_output=True)
        # The same stand-in for rsync as where that program judges the runner.
        first = [os.environ.get("RUNTASK_TOOLS", str(ROOT / ".tools/bin")), str(ROOT / ".tools/bin"), str(ROOT / "crates/gitlab-runner-command/tests/judge")]
        environment = {
            "PATH": os.pathsep.join([*first, os.environ["PATH"]]),
            "HOME": str(self.folder / "home"), "RUNTASK_CHECKS": "fmt", "RUNTASK_FMT_ENGINE": "native",
        }
        answer = subprocess.run(
            ["gitlab-ci-local", *(it for name, value in (variables or {}).items() for it in ["--variable", f"{name}={value}"]), "style"],
            cwd=self.work, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        return answer.returncode, answer.stdout + answer.stderr

    def test_the_job_checks_and_leaves_a_report_of_tests(self) -> None:
        code, log = self.run_pipeline()
        self.assertNotEqual(code, 0, log)
        self.assertIn("main.tf", log)
        [junit] = self.work.rglob("runtask-junit")
        self.assertIn("<failure", junit.read_text())
        [quality] = self.work.rglob("runtask-gitlab")
        self.assertEqual({it["location"]["path"] for it in json.loads(quality.read_text())}, {"main.tf", "modules/network/main.tf"})
        for file in (ROOT / "examples/formatted").rglob("*.tf"):
            shutil.copy(file, self.work / file.relative_to(ROOT / "examples/formatted"))
        code, log = self.run_pipeline(self.sums.split()[0])
        self.assertEqual(code, 0, log)

    def test_the_result_is_shown_as_a_comment_in_a_merge_request(self) -> None:
        address, comments = self.comments()
        job = {"CI_MERGE_REQUEST_IID": "5", "CI_PROJECT_ID": "3", "CI_API_V4_URL": f"{address}/api/v4", "GITLAB_TOKEN": "a-token"}
        code, log = self.run_pipeline(variables=job)
        self.assertNotEqual(code, 0, log)
        self.assertEqual([it.splitlines()[:2] for it in comments], [["<!-- runtask comment: check -->", "## Run task: failed"]], log)

    def test_an_archive_that_is_another_is_not_run(self) -> None:
        self.break_archive()
        code, log = self.run_pipeline()
        self.assertNotEqual(code, 0, log)
        self.assertIn("is not what its SHA-256 says", log)
        self.assertNotIn("main.tf", log)


class Hooks(Published):
    def hooks(self) -> dict[str, dict[str, str]]:
        blocks = (ROOT / ".pre-commit-hooks.yaml").read_text().split("\n- ")[1:]
        pairs = [dict(re.findall(r"^ *([a-z_]+): (.*)$", block, re.MULTILINE)) for block in blocks]
        return {it["id"]: it for it in pairs}

    def run_hook(self, hook: dict[str, str], files: list[str]) -> int:
        command = [*shlex.split(hook["entry"]), *(files if hook.get("pass_filenames") != "false" else [])]
        environment = {"PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}", "RUNTASK_FMT_ENGINE": "native"}
        return subprocess.run(command, cwd=self.work, env=environment, stdin=subprocess.DEVNULL, capture_output=True).returncode

    def test_hooks_check_and_format(self) -> None:
        hooks = self.hooks()
        self.assertEqual(sorted(hooks), ["runtask-check", "runtask-fmt"])
        files = [str(it.relative_to(self.work)) for it in self.work.rglob("*") if re.search(hooks["runtask-fmt"]["files"], str(it))]
        self.assertGreater(len(files), 1)
        self.assertEqual(self.run_hook(hooks["runtask-check"], files), 1)
        self.assertEqual(self.run_hook(hooks["runtask-fmt"], files), 0)
        self.assertEqual(self.run_hook(hooks["runtask-check"], files), 0)


class Documented(unittest.TestCase):
    def test_what_is_installed_by_default_is_this_version(self) -> None:
        for name in ["action.yml", "templates/check.yml"]:
            self.assertIn(f"default: {VERSION}\n", (ROOT / name).read_text())


if __name__ == "__main__":
    unittest.main()
