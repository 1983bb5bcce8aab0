"""A release for tests, made in seconds: of the programs that `cargo build --workspace --bins` has made, and of functions that are
none."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import image
import package
import release
import release_archive
import release_notices
from package import target_directory

WHEN = 1_790_000_000


def small_release(folder: Path) -> Path:
    """What `make release` makes, but for images and bills of materials; where it is."""
    with (
        programs_at_hand(folder),
        mock.patch.object(release, "target_directory", return_value=folder),
        mock.patch.object(package, "terraform_layers", return_value=[]),
        mock.patch.object(package, "functions", autospec=True, side_effect=no_functions),
        mock.patch.object(release_notices, "notices", return_value=b"licences"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        made = release.Release(image.version(), WHEN, "function")
        for part in [made.program, made.functions, made.module, made.notes, made.finish]:
            part()
    return made.folder


@contextlib.contextmanager
def programs_at_hand(folder: Path) -> Iterator[None]:
    """Programs for this machine alone, and packed in haste. What is in `folder` goes with it."""
    programs = {}
    for name in release.PROGRAMS:
        built = target_directory() / "debug" / name
        assert built.exists(), f"{built} is missing: run `cargo build --workspace --bins` first"
        programs[name] = package.stripped(built, folder / "stripped" / name)
    with (
        mock.patch.object(release.Release, "architectures", return_value=[release.this_architecture()]),
        mock.patch.object(package, "build"),
        mock.patch.object(package, "built", side_effect=programs.__getitem__),
        mock.patch.object(release_archive, "SMALL", 1),
    ):
        yield


def no_functions(_architecture: str, directory: Path, *, approvals: bool, reports: bool) -> list[Path]:
    names = [*package.FUNCTIONS, *(package.APPROVALS if approvals else []), *(package.REPORTS if reports else [])]
    directory.mkdir(parents=True, exist_ok=True)
    zips = [directory / f"{name}.zip" for name in names]
    for path in zips:
        path.write_bytes(b"no program")
    return zips
