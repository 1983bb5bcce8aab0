"""Lists what programs are made of: bills of materials in CycloneDX 1.5, by cargo-cyclonedx."""

from __future__ import annotations

import json
import os
import subprocess

import check_tree
from package import ARCHITECTURES
from setup import BIN, ROOT, SetupError

# What it writes beside each manifest of the workspace, however many are asked for; it is removed again.
WRITTEN = "release-sbom"


def bills(crates: list[str], when: int) -> dict[str, str]:
    """A bill for each of these packages of ours, as old as `when`, in seconds since 1970."""
    program = BIN / "cargo-cyclonedx"
    if not program.exists():
        raise SetupError("cargo-cyclonedx is not set up: run `make release`.")
    command = [str(program), "cyclonedx", "--format", "json", "--spec-version", "1.5", "--quiet"]
    command += ["--override-filename", WRITTEN, "--target", ARCHITECTURES["x86_64"][0]]
    try:
        # With it, there is no serial number, either.
        environment = {**os.environ, "SOURCE_DATE_EPOCH": str(when)}
        answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        if answer.returncode != 0:
            raise SetupError(f"cargo-cyclonedx failed:\n{answer.stderr.strip()}")
        texts = {crate: (ROOT / "crates" / crate / f"{WRITTEN}.json").read_text() for crate in crates}
    finally:
        for left in [*ROOT.glob(f"*/{WRITTEN}.json"), *ROOT.glob(f"crates/*/{WRITTEN}.json")]:
            left.unlink()
    made = {}
    for crate, text in texts.items():
        linked = {it for versions in check_tree.linked(crate).values() for it in versions}
        # Where this checkout is is nobody's business, and differs.
        document = json.loads(text.replace(f"path+file://{ROOT}", "path+file:///runtask"))
        made[crate] = json.dumps(only(document, linked), indent=1, sort_keys=True) + "\n"
    return made


def only(document: dict, linked: set[str]) -> dict:
    """The bill with those components alone that are linked, each as `name@version`: the tool lists what any package of the
    workspace asks of a dependency, and what builds and tests use."""
    kept = [it for it in document["components"] if f"{it['name']}@{it['version']}" in linked]
    refs = {it["bom-ref"] for it in kept} | {document["metadata"]["component"]["bom-ref"]}
    dependencies = [
        {**it, "dependsOn": [ref for ref in it.get("dependsOn", []) if ref in refs]}
        for it in document["dependencies"]
        if it["ref"] in refs
    ]
    return {**document, "components": kept, "dependencies": dependencies}
