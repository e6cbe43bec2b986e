"""The sound of a video as it is drawn: how loud it is along its length, and where nothing is heard."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.media.audio import SPEECH_RATE, read_speech
from orchestrator.media.probe import probe
from orchestrator.schema.peaks import Peaks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REMEMBERED = 64  # of some kilobytes each
_SILENT_BELOW = 0.004  # of full scale, -48 dB: room tone is above it
_SILENT_SECONDS = 0.4
_WINDOW_SECONDS = 0.05
_gate = threading.BoundedSemaphore(2)


def read_peaks(path: Path, *, sha256: str, bins: int) -> Peaks:
    """The loudest sample of each of ``bins`` equal stretches. ``sha256`` is of the file's content, so that a file that
    took another's place is read anew. Raises ``UnreadableMedia``."""
    return _remembered(path, sha256, bins)


@lru_cache(maxsize=REMEMBERED)
def _remembered(path: Path, sha256: str, bins: int) -> Peaks:
    del sha256  # part of the key alone
    with _gate:
        sound = read_speech(path)
    seconds = len(sound) / SPEECH_RATE or probe(path).video_seconds
    return Peaks(seconds=round(seconds, 3), peaks=_loudest(sound, bins), silence=find_silence(sound))


def _loudest(sound: NDArray[np.float32], bins: int) -> tuple[float, ...]:
    import numpy as np

    if not len(sound):
        return ()
    edges = np.linspace(0, len(sound), num=min(bins, len(sound)), endpoint=False).astype(int)
    return tuple(round(min(1.0, float(peak)), 3) for peak in np.maximum.reduceat(np.abs(sound), edges))


def find_silence(sound: NDArray[np.float32]) -> tuple[tuple[float, float], ...]:
    """Where samples (float32 mono at 16 kHz) stay under -48 dB for 0.4 s or longer, as [start, end] seconds."""
    import numpy as np

    step = int(_WINDOW_SECONDS * SPEECH_RATE)
    if len(sound) < step:
        return ()
    windows = np.abs(sound[: len(sound) // step * step]).reshape(-1, step).max(axis=1) < _SILENT_BELOW
    turns = np.flatnonzero(np.diff(np.concatenate(([False], windows, [False]))))
    spans = ((start * _WINDOW_SECONDS, end * _WINDOW_SECONDS) for start, end in turns.reshape(-1, 2))
    return tuple((round(start, 3), round(end, 3)) for start, end in spans if end - start >= _SILENT_SECONDS - 1e-9)
