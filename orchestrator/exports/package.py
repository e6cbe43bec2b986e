"""A plan in one zip: the media, the film, and every form the cut is written in."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

_STORED = (".mp4", ".jpg", ".png")  # packed already


def write_package(target: IO[bytes], *, texts: Mapping[str, str], files: Mapping[str, Path]) -> None:
    """Write ``texts`` and ``files``, by their names inside, to ``target``. Dates are all the same, so the same
    content is the same zip."""
    with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_DEFLATED) as package:
        for name, text in texts.items():
            package.writestr(_entry(name), text.encode("utf-8", errors="replace"))
        for name, path in files.items():
            with path.open("rb") as source, package.open(_entry(name), "w", force_zip64=True) as entry:
                while block := source.read(1 << 20):
                    entry.write(block)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
