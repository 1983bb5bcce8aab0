#!/usr/bin/env python3
"""Makes the plans below tests/fixtures/plans/ again, and those of examples/: terraform plans each of them against an AWS
that moto plays.

A plan is a folder with a configuration, or with one per step:

  elsewhere/  applied and then forgotten by terraform: what is there already and not managed
  before/     applied, and kept
  drift/      applied and then forgotten: what somebody changed behind terraform's back
  after/      planned

Beside it, plan.json is what `terraform show -json` says of the plan, indented, with its keys in terraform's order.
What differs from run to run is replaced, see `normalise`, so that the same tools give the same bytes wherever they run.
The tools must be set up: `make setup`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parent))

import package  # noqa: E402 (found through the line above)
import setup  # noqa: E402
from setup import BIN, ROOT, SetupError  # noqa: E402

PLANS = ROOT / "tests" / "fixtures" / "plans"
# Those of them that have a plan.json.
EXAMPLES = ROOT / "examples"
MOTO = ROOT / "tests" / "harness" / "moto_server.py"
# What every configuration has in common: which provider, and how it speaks to moto.
PROVIDER = PLANS / "provider.tf"

APPLIED = ["elsewhere", "before", "drift"]
# What is applied in these steps is left out of the state afterwards.
FORGOTTEN = ["elsewhere", "drift"]
# More arguments for `terraform plan`.
ARGUMENTS = {"replace": ["-replace=aws_ebs_volume.asked_for"]}
# Here terraform finds something wrong, and writes a plan of what it could plan until then.
ERRORED = ["errored"]

REGION = "eu-central-1"
MOTO_PATIENCE_S = 120
TERRAFORM_PATIENCE_S = 600


def main() -> int:
    known = [it.name for it in everything()]
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="plans:\n" + "\n".join(f"  {it}" for it in known),
    )
    parser.add_argument("plans", nargs="*", metavar="PLAN", help="folders below tests/fixtures/plans/ or examples/; default: all")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a plan.json would change")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write DIR/PLAN.json and leave the fixtures alone")
    arguments = parser.parse_args()
    try:
        wanted = [configuration(it) for it in arguments.plans] or everything()
        changed = make(wanted, arguments.output, arguments.check)
    except (SetupError, OSError) as err:
        print(f"make_plans: {err}", file=sys.stderr)
        return 2
    return 1 if arguments.check and changed else 0


def make(folders: list[Path], output: Path | None, check: bool) -> list[Path]:
    """Makes these plans; returns the files that are other than they were."""
    terraform = package.pinned_terraform(setup.terraform_platform())
    settings = tool("terraform.tfrc")
    changed = []
    with moto() as endpoint:
        for folder in folders:
            text = plan(folder, Terraform(terraform, settings, endpoint))
            path = output / f"{folder.name}.json" if output else folder / "plan.json"
            same = path.is_file() and path.read_bytes() == text.encode()
            if not same:
                changed.append(path)
            if not same and not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode())
            word = "as it was" if same else "differs" if check else "written"
            print(f"{folder.name:<12} {len(text.encode()) / 1e3:>6.1f} kB   {word}", flush=True)
    return changed


def everything() -> list[Path]:
    """Every folder below PLANS that holds a configuration, and the examples that have a plan."""
    plans = PLANS.iterdir() if PLANS.is_dir() else []
    examples = [it.parent for it in EXAMPLES.glob("*/plan.json")]
    return sorted(it for it in [*plans, *examples] if it.is_dir() and is_configuration(it))


def configuration(name: str) -> Path:
    for folder in everything():
        if folder.name == name:
            return folder
    names = ", ".join(it.name for it in everything())
    raise SetupError(f"there is no plan {name!r}; there are: {names}")


def is_configuration(folder: Path) -> bool:
    return any(folder.glob("*.tf")) or any((folder / "after").glob("*.tf"))


def tool(name: str) -> Path:
    """What setup.py left for us, in the folder that the Makefile names, else in this checkout's own."""
    folder = Path(os.environ.get("RUNTASK_TOOLS") or BIN)
    path = folder / name
    if not path.exists():
        raise SetupError(f"{path} is not there; run `make setup`, or `make plans`, which sets up what it needs.")
    return path


# Steps


def plan(folder: Path, terraform: Terraform) -> str:
    """Goes through a plan's steps; returns what is kept of it."""
    with tempfile.TemporaryDirectory(prefix="plan-") as place:
        directory = Path(place).resolve()
        state, kept = directory / "terraform.tfstate", directory / "kept.tfstate"
        terraform.start_over()
        for step in APPLIED:
            if not (folder / step).is_dir():
                continue
            if state.exists():
                shutil.copy(state, kept)
            fill(directory, folder / step)
            terraform.run(directory, ["init", "-input=false"])
            terraform.run(directory, ["apply", "-input=false", "-auto-approve"])
            # What a provider only learns when it reads again would be drift, in every plan.
            terraform.run(directory, ["apply", "-input=false", "-auto-approve", "-refresh-only"])
            if step in FORGOTTEN:
                state.unlink()
                if kept.exists():
                    shutil.copy(kept, state)
        last = folder / "after"
        fill(directory, last if last.is_dir() else folder)
        terraform.run(directory, ["init", "-input=false"])
        arguments = ["plan", "-input=false", "-out=made.tfplan", *ARGUMENTS.get(folder.name, [])]
        terraform.run(directory, arguments, code=1 if folder.name in ERRORED else 0)
        shown = terraform.run(directory, ["show", "-json", "made.tfplan"])
        return written(normalise(json.loads(shown), directory))


