"""Starts what is in an image as a container engine would, without one, and has it check runs.

Within namespaces of its own: the root file system of the image, which cannot be written to, a `/tmp` in memory, `/proc` and
`/dev` of this machine, and as nobody in particular. It shares the network with this machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Iterator

import image_look
from setup import ROOT

KEY = "an-example-that-nobody-else-may-know"
# Nothing here takes this long, on a busy machine either.
PATIENCE_S = 120

# As root, others' files stay others'. Others are root only within a namespace of their own, where nobody else exists.
INSIDE = """
set -e
root=$1 user=$2 theirs=$PATH
shift 2
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --bind "$root" "$root"
for it in proc dev etc/hosts etc/resolv.conf; do
  if [ -e "/$it" ]; then mount --rbind "/$it" "$root/$it"; fi
done
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777,size=256m tmpfs "$root/tmp"
chroot=$(command -v chroot)
PATH=$theirs
exec "$chroot" ${user:+--userspec=$user} "$root" "$@"
"""


class TryError(Exception):
    """What the image does not do."""


@contextlib.contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        # Somebody else has to get in.
        os.chmod(folder, 0o755)
        root = Path(folder) / "root"
        image_look.unpack(archive, root)
        yield root


def inside(root: Path, command: list[str], user: str = image_look.USER) -> list[str]:
    """A command that runs another one in the file system below `root`, where we are root as `user`."""
    is_root = os.geteuid() == 0
    unshare = ["--mount"] if is_root else ["--user", "--map-root-user", "--mount"]
    # The environment is that of the image, with its PATH.
    script = [shutil.which("sh") or "sh", "-c", INSIDE, "sh", str(root), user if is_root else ""]
    return [shutil.which("unshare") or "unshare", *unshare, *script, *command]


def make_mount_points(root: Path) -> None:
    """As engines do."""
    for directory in ["proc", "dev", "etc", "tmp"]:
        (root / directory).mkdir(exist_ok=True)
    for file in ["hosts", "resolv.conf"]:
        (root / "etc" / file).touch()


def try_out(root: Path, runtask: Path, environment: dict[str, str], *, with_terraform: bool) -> None:
    """Has the image below `root` check two runs, which `runtask`, a program of this machine, plays HCP Terraform for.

    `environment` is the image's own.
    """
    make_mount_points(root)
    with two_ports() as (api, archivist):
        settings = {
            **environment,
            "HMAC_KEY": KEY,
            "RUNTASK_ALLOWED_ORIGINS": f"http://127.0.0.1:{api},http://127.0.0.1:{archivist}",
            "RUNTASK_LISTEN": "127.0.0.1:0",
            "RUNTASK_LOG_FORMAT": "json",
        }
        with serve(root, settings) as (address, log):
            port = address.rsplit(":", 1)[1]
            # By name, so that names are looked up as well.
            asked = inside(root, [image_look.PROGRAM, "healthcheck", "--listen", f"localhost:{port}"])
            expect(0, asked, environment, "the health check")
            for example, code in [("formatted", 0), ("unformatted", 1)]:
                command = [str(runtask), "simulate", f"examples/{example}", "--url", f"http://{address}/"]
                command += ["--listen", f"127.0.0.1:{api}", "--listen-archivist", f"127.0.0.1:{archivist}"]
                expect(code, command, {"HMAC_KEY": KEY, "PATH": os.environ.get("PATH", "")}, f"the run of {example}")
        events = [it.get("fields", {}).get("event") for it in log]
        if ("terraform.started" in events) != with_terraform:
            raise TryError(f"terraform was {'not ' if with_terraform else ''}started, by these events: {events}")


def expect(code: int, command: list[str], environment: dict[str, str], what: str) -> None:
    answer = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE_S
    )
    if answer.returncode != code:
        raise TryError(f"{what} ended with {answer.returncode}, not {code}:\n{answer.stdout}{answer.stderr}")


@contextlib.contextmanager
def serve(root: Path, settings: dict[str, str]) -> Iterator[tuple[str, list[dict]]]:
    """A running `runtask serve`: where it listens, and what it logs. It must end in order when it is asked to."""
    process = subprocess.Popen(
        inside(root, [image_look.PROGRAM, "serve"]),
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    log: list[dict] = []
    listening = threading.Event()

    def follow() -> None:
        for line in process.stderr:
            try:
                log.append(json.loads(line))
            except ValueError:
                log.append({"message": line})
            if log[-1].get("fields", {}).get("event") == "serve.listening":
                listening.set()
        listening.set()

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        listening.wait(PATIENCE_S)
        addresses = [it["fields"]["address"] for it in log if it.get("fields", {}).get("event") == "serve.listening"]
        if not addresses:
            raise TryError(f"it does not start (this needs root, or user namespaces: docs/container.md):\n{json.dumps(log, indent=2)}")
        yield addresses[0], log
        process.send_signal(signal.SIGTERM)
        if process.wait(PATIENCE_S) != 0:
            raise TryError(f"it ended with {process.returncode}:\n{json.dumps(log, indent=2)}")
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stderr.close()


@contextlib.contextmanager
def two_ports() -> Iterator[tuple[int, int]]:
    """Two ports that are free, and stay so for a program that reuses addresses: they are bound, and nobody listens."""
    with socket.socket() as first, socket.socket() as second:
        for it in [first, second]:
            it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            it.bind(("127.0.0.1", 0))
        yield first.getsockname()[1], second.getsockname()[1]
