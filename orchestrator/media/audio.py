"""The sound of a video as numbers, the way a transcriber wants it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import UnreadableMedia
from orchestrator.media.probe import open_media

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SPEECH_RATE = 16_000


def read_speech(path: Path) -> NDArray[np.float32]:
    """The first sound track as float32 mono at 16 kHz, shape (samples,), range -1..1; empty when there is no sound.

    Raises ``UnreadableMedia`` when the file cannot be opened or nothing of its sound can be decoded.
    """
    import av
    import numpy as np
    from av.error import FFmpegError

    def samples(frames: list[av.AudioFrame]) -> list[NDArray[np.float32]]:
        return [frame.to_ndarray().reshape(-1).astype(np.float32, copy=False) for frame in frames]

    resampler = av.AudioResampler(format="flt", layout="mono", rate=SPEECH_RATE)
    parts: list[NDArray[np.float32]] = []
    with open_media(path) as container:
        if not container.streams.audio:
            return np.zeros(0, dtype=np.float32)
        try:
            for frame in container.decode(audio=0):
                frame.pts = None  # gaps are not filled: positions count decoded samples
                parts += samples(resampler.resample(frame))
            parts += samples(resampler.resample(None))
        except FFmpegError as error:
            if not parts:
                raise UnreadableMedia(f"The sound of {path.name} cannot be read: {error.strerror}.") from error
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
