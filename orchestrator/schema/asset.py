"""VideoAsset: a stored file, known by its content hash."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from orchestrator.schema.value import Value


class AssetKind(StrEnum):
    TAKE = "take"
    POSTER = "poster"
    RENDER = "render"
    REFERENCE = "reference"
    ANIMATIC = "animatic"


class Shelf(Value):
    """Where the files of a project are kept: below its owner's id and its own, so that a policy on folders can tell
    whose they are. Both are UUIDs."""

    owner_id: str
    project_id: str

    def key(self, name: str) -> str:
        """The key of the file ``name``. Files that were stored before keep the key that their row says."""
        return f"{self.owner_id}/{self.project_id}/{name}"


class VideoAsset(Value):
    """A file in the asset store. ``storage_key`` is its path inside the store, never a path of this machine."""

    id: str
    kind: AssetKind
    storage_key: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)
    mime: str
    duration_seconds: float | None = None
    width: int | None = None
    height: int | None = None
