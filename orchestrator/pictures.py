"""Reference pictures on their way to a provider: fitted to its rules and the clip's size, once, and kept beside."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.pictures import fit_picture
from orchestrator.schema.value import Value
from orchestrator.storage.base import AssetStore
from providers.base import ReferenceRules


class StoredPicture(Value):
    """A picture in the asset store, by its key there and the hash of its content."""

    key: str
    sha256: str


@dataclass(frozen=True)
class FittedPictures:
    """``folder`` holds the copies that were sent; it may be deleted while nothing runs."""

    store: AssetStore
    folder: Path

    def fit(self, picture: StoredPicture, *, size: str, rules: ReferenceRules) -> Path:
        """The file to send for a clip of ``size``: the same picture, size and rules give the same bytes.

        Raises ``NotFound`` when the picture is gone, ``BadInput`` when it cannot be made small enough.
        """
        asked = f"{picture.sha256} {size} {rules.model_dump_json()}"
        name = hashlib.sha256(asked.encode()).hexdigest()[:32]
        if (there := next(self.folder.glob(f"{name}.*"), None)) is not None:
            return there
        content, suffix = fit_picture(self.store.local_path(picture.key, picture.sha256), size=size, rules=rules)
        part = self.folder / f".{name}.{uuid.uuid4().hex}.part"
        with file_errors():
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                part.write_bytes(content)
                return part.replace(self.folder / f"{name}{suffix}")
            finally:
                part.unlink(missing_ok=True)
