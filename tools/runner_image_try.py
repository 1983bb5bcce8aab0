#!/usr/bin/env python3
"""Plays the pipeline of `make demo-runner` in an image of the runner, as `make runner-image` wrote it.

GitLab, Lambda and AWS are the stand-ins of the demo. The function is the image's, and so are the tools of its jobs: it is
started in the root file system of the image, as image_try.py says, and as the user of the image. As root, it must be one
whose memory jobs cannot read (RUNNER_REQUIRE_SEAL); others are root within a namespace of their own, where nobody can be
kept from anything.

    make demo-runner IMAGE=target/runner/x86_64/image.tar
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import image_try  # noqa: E402 (found through the line above)
import runner_image  # noqa: E402
from package import target_directory  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image", type=Path, help="an OCI archive")
    arguments = parser.parse_args()
    demo = target_directory() / "debug" / "demo-runner"
    if not demo.exists() or not arguments.image.exists():
        print("runner-image: build both first: `make demo-runner`, `make runner-image`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        # Somebody else has to get in.
        os.chmod(folder, 0o755)
        root, function = Path(folder) / "root", Path(folder) / "function"
        config = unpack(arguments.image, root)
        image_try.make_mount_points(root)
        [entrypoint], user = config["Entrypoint"], config["User"]
        function.write_text(f"#!/bin/sh\nexec {shlex.join(image_try.inside(root, [entrypoint], user))}\n")
        function.chmod(0o755)
        # Providers are the image's, so that it is seen whether it has them.
        settings = [*config["Env"], "TMPDIR=/tmp", f"TF_CLI_CONFIG_FILE=/{runner_image.OFFLINE}"]
        if os.geteuid() == 0:
            settings.append("RUNNER_REQUIRE_SEAL=true")
        return subprocess.run([str(demo), "--function", str(function), *settings]).returncode


def unpack(image: Path, to: Path) -> dict:
    """Makes the root file system of an image, with its owners only where we may; what the image is set to."""
    to.mkdir()
    with tarfile.open(image) as archive:
        def blob(described: dict) -> str:
            return "blobs/" + described["digest"].replace(":", "/")

        [described] = json.load(archive.extractfile("index.json"))["manifests"]
        manifest = json.load(archive.extractfile(blob(described)))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=archive.extractfile(blob(layer)), mode="r:gz") as files:
                # As trusted as the image: it is about to be run.
                files.extractall(to, numeric_owner=True, filter="fully_trusted")
        return json.load(archive.extractfile(blob(manifest["config"])))["config"]


if __name__ == "__main__":
    sys.exit(main())
