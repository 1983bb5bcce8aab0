"""Tests of docs/runtask.schema.json, what `runtask schema` prints: editors believe of runtask.toml what reading it says.

The schema is made of the tables by which a file is read, so what is tested is that each key is read as its table says: with a
value of each kind, by the program that `cargo build` has made, and by the validator of JSON Schema that checkov brings along."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from package import target_directory  # noqa: E402 (found through the line above)
from setup import BIN, ROOT  # noqa: E402

PROGRAM = target_directory() / "debug" / "runtask"
SCHEMA = ROOT / "docs/runtask.schema.json"
VALIDATOR = Path(os.environ.get("RUNTASK_TOOLS") or BIN).parent / "scan" / "bin" / "python"
# Reads one document a line, and answers each with a list of what is wrong with it.
VALIDATE = """\
import json, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
for line in sys.stdin:
    errors = Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER).iter_errors(json.loads(line))
    print(json.dumps([f"{'.'.join(map(str, it.absolute_path))}: {it.message}" for it in errors]))
"""


def problems(documents: list[object]) -> list[list[str]]:
    """What the schema says is wrong with each, with days as texts, as taplo gives them to a validator."""
    as_text = lambda it: it.isoformat() if isinstance(it, (datetime.date, datetime.time)) else str(it)  # noqa: E731
    lines = "\n".join(json.dumps(it, default=as_text) for it in documents)
    answer = subprocess.run([str(VALIDATOR), "-c", VALIDATE, str(SCHEMA)], input=lines, capture_output=True, text=True)
    if answer.returncode != 0:
        raise AssertionError(f"{VALIDATOR} failed; `make setup` makes it:\n{answer.stderr}")
    return [json.loads(line) for line in answer.stdout.splitlines()]


def read(text: str) -> tuple[int, str]:
    """What the program says of a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runtask.toml"
        path.write_text(text)
        (Path(folder) / "policies").mkdir()
        command = [str(PROGRAM), "policy", "files", "--config", str(path)]
        answer = subprocess.run(command, env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return answer.returncode, answer.stderr


def written(value: object) -> str:
    """A value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {written(it)}" for key, it in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(written(it) for it in value) + "]"
    return value.isoformat() if isinstance(value, datetime.date) else json.dumps(value)


def leaves(schema: dict, path: tuple = ()) -> list[tuple[tuple, dict]]:
    """Every key that holds no table of ours, by the names that lead there; a list of tables is a step with the number 0."""
    found = []
    for name, below in schema.get("properties", {}).items():
        inner, step = below, (name,)
        if isinstance(below.get("additionalProperties"), dict):
            inner, step = below["additionalProperties"], (name, "some")
        elif below.get("type") == "array" and below["items"].get("type") == "object":
            inner, step = below["items"], (name, 0)
        found += leaves(inner, path + step) if "properties" in inner else [(path + step, inner)]
    return found


def at(path: tuple, value: object) -> dict:
    """A document that holds a value at a path, and nothing else."""
    value = {**beside(path), path[-1]: value}
    for step in reversed(path[:-1]):
        value = [value] if step == 0 else {step: value}
    return value


# Keys beside others without which those are not read: what a channel or a proxy has depends on its kind.
KINDS = {
    "secret": "webhook", "previous_secret": "webhook", "key": "datadog", "site": "datadog", "tags": "datadog",
    "bus": "eventbridge", "event": "pagerduty", "region": "pagerduty", "severity": "pagerduty", "team": "cloudflare", "audience": "iap",
}


def beside(path: tuple) -> dict:
    """What has to stand beside a key for it to be read."""
    *above, key = path
    match above:
        case ["notify", "some"]:
            return {"kind": KINDS.get(key, "slack"), "secret": "env:A"} if key == "previous_secret" else {"kind": KINDS.get(key, "slack")}
        case ["approval", "proxy"]:
            return {"kind": KINDS.get(key, "alb"), **({"issuer": "https://accounts.google.com"} if key == "domain" else {})}
        case ["approval", "oidc"]:
            return {"issuer": "https://accounts.google.com" if key == "domain" else "https://login.example.com", "client_id": "x"}
        case [*_, "scanner", 0]:
            return {"profile": "sarif"}
    return {}


def example(schema: dict) -> object:
    """A value that the schema accepts."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("format") == "date":
        return datetime.date(2027, 3, 31)
    if schema.get("type") == "array":
        return [example(schema["items"])]
    return {"string": "x", "boolean": True, "integer": schema.get("minimum"), None: "anything"}[schema.get("type")]


class Schema(unittest.TestCase):
    def setUp(self) -> None:
        self.assertTrue(PROGRAM.exists(), f"{PROGRAM} is missing: run `cargo build --package runtask-cli` first")
        self.schema = json.loads(SCHEMA.read_text())

    def test_the_page_is_what_the_program_prints(self) -> None:
        printed = subprocess.run([str(PROGRAM), "schema"], capture_output=True, text=True, check=True).stdout
        self.assertEqual(SCHEMA.read_text(), printed, "run `runtask schema > docs/runtask.schema.json`")

    def test_every_example_and_every_page_is_accepted(self) -> None:
        files = subprocess.run(["git", "ls-files", "*runtask.toml"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
        texts = {name: (ROOT / name).read_text() for name in files.split()}
        self.assertGreater(len(texts), 2)
        for page in [*ROOT.glob("docs/*.md"), ROOT / "README.md"]:
            for number, block in enumerate(re.findall(r"^```toml(?: run>\S+)?\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)):
                if re.search(r"^\[\[?(tasks|notify|approval)\b", block, re.MULTILINE):
                    texts[f"{page.name} {number}"] = block
        self.assertGreater(len(texts), 10)
        documents = {name: tomllib.loads(text) for name, text in texts.items()}
        for (name, document), found in zip(documents.items(), problems(list(documents.values()))):
            # A page shows a part of a file.
            wrong = [it for it in found if not (name.partition(" ")[0].endswith(".md") and "is a required property" in it)]
            self.assertEqual(wrong, [], name)

    def test_each_key_is_read_as_its_table_says(self) -> None:
        """Of every key, a right value is not refused for its kind, by either; a wrong one is, by both."""
        keys = leaves(self.schema)
        self.assertGreater(len(keys), 100)
        for path, schema in keys:
            name = next(step for step in reversed(path) if step not in (0, "some"))
            if schema.keys() <= {"description"}:
                continue
            right = example(schema)
            wrong = [True if schema.get("format") == "date" else datetime.date(2027, 3, 31)]
            if "enum" in schema:
                wrong.append("neither")
            if schema.get("type") == "integer":
                wrong += [schema["maximum"] + 1, "1"]
            for value, is_right in [(right, True), *((it, False) for it in wrong)]:
                code, said = read("".join(f"{key} = {written(it)}\n" for key, it in at(path, value).items()))
                self.assertIn(code, (0, 2), f"{path}: {said}")
                of_its_kind = re.findall(r"(?:`[^`]*`|each of `[^`]*`) is an? .* must be |must be from|is no word for|true or false and must be", said)
                if is_right:
                    self.assertEqual(of_its_kind, [], f"{path} = {value}: {said}")
                    self.assertNotIn("unknown key", said)
                else:
                    self.assertNotEqual(of_its_kind, [], f"{path} = {value}, of {name}: {said}")

    def test_what_tests_read_without_an_error_is_accepted(self) -> None:
        """Whatever files the tests of the crates hold: what the schema refuses, reading refuses as well."""
        documents = {}
        for path in ROOT.glob("crates/*/**/*.rs"):
            source = path.read_text()
            raw = re.findall(r'r(#+)"(.*?)"\1', source, re.DOTALL)
            plain = re.findall(r'(?<!#)"((?:[^"\\]|\\.)*)"', source)
            plain = [re.sub(r"\\\n\s*", "", it).replace("\\n", "\n").replace('\\"', '"') for it in plain]
            for text in [it for _, it in raw] + plain:
                if re.search(r"^\[tasks\.", text, re.MULTILINE):
                    try:
                        documents[text] = tomllib.loads(text)
                    except tomllib.TOMLDecodeError:
                        continue
        self.assertGreater(len(documents), 25)
        refused = [text for text, found in zip(documents, problems(list(documents.values()))) if found]
        self.assertGreater(len(refused), 5)
        for text in refused:
            code, said = read(text)
            self.assertEqual(code, 2, f"{text}\n{said}")

    def test_both_refuse_the_same_kinds_of_mistakes(self) -> None:
        good = '[tasks.a]\nchecks = ["fmt", "policy"]\nstages = ["post_plan"]\n[tasks.a.policy]\npaths = ["builtin:all"]\n'
        for wrong in [
            "",
            "[tasks]\n",
            good.replace("checks", "check"),
            good.replace("post_plan", "postplan"),
            good.replace('["post_plan"]', '"post_plan"'),
            good.replace('["post_plan"]', "[]"),
            good.replace('["post_plan"]', '["post_plan", "post_plan"]'),
            good.replace('"fmt"', '""'),
            good.replace("paths", "path"),
            good + "time_limit_ms = 99\n",
            good + 'unknown = "maybe"\n',
            good + "[[tasks.a.policy.exceptions]]\nrule = \"x\"\naddress = \"y\"\n",
            good + "[notify.ops]\non = [\"failed\"]\n",
            good + "[other]\n",
        ]:
            code, said = read(wrong)
            self.assertEqual(code, 2, wrong)
            self.assertNotEqual(problems([tomllib.loads(wrong)]), [[]], f"{wrong}\n{said}")
        self.assertEqual(read(good)[0], 0, read(good)[1])
        self.assertEqual(problems([tomllib.loads(good)]), [[]])


if __name__ == "__main__":
    unittest.main()
