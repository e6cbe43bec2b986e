"""Single frames, asked for as evidence: few are decoded at once, and those just seen are remembered."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path

from orchestrator.media.frames import grab_still

REMEMBERED = 128  # of some tens of kilobytes each
_gate = threading.BoundedSemaphore(2)


def read_still(path: Path, *, sha256: str, at_seconds: float, width: int) -> bytes:
    """JPEG of the frame at ``at_seconds``, the last one when that is later, at most ``width`` pixels wide.

    ``sha256`` is of the file's content, so that a file that took another's place is read anew. Raises
    ``UnreadableMedia``.
    """
    return _remembered(path, sha256, round(at_seconds, 2), width)


@lru_cache(maxsize=REMEMBERED)
def _remembered(path: Path, sha256: str, at_seconds: float, width: int) -> bytes:
    del sha256  # part of the key alone
    with _gate:
        return grab_still(path, at_seconds=at_seconds, max_width=width)