def fill(directory: Path, step: Path) -> None:
    """Puts a step's configuration in the last one's place; what terraform left there stays."""
    for old in directory.iterdir():
        if old.name.startswith(".terraform") or old.suffix == ".tfstate":
            continue
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copy(PROVIDER, directory)
    for new in step.iterdir():
        if new.is_dir() and new.name == "modules":
            shutil.copytree(new, directory / new.name)
        elif new.suffix in (".tf", ".tfvars"):
            shutil.copy(new, directory)


class Terraform:
    """terraform, with an AWS at `endpoint`."""

    def __init__(self, program: Path, settings: Path, endpoint: str) -> None:
        self.program, self.settings, self.endpoint = program, settings, endpoint

    def run(self, directory: Path, arguments: list[str], code: int = 0) -> str:
        """Runs one command, which must end with `code`; returns what it printed."""
        answer = subprocess.run(
            [str(self.program), *arguments, *([] if arguments[0] == "show" else ["-no-color"])],
            cwd=directory,
            # Nothing of the caller's own: neither credentials, nor variables, nor profiles.
            env={
                "PATH": "/usr/bin:/bin",
                "HOME": str(directory),
                "TF_CLI_CONFIG_FILE": str(self.settings),
                "CHECKPOINT_DISABLE": "1",
                "AWS_ENDPOINT_URL": self.endpoint,
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TERRAFORM_PATIENCE_S,
        )
        if answer.returncode != code:
            said = answer.stdout + answer.stderr
            raise SetupError(f"terraform {arguments[0]} ended with {answer.returncode} instead of {code}:\n{said}")
        return answer.stdout

    def start_over(self) -> None:
        """Empties the AWS, so that no plan depends on another."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=MOTO_PATIENCE_S):
            pass


@contextmanager
def moto() -> Iterator[str]:
    """Starts moto_server on a free port, as tests do; gives its address."""
    # A virtual environment's programs lie beside its Python.
    python = tool("moto_server").resolve().with_name("python")
    process = subprocess.Popen(
        [str(python), str(MOTO), "-H", "127.0.0.1", "-p", "0"],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    patience = threading.Timer(MOTO_PATIENCE_S, process.kill)
    patience.start()
    try:
        said = []
        for line in process.stderr:
            said.append(line)
            if "Running on " in line:
                break
        else:
            raise SetupError("moto_server ended while it started, or took too long:\n" + "".join(said))
        patience.cancel()
        # It logs every request, and would stop once the pipe is full.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield line.split("Running on ")[1].strip().rstrip("/")
    finally:
        patience.cancel()
        process.kill()
        process.wait()


# What is kept

TIME = "2025-01-01T00:00:00Z"
TIMES = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
UUIDS = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
# `sg-` and its like, of what moto makes up; an AMI is chosen by a configuration, and stays.
IDS = re.compile(r"\b(?!ami-)[a-z]{1,12}-(?=[0-9a-f]*[0-9])([0-9a-f]{17}|[0-9a-f]{8})\b")
# IAM's unique ids, and access keys.
UNIQUE_IDS = re.compile(r"\b(AIDA|AKIA|ANPA|AROA|AGPA|AIPA|ASIA)[A-Z0-9]{16,17}\b")


def normalise(shown: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The same plan, whenever and wherever it is made: without its times, the ids that AWS gave, terraform's directory.

    An id becomes its number in the order in which ids appear, which is the same everywhere in the plan.
    """
    numbers: dict[str, str] = {}

    def number(found: re.Match[str], start: int, digits: str) -> str:
        whole = found.group()
        if whole not in numbers:
            kind = whole[:start] + digits
            position = 1 + sum(it.startswith(kind) for it in numbers.values())
            numbers[whole] = kind + str(position).zfill(len(whole) - start)[len(digits) :]
        return numbers[whole]

    def text(value: str) -> str:
        value = value.replace(str(directory), "/plan")
        value = TIMES.sub(TIME, value)
        value = UUIDS.sub(lambda it: number(it, 0, "00000000-0000-0000-0000-"), value)
        value = IDS.sub(lambda it: number(it, it.start(1) - it.start(), ""), value)
        return UNIQUE_IDS.sub(lambda it: number(it, 4, ""), value)

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list):
            return [walk(it) for it in value]
        if isinstance(value, dict):
            return {text(name): walk(in_order(name, it)) for name, it in value.items()}
        return value

    plan = walk(shown)
    # moto's clock runs on: what drifted by that alone is no longer different.
    if "resource_drift" in plan:
        drift = [it for it in plan["resource_drift"] if it["change"]["before"] != it["change"]["after"]]
        plan["resource_drift"] = drift
        if not drift:
            del plan["resource_drift"]
    return plan


def in_order(name: str, value: Any) -> Any:
    """The lists that terraform writes in an order that it leaves to chance, in one that it does not."""
    if name in ("relevant_attributes", "child_modules") and isinstance(value, list):
        return sorted(value, key=lambda it: (it.get("address", ""), json.dumps(it)))
    return value


def written(plan: Any) -> str:
    """Indented, for reviews; keys as they come, because terraform puts what matters first."""
    return json.dumps(plan, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
