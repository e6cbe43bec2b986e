"""Copies of stored files on this machine, by the hash of their content; the least used go first."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Whoever was given a path may still be reading: a film takes its takes one after the other.
HELD_SECONDS = 3600.0


class NearbyFiles:
    """``folder`` may be emptied while nothing runs. It holds ``max_bytes``, and more only while all of it was used
    within the hour. Several processes may share it."""

    def __init__(self, folder: Path, *, max_bytes: int, held_seconds: float = HELD_SECONDS) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._held_seconds = held_seconds
        self._evicting = threading.Lock()

    def find(self, name: str) -> Path | None:
        """The copy of this name, which counts as used now."""
        path = self._folder / name
        try:
            os.utime(path)
        except OSError:
            return None
        return path

    def keep(self, source: Path, name: str) -> None:
        """A copy of ``source``. Raises ``OSError``."""
        if self.find(name) is None:
            with self.adding(name) as partial:
                shutil.copyfile(source, partial)

    @contextmanager
    def adding(self, name: str) -> Iterator[Path]:
        """A file to be written, which is the copy of this name once it is whole. Raises ``OSError``."""
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{uuid.uuid4().hex}.partial"
        try:
            yield partial
            partial.replace(self._folder / name)
        finally:
            partial.unlink(missing_ok=True)
        self._evict()

    def path(self, name: str) -> Path:
        return self._folder / name

    def _evict(self) -> None:
        with self._evicting, contextlib.suppress(OSError):
            found = []
            for path in self._folder.iterdir():
                with contextlib.suppress(OSError):  # another process was faster
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
            excess = sum(size for _, size, _ in found) - self._max_bytes
            for used, size, path in sorted(found):
                if excess <= 0 or time.time() - used < self._held_seconds:
                    return
                path.unlink(missing_ok=True)
                excess -= size
