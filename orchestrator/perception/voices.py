"""Where in a sound there is a voice: Silero's voice detector, whose weights ship with faster-whisper (about 10 ms of
work for 8 s of sound). Music and noise are no voice to it, however loud. https://github.com/snakers4/silero-vad
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.perception.base import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VOICE_FROM = 0.4  # speech under loud noise still reaches 0.9; music and noise alone stay below 0.3
_MIN_VOICE_MS = 90
_MIN_PAUSE_SECONDS = 0.3
_MIN_GAP_MS = 60  # what is still on this close to the end counts to the end, so the detector itself must be quick
_EDGE_SAMPLES = SAMPLE_RATE_HZ * 3 // 100
_EDGE_SECONDS = 0.05  # the detector's own step is 0.032 s
_FULL_LEVEL_RATIO = 0.18  # -15 dB: words fade in and out over more than one edge


def find_voices(samples: NDArray[np.float32]) -> tuple[tuple[float, float], ...]:
    """The stretches of ``samples`` (mono, 16 kHz) in which somebody speaks, in seconds; pauses under 0.3 s count in."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(
        threshold=_VOICE_FROM,
        min_speech_duration_ms=_MIN_VOICE_MS,
        min_silence_duration_ms=_MIN_GAP_MS,
        speech_pad_ms=0,
    )
    voices: list[tuple[float, float]] = []
    for stretch in get_speech_timestamps(samples, options):
        start, end = (round(stretch[edge] / SAMPLE_RATE_HZ, 2) for edge in ("start", "end"))
        if voices and start - voices[-1][1] < _MIN_PAUSE_SECONDS:
            start = voices.pop()[0]
        voices.append((start, end))
    return tuple(voices)


def find_cuts(samples: NDArray[np.float32], voices: tuple[tuple[float, float], ...]) -> tuple[bool, bool]:
    """Whether the sound begins, and whether it ends, in the middle of a word: the voice is on at the edge, at a level
    that is its own in full and not that of a word that begins or dies away."""
    import numpy as np

    if not voices:
        return False, False
    voiced = [samples[round(start * SAMPLE_RATE_HZ) : round(end * SAMPLE_RATE_HZ)] for start, end in voices]
    full = _level(np.concatenate(voiced)) * _FULL_LEVEL_RATIO
    seconds = len(samples) / SAMPLE_RATE_HZ
    is_cut_at_start = voices[0][0] <= _EDGE_SECONDS and _level(samples[:_EDGE_SAMPLES]) >= full
    is_cut_at_end = voices[-1][1] >= seconds - _EDGE_SECONDS and _level(samples[-_EDGE_SAMPLES:]) >= full
    return is_cut_at_start, is_cut_at_end


def _level(samples: NDArray[np.float32]) -> float:
    import numpy as np

    return float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
