"""Reads what is in an image, from an archive as `docker save` writes it, and says what is wrong with it."""

from __future__ import annotations

import json
import stat
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

USER = "65532:65532"
PROGRAM = "/usr/local/bin/runtask"
LABELS = ["title", "description", "version", "revision", "licenses"]


@dataclass
class Image:
    """The settings of an image, and its files: path without the first slash to the entry of the last layer that has it."""

    config: dict
    files: dict[str, tarfile.TarInfo] = field(default_factory=dict)
    directories: dict[str, tarfile.TarInfo] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return dict(it.split("=", 1) for it in self.config.get("Env") or [])


def read(archive: Path) -> Image:
    with tarfile.open(archive) as outer:
        [manifest] = json.load(outer.extractfile("manifest.json"))
        image = Image(json.load(outer.extractfile(manifest["Config"]))["config"])
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                for entry in layer:
                    path = entry.name.removeprefix("./").strip("/")
                    if entry.isdir():
                        image.directories[path] = entry
                    else:
                        image.files[path] = entry
    return image


def unpack(archive: Path, to: Path) -> None:
    """Makes the root file system of an image; its owners only where we may."""
    with tarfile.open(archive) as outer:
        [manifest] = json.load(outer.extractfile("manifest.json"))
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=outer.extractfile(name)) as layer:
                # As trusted as the image: it is about to be run.
                layer.extractall(to, numeric_owner=True, filter="fully_trusted")


def problems(image: Image, version: str, expected: set[str] | None) -> list[str]:
    """`expected` are all files that there should be, if they are all known."""
    config = image.config
    found = []
    for name, is_value, should in [
        ("User", config.get("User"), USER),
        ("Entrypoint", config.get("Entrypoint"), [PROGRAM]),
        ("Cmd", config.get("Cmd"), ["serve"]),
        ("ExposedPorts", list(config.get("ExposedPorts") or {}), ["8080/tcp"]),
        ("Healthcheck", (config.get("Healthcheck") or {}).get("Test"), ["CMD", PROGRAM, "healthcheck"]),
        ("RUNTASK_LISTEN", image.environment.get("RUNTASK_LISTEN"), "0.0.0.0:8080"),
    ]:
        if is_value != should:
            found.append(f"{name} is {is_value!r} and should be {should!r}")
    labels = config.get("Labels") or {}
    found += [f"the label {it} is missing" for it in LABELS if not labels.get(f"org.opencontainers.image.{it}")]
    if labels.get("org.opencontainers.image.version") != version:
        found.append(f"the label version is not {version}")
    if expected is not None:
        found += [f"{it} is missing" for it in sorted(expected - image.files.keys())]
        found += [f"{it} should not be there" for it in sorted(image.files.keys() - expected)]
        found += bad_modes(image)
    return found


def bad_modes(image: Image) -> list[str]:
    """Nobody but root may change anything, except in the directory for temporary files."""
    found = []
    for path, entry in sorted({**image.files, **image.directories}.items()):
        if entry.uid != 0 or entry.gid != 0:
            found.append(f"{path} belongs to {entry.uid}:{entry.gid}")
        if entry.mode & (stat.S_ISUID | stat.S_ISGID):
            found.append(f"{path} changes who runs it")
        if entry.mode & 0o022 and path != "tmp":
            found.append(f"{path} can be written by others")
    temporary = image.directories.get("tmp")
    if temporary is None or temporary.mode & 0o7777 != 0o1777:
        found.append("tmp is not there for everybody")
    return found
