"""Writes archives that depend on the names and bytes of their files alone, and lists checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

# How hard an archive is tried to be made small, as zlib counts it.
SMALL = 9

Content = bytes | Path


def write_tar(path: Path, folder: str, files: dict[str, Content], when: int, *, compressed: bool = True) -> None:
    """Writes `files`, each under its name within `folder`, sorted, of nobody, and as old as `when`, in seconds since 1970.

    A file that its owner may execute is one that all may; the others are for reading. Folders are not written: who unpacks
    makes them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with open(part, "wb") as raw:
        # Without a name and with our time, or gzip writes its own.
        target = gzip.GzipFile(filename="", mode="wb", compresslevel=SMALL, fileobj=raw, mtime=when) if compressed else raw
        with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for name, content in sorted(files.items()):
                entry = tarfile.TarInfo(f"{folder}/{name}" if folder else name)
                entry.mtime = when
                is_program = isinstance(content, Path) and content.stat().st_mode & 0o100
                entry.mode = 0o755 if is_program else 0o644
                data = content.read_bytes() if isinstance(content, Path) else content
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
        if compressed:
            target.close()
    part.replace(path)


def sums(paths: list[Path]) -> str:
    """What `sha256sum` prints of them, by their names."""
    lines = sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths)
    return "".join(f"{digest}  {name}\n" for name, digest in lines)
