"""The SQLite file as a file: whether it is whole before anything writes to it, and the copies that are kept of it."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from orchestrator.db.failures import translated_sqlite
from orchestrator.db.migrate import SCHEMA_VERSION, newer_schema
from orchestrator.errors import CannotWrite, DatabaseDamaged, NotConfigured, StorageFull, explain

# Up to this size a file is looked through at every start, which takes a fraction of a second.
CHECKED_BYTES_MAX = 64 * 1024 * 1024
_Found = TypeVar("_Found")
_MAGIC = b"SQLite format 3\0"
_TRIES = 20
_PAUSE_SECONDS = 0.05


def inspect_file(path: Path, *, is_in_use: bool = False) -> int:
    """The schema version of our database, 0 when it is new. Changes nothing. ``is_in_use`` says that work was kept in
    it before, so that an empty file is not a new one.

    Raises ``DatabaseDamaged`` after a copy was kept, ``CannotWrite`` and ``StorageFull`` where the place cannot be
    used, ``NotConfigured`` for a folder of that name and for a newer schema.
    """
    size = _size_of(path, is_in_use=is_in_use)
    if not size:
        return 0
    suspicion = _suspicion(path)
    is_suspect = suspicion.exists()

    def look(connection: sqlite3.Connection) -> tuple[int, str]:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION or not (is_suspect or size <= CHECKED_BYTES_MAX):
            return version, "ok"
        check = "integrity_check" if is_suspect else "quick_check"
        return version, str(connection.execute(f"PRAGMA {check}(1)").fetchone()[0])

    version, problem = _read(path, look)
    if version > SCHEMA_VERSION:
        raise newer_schema(version, SCHEMA_VERSION, is_server=False)
    if problem != "ok":
        raise _damaged(path, " ".join(problem.replace("*** in database main ***", "").split()))
    with contextlib.suppress(OSError):
        suspicion.unlink(missing_ok=True)
    return version


def suspect_damage(path: Path) -> None:
    """Have the next start look through the whole file, however large it is."""
    with contextlib.suppress(OSError):
        _suspicion(path).touch()


def back_up(path: Path, *, version: int) -> Path:
    """A copy of the database as it is in schema ``version``, beside it. Raises ``StorageFull`` and ``CannotWrite``."""
    copy = path.with_name(f"{path.stem}.schema-{version}.backup{path.suffix}")
    partial = copy.with_name(f".{copy.name}.{uuid.uuid4().hex}.partial")

    def copy_to_partial(source: sqlite3.Connection) -> int:
        with closing(sqlite3.connect(partial)) as target:
            source.backup(target)
            return target.execute("PRAGMA user_version").fetchone()[0]

    try:
        if _read(path, copy_to_partial) == version:  # else another process was quicker, and its copy stands there
            partial.replace(copy)
    except StorageFull:
        raise StorageFull(
            "The disk is too full for a backup of the database, without which it is not brought up to date. Nothing "
            "was changed: free some space and start again."
        ) from None
    except OSError as error:
        raise explain(error) or CannotWrite(f"No backup of {path} can be made: {error.strerror}.") from None
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            partial.with_name(partial.name + end).unlink(missing_ok=True)
    return copy


def _size_of(path: Path, *, is_in_use: bool) -> int:
    """Bytes of what seems to be a database; 0 for one that is yet to be made."""
    try:
        if path.is_dir():
            raise NotConfigured(
                f"{path} is a folder, and the database should be a file of that name.",
                hint="Move the folder away, or set DATA_DIR to another one.",
            )
        size = path.stat().st_size if path.exists() else 0
        if size:
            with path.open("rb") as file:
                if file.read(len(_MAGIC)) != _MAGIC:
                    raise _damaged(path, "it is not a SQLite database")
        # SQLite would take either for a new one, and throw the journal away.
        elif _journal(path).exists() and _journal(path).stat().st_size:
            what = "empty" if path.exists() else "missing"
            raise _damaged(path, f"it is {what}, while {_journal(path).name} still holds changes")
        elif path.exists() and is_in_use:
            raise _damaged(path, "it is empty, although takes and films are there")
    except OSError as error:
        raise CannotWrite(f"The database cannot be read: {error.strerror}: {path}") from None
    return size


def _read(path: Path, look: Callable[[sqlite3.Connection], _Found]) -> _Found:
    """What ``look`` finds. It is given a connection that writes nothing, not even what waits in the write-ahead log;
    only a transaction that a dead process left half done in the file itself is rolled back first."""
    for is_last in (*[False] * (_TRIES - 1), True):
        mode = "rw" if path.with_name(f"{path.name}-journal").exists() else "ro"
        try:
            with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode={mode}", uri=True, timeout=30)) as connection:
                return look(connection)
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code & 0xFF == sqlite3.SQLITE_READONLY and not is_last:
                time.sleep(_PAUSE_SECONDS)  # perhaps another process is about to make the log or the journal
                continue
            known = translated_sqlite(error)
            # Reading is all that goes on: what SQLite cannot make sense of is no mistake in a statement of ours.
            if isinstance(known, DatabaseDamaged) or code == sqlite3.SQLITE_ERROR:
                raise _damaged(path, str(error)) from None
            if isinstance(known, StorageFull):
                raise known from None
            raise CannotWrite(
                f"The database cannot be opened ({error}): {path}. Nothing was changed.",
                hint="See that this user may write to the file and its folder, and that the disk is well.",
            ) from None
    raise AssertionError


def _damaged(path: Path, what: str) -> DatabaseDamaged:
    try:
        kept = "".join(f" A copy was kept: {name}." for name in _keep_copy(path))
    except OSError as error:
        kept = f" No copy could be kept ({error.strerror})."
    return DatabaseDamaged(f"{path} is damaged: {what}. Nothing was changed.{kept}", hint=_remedy(path))


def _remedy(path: Path) -> str:
    backups = sorted(p.name for p in path.parent.glob(f"{path.stem}.*backup{path.suffix}"))
    known = f" (there is {', '.join(backups)})" if backups else ""
    return (
        f"Put a backup in its place{known}, or save what is readable: sqlite3 {path.name} .recover | sqlite3 "
        f"mended{path.suffix}. To begin anew, move it away together with any {path.name}-wal; takes and films stay."
    )


def _keep_copy(path: Path) -> list[str]:
    """Copy the file and its journal; the names of the copies. They are named after the content: the same damage is
    copied once, not at every start."""
    parts = [part for part in (path, _journal(path)) if part.exists() and part.stat().st_size]
    content = hashlib.sha256()
    for part in parts:
        with part.open("rb") as file:
            content.update(hashlib.file_digest(file, "sha256").digest())
    stem = f"{path.stem}.damaged-{content.hexdigest()[:8]}{path.suffix}"
    copies = [path.with_name(stem + part.name.removeprefix(path.name)) for part in parts]
    for part, copy in zip(parts, copies, strict=True):
        if not copy.exists():
            partial = copy.with_name(f".{copy.name}.{uuid.uuid4().hex}.partial")
            try:
                shutil.copyfile(part, partial)
                partial.replace(copy)
            finally:
                partial.unlink(missing_ok=True)
    return [copy.name for copy in copies]


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _suspicion(path: Path) -> Path:
    return path.with_name(f"{path.name}.suspect")
