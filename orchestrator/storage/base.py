"""The port of the asset store: files by key, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from orchestrator.schema.value import Value
from orchestrator.schema.view import DoctorItem


class StoredEntry(Value):
    """What the store holds under a key; ``changed_at`` in UTC."""

    key: str
    size_bytes: int
    changed_at: datetime


class StoreSurvey(Value):
    """How many files a store holds, of how many bytes together, and the ``orphans`` among them that may be deleted."""

    files: int
    size_bytes: int
    orphans: tuple[StoredEntry, ...]


class AssetStore(Protocol):
    """Keys are relative, slash-separated and made by us from ids; they never come from a user.

    All methods raise ``StorageFull`` when there is no room, ``CannotWrite`` when the place takes nothing, ``NotFound``
    for an unknown key; a store elsewhere also ``StorageAway`` while it cannot be reached and ``NotConfigured`` when it
    refuses the key or has no such bucket. They may take as long as a transfer takes: none is called within a
    transaction or on the loop of the engine. All may be called from any thread.
    """

    def put_file(self, source: Path, key: str) -> None:
        """Store ``source`` under ``key``, whole or not at all. An existing key is replaced. What was sent of it before
        a crash is not sent again."""
        ...

    def local_path(self, key: str, sha256: str = "") -> Path:
        """A readable file with the content of ``key`` on this machine, there for an hour at least. A copy brought from
        elsewhere is held against ``sha256``, of hexadecimal digits; without it every call brings a new one. Raises
        ``AssetDamaged`` when the store holds something else."""
        ...

    def link(self, key: str, *, filename: str = "") -> str:
        """An address where browsers get the file for at least half an hour and not for ever, with ranges, as an
        attachment when ``filename`` is given. Empty: the store has none, and the app sends the file itself."""
        ...

    def delete(self, key: str) -> None:
        """Forget ``key``; unknown keys are ignored."""
        ...

    def entries(self) -> Iterator[StoredEntry]:
        """Everything that is kept, also what a broken write left behind, in no order."""
        ...

    def examine(self) -> tuple[DoctorItem, ...]:
        """What the store says of itself, asked at no cost. Raises nothing."""
        ...

    def close(self) -> None:
        """Give up what is waited for. What is asked for afterwards raises ``StorageAway``, or is done as ever."""
        ...
