"""Assets in a folder of this machine: the embedded default."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from orchestrator.errors import CannotWrite, NotFound, explain
from orchestrator.schema.view import DoctorItem
from orchestrator.storage.base import StoredEntry

_UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


class LocalAssetStore:
    """Files under ``root``; written beside their place and moved there, so that a key is whole or absent."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_file(self, source: Path, key: str) -> None:
        target = self._path(key)
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, partial)
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            if error.errno in _UNWRITABLE:
                raise CannotWrite(
                    f"The folder of takes and films cannot be written to ({error.strerror}): {self.root}",
                    hint="Make it writable and go on: a take that is paid can still be fetched at its provider.",
                ) from None
            raise explain(error) or error from None

    def local_path(self, key: str, sha256: str = "") -> Path:
        """The stored file itself; it is not read, so its hash is not looked at."""
        path = self._path(key)
        if not path.is_file():
            raise NotFound("This file is no longer in the asset store.")
        return path

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def link(self, key: str, *, filename: str = "") -> str:
        return ""

    def entries(self) -> Iterator[StoredEntry]:
        for path in self.root.rglob("*"):
            try:
                status = path.lstat()
            except OSError:
                continue  # deleted meanwhile
            if stat.S_ISREG(status.st_mode):
                yield StoredEntry(
                    key=path.relative_to(self.root).as_posix(),
                    size_bytes=status.st_size,
                    changed_at=datetime.fromtimestamp(status.st_mtime, UTC),
                )

    def examine(self) -> tuple[DoctorItem, ...]:
        return ()

    def close(self) -> None:
        pass

    def _path(self, key: str) -> Path:
        path = (self.root / key).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise NotFound
        return path
