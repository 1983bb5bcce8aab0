"""Tests of make_plans.py: what it keeps of a plan; that the kept plans are what their README says. None is made."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any, Iterator
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import make_plans  # noqa: E402 (found through the line above)
from setup import SetupError  # noqa: E402

PLANS = make_plans.PLANS
README = (PLANS / "README.md").read_text()


def normalise(**plan: Any) -> dict[str, Any]:
    return make_plans.normalise(plan, Path("/tmp/plan-x7"))


def made() -> dict[str, str]:
    return {it.parent.name: it.read_text() for it in sorted(PLANS.glob("*/plan.json"))}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for it in value:
            yield from strings(it)
    elif isinstance(value, dict):
        for name, it in value.items():
            yield name
            yield from strings(it)


class Normalisation(unittest.TestCase):
    def test_every_time_becomes_the_same(self) -> None:
        for time in ["2024-07-09T11:12:13Z", "2024-07-09T11:12:13.456789Z", "2024-07-09T11:12:13+02:00"]:
            self.assertEqual(normalise(timestamp=time), {"timestamp": "2025-01-01T00:00:00Z"})

    def test_a_date_is_no_time(self) -> None:
        self.assertEqual(normalise(version="2012-10-17"), {"version": "2012-10-17"})

    def test_ids_are_numbered_as_they_appear_and_stay_the_same_id(self) -> None:
        one, two = "vol-0fd2e7a4b1c98d365", "vol-1b2c3d4e5f6a7b8c9"
        plan = normalise(a=one, b=["sg-1a2b3c4d", "vol-9999", two], c=one)
        self.assertEqual(
            plan,
            {
                "a": "vol-00000000000000001",
                "b": ["sg-00000001", "vol-9999", "vol-00000000000000002"],
                "c": "vol-00000000000000001",
            },
        )

    def test_ids_inside_longer_texts_are_found(self) -> None:
        arn, key = "arn:aws:kms:eu-central-1:123456789012:key/", "5b3f6f4e-9d0c-4c1b-8f63-0f5e7c2d1a90"
        plan = normalise(arn=arn + key, role="AROAQAAAAAAAFKQ7YB2MC", key=key)
        self.assertEqual(
            plan,
            {
                "arn": arn + "00000000-0000-0000-0000-000000000001",
                "role": "AROA00000000000000001",
                "key": "00000000-0000-0000-0000-000000000001",
            },
        )

    def test_what_a_configuration_chose_stays(self) -> None:
        chosen = {"ami": "ami-0123456789abcdef0", "bucket": "example-records", "key": "key-defacade", "port": 12345678}
        self.assertEqual(normalise(**chosen), chosen)

    def test_the_directory_is_nobodys(self) -> None:
        self.assertEqual(normalise(cwd="in /tmp/plan-x7/main.tf"), {"cwd": "in /plan/main.tf"})

    def test_names_are_texts_too(self) -> None:
        self.assertEqual(normalise(map={"sg-1a2b3c4d": None}), {"map": {"sg-00000001": None}})

    def test_lists_that_terraform_shuffles_are_in_order_and_all_else_stays_in_its_own(self) -> None:
        one, two = {"resource": "a", "attribute": ["id"]}, {"resource": "b", "attribute": ["id"]}
        module = {"resources": [2, 1], "child_modules": [{"address": "module.b"}, {"address": "module.a"}]}
        plan = normalise(z=[two, one], relevant_attributes=[two, one], planned_values={"root_module": module}, a=1.5)
        module["child_modules"].reverse()
        values = {"root_module": module}
        expected = {"z": [two, one], "relevant_attributes": [one, two], "planned_values": values, "a": 1.5}
        self.assertEqual(json.dumps(plan), json.dumps(expected))

    def test_drift_by_the_clock_alone_is_none(self) -> None:
        def drift(address: str, before: str, after: str) -> dict[str, Any]:
            return {"address": address, "change": {"before": {"it": before}, "after": {"it": after}}}

        clock = drift("a", "2024-07-09T11:12:13Z", "2024-07-09T11:12:14Z")
        owner = drift("b", "records", "nobody")
        self.assertEqual(normalise(resource_drift=[clock], z=1), {"z": 1})
        plan = normalise(a=1, resource_drift=[clock, owner], z=1)
        self.assertEqual(json.dumps(plan), json.dumps({"a": 1, "resource_drift": [owner], "z": 1}))

    def test_a_plan_is_written_indented_with_its_keys_as_they_came(self) -> None:
        self.assertEqual(make_plans.written({"b": ["ü"], "a": None}), '{\n  "b": [\n    "ü"\n  ],\n  "a": null\n}\n')


class Steps(unittest.TestCase):
    def test_a_step_replaces_the_configuration_and_keeps_the_state(self) -> None:
        with tempfile.TemporaryDirectory() as place:
            directory, step = Path(place) / "directory", Path(place) / "step"
            for folder in [directory / ".terraform", directory / "modules" / "old", step / "modules" / "new"]:
                folder.mkdir(parents=True)
            for name in ["old.tf", "terraform.tfstate", ".terraform.lock.hcl", "made.tfplan"]:
                (directory / name).touch()
            for name in ["main.tf", "plan.json", "example.auto.tfvars"]:
                (step / name).touch()
            make_plans.fill(directory, step)
            self.assertEqual(
                sorted(str(it.relative_to(directory)) for it in directory.rglob("*")),
                [
                    ".terraform",
                    ".terraform.lock.hcl",
                    "example.auto.tfvars",
                    "main.tf",
                    "modules",
                    "modules/new",
                    "provider.tf",
                    "terraform.tfstate",
                ],
            )

    def test_a_plan_that_is_not_there_is_named_with_those_that_are(self) -> None:
        for name in ["no-such-plan", "by-hand", "../payloads", "."]:
            with self.assertRaises(SetupError) as caught:
                make_plans.configuration(name)
            self.assertIn("buckets", str(caught.exception))

    def test_a_missing_tool_is_named_with_what_to_do(self) -> None:
        said = io.StringIO()
        with (
            tempfile.TemporaryDirectory() as nothing,
            mock.patch.dict("os.environ", {"RUNTASK_TOOLS": nothing}),
            mock.patch.object(make_plans.package, "pinned_terraform", return_value=Path("terraform")),
            mock.patch.object(sys, "argv", ["make_plans.py", "empty"]),
            contextlib.redirect_stderr(said),
        ):
            self.assertEqual(make_plans.main(), 2)
        self.assertIn("make setup", said.getvalue())


class Kept(unittest.TestCase):
    def test_every_plan_is_as_it_would_be_written(self) -> None:
        self.assertGreater(len(made()), 10)
        for name, text in made().items():
            plan = json.loads(text)
            with self.subTest(name):
                self.assertEqual(text, make_plans.written(normalise(**plan)))
                self.assertLess(len(text), 200_000)
                self.assertEqual(plan["terraform_version"], make_plans.setup.TERRAFORM)

    def test_no_plan_tells_of_the_machine_it_was_made_on(self) -> None:
        for path in [*PLANS.glob("*/plan.json"), *PLANS.glob("by-hand/*.json")]:
            for text in strings(json.loads(path.read_text())):
                self.assertNotRegex(text, r"127\.0\.0\.1|localhost|/tmp/|/home/|/root/|/opt/|\.tools", path)

    def test_the_readme_names_every_plan_with_what_it_does(self) -> None:
        rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \|", README, re.MULTILINE))
        self.assertEqual(sorted(rows), sorted(made()))
        self.assertEqual(sorted(rows), [it.name for it in make_plans.everything() if it.parent == PLANS])
        for name, text in made().items():
            changes = json.loads(text).get("resource_changes", [])
            does = sorted({" then ".join(it["change"]["actions"]) for it in changes})
            with self.subTest(name):
                self.assertEqual(rows[name], ", ".join(does) or "nothing")

    def test_the_readme_names_every_plan_made_by_hand(self) -> None:
        rows = re.findall(r"^- `([a-z0-9.-]+\.json)`: \S", README, re.MULTILINE)
        self.assertEqual(sorted(rows), sorted(it.name for it in PLANS.glob("by-hand/*")))

    def test_sensitive_values_are_in_the_plan_that_is_about_them(self) -> None:
        # What a redaction must find: where terraform marks these, and where it does not.
        plan = json.loads(made()["sensitive"])
        changes = {it["address"]: it["change"] for it in plan["resource_changes"]}
        tagged, leaking = changes["aws_s3_bucket.tagged"], changes["aws_instance.leaking"]
        self.assertEqual(tagged["after_sensitive"]["tags"], {"Token": True})
        self.assertEqual(tagged["after_sensitive"]["tags_all"], {})
        self.assertEqual(tagged["after"]["tags_all"]["Token"], "fixture-tag-1")
        self.assertEqual(leaking["after"]["tags"]["Name"], plan["variables"]["password"]["value"])
        self.assertEqual(leaking["after_sensitive"]["tags"], {})
        self.assertNotIn("fixture-write-only-1", list(strings(plan["resource_changes"])))


if __name__ == "__main__":
    unittest.main()
