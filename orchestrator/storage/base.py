"""The port of the asset store: files by key, wherever they are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class AssetStore(Protocol):
    """Keys are relative, slash-separated and made by us from ids; they never come from a user.

    All methods raise ``StorageFull`` when there is no room, ``CannotWrite`` when the place takes nothing, ``NotFound``
    for an unknown key.
    """

    def put_file(self, source: Path, key: str) -> None:
        """Store ``source`` under ``key``, whole or not at all. An existing key is replaced."""
        ...

    def local_path(self, key: str) -> Path:
        """A readable file with the content of ``key`` on this machine."""
        ...

    def delete(self, key: str) -> None:
        """Forget ``key``; unknown keys are ignored."""
        ...
