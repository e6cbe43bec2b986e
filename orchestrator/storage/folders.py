"""The folders of this installation: how much is in each, and emptying the one that is made anew when it is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator.errors import CannotWrite, explain
from orchestrator.schema.workspace import FolderView

# What was cut and drawn for films: clips in house format, joints, slates.
PIECES = "house"


def measure_folders(data_dir: Path, *, assets_dir: Path) -> tuple[FolderView, ...]:
    """What is kept, by kind, in bytes and files. What cannot be read counts for nothing."""
    cache = data_dir / "cache"
    kinds = (
        ("Takes, films and pictures", _files(assets_dir), False),
        ("Database and engine", (f for f in _entries(data_dir) if f.is_file(follow_symlinks=False)), False),
        ("Pieces cut for films", _files(cache / PIECES), True),
        ("Rest of the cache", _files(cache, but=PIECES), False),
        ("What the mock provider made", _files(data_dir / "mock"), False),
    )
    found: list[FolderView] = []
    for name, entries, can_empty in kinds:
        sizes = [_size(entry) for entry in entries]
        found.append(FolderView(name=name, size_bytes=sum(sizes), files=len(sizes), can_empty=can_empty))
    return tuple(found)


def empty_cache(cache_dir: Path) -> int:
    """Delete the pieces that were cut for films; how many bytes that freed. Raises ``CannotWrite``."""
    freed = 0
    for entry in _files(cache_dir / PIECES):
        size = _size(entry)
        try:
            Path(entry.path).unlink(missing_ok=True)
        except OSError as error:
            raise explain(error) or CannotWrite(f"The cache cannot be emptied: {error.strerror}.") from None
        freed += size
    return freed


def _files(folder: Path, *, but: str = "") -> Iterator[os.DirEntry[str]]:
    """Every file below ``folder``, links not followed, without what is in the folder ``but`` of it."""
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            if entry.name != but:
                yield from _files(Path(entry.path))
        else:
            yield entry


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
