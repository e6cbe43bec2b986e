"""The sound of a video as numbers, the way a transcriber wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError
from numpy.typing import NDArray

from orchestrator.errors import UnreadableMedia
from orchestrator.media.probe import open_media

SPEECH_RATE = 16_000


def read_speech(path: Path) -> NDArray[np.float32]:
    """The first sound track as float32 mono at 16 kHz, shape (samples,), range -1..1; empty when there is no sound.

    Raises ``UnreadableMedia`` when the file cannot be opened or nothing of its sound can be decoded.
    """
    resampler = AudioResampler(format="flt", layout="mono", rate=SPEECH_RATE)
    parts: list[NDArray[np.float32]] = []
    with open_media(path) as container:
        if not container.streams.audio:
            return np.zeros(0, dtype=np.float32)
        try:
            for frame in container.decode(audio=0):
                frame.pts = None  # gaps are not filled: positions count decoded samples
                parts += _samples(resampler.resample(frame))
            parts += _samples(resampler.resample(None))
        except FFmpegError as error:
            if not parts:
                raise UnreadableMedia(f"The sound of {path.name} cannot be read: {error.strerror}.") from error
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _samples(frames: list[AudioFrame]) -> list[NDArray[np.float32]]:
    return [frame.to_ndarray().reshape(-1).astype(np.float32, copy=False) for frame in frames]
