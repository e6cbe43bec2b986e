"""Sound: what the series of a take's samples says about silence, clipping, clicks, dropouts and levels. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from orchestrator.media.meters import WINDOW_SECONDS, SoundSeries
from orchestrator.media.span import Span, Stretch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

FLOOR_DB = -90.0  # below is digital silence
_SILENT_PEAK = 10 ** (-45 / 20)  # room tone under -45 dB counts as no sound
_MIN_SILENCE_SECONDS = 0.7
_NOISE_WINDOWS = 10  # 50 ms
_CREST = 0.6
_AROUND_WINDOWS = 8
_DROPOUT_SECONDS = (0.015, 0.5)
_DROPOUT_DB = 30.0  # how far the sound falls, and comes back, within 15 ms
_STEADY_DB = 8.0  # sound that was cut off was not fading already
_LOUD_DB = -45.0
_MAX_EMPTY_SHARE = 0.15


def find_silence(series: SoundSeries) -> tuple[Span, ...]:
    """Stretches of at least 0.7 s without a sample over -45 dB."""
    spans = _spans(series.peak < _SILENT_PEAK)
    return tuple(s for s in spans if s.end_seconds - s.start_seconds >= _MIN_SILENCE_SECONDS)


def measure_noise_floor(series: SoundSeries) -> float | None:
    """Level of the quietest tenth of the sound in dB below full scale, -90 at the least; None without sound."""
    import numpy as np

    whole = len(series.power) // _NOISE_WINDOWS * _NOISE_WINDOWS
    if not whole:
        return None
    power = series.power[:whole].reshape(-1, _NOISE_WINDOWS).mean(axis=1)
    return round(max(FLOOR_DB, 10 * math.log10(max(1e-12, float(np.percentile(power, 10))))), 1)


def find_clipping(series: SoundSeries) -> tuple[Stretch, ...]:
    """Stretches with tops that were cut, pauses of up to 0.2 s between them bridged; ``level`` is the share of the
    samples of the stretch that lie on them."""
    import numpy as np

    hits = np.flatnonzero(series.clipped > 0.01)
    if not len(hits):
        return ()
    runs = np.split(hits, np.flatnonzero(np.diff(hits) > 0.2 / WINDOW_SECONDS) + 1)
    ends = [(int(run[0]), int(run[-1]) + 1) for run in runs]
    return tuple(_stretch(start, end, float(series.clipped[start:end].mean())) for start, end in ends)


def find_clicks(series: SoundSeries) -> tuple[Stretch, ...]:
    """Places at which single samples jump out of the sound around them; ``level`` is the size of the jump, full scale
    being 1. A click is alone: its own 5 ms are quiet but for one jolt, and so is what surrounds it."""
    import numpy as np

    found = []
    for index in np.flatnonzero((series.crest > _CREST) & (series.jolt > 0.01)).tolist():
        around = np.r_[
            series.jolt[max(0, index - _AROUND_WINDOWS) : max(0, index - 1)],
            series.jolt[index + 2 : index + 2 + _AROUND_WINDOWS],
        ]
        if len(around) and series.jolt[index] > 3 * float(np.percentile(around, 90)):
            found.append(_stretch(index, index + 1, float(series.jolt[index]) / 4))
    return tuple(found)


def find_dropouts(series: SoundSeries) -> tuple[Span, ...]:
    """Short holes (15 ms to half a second) into which steady sound falls at once and from which it comes back at once.
    Pauses of speech fade, and leave the room to be heard; a hole in the data does neither. Where every pause is
    empty (a voice without a room), holes cannot be told from them."""
    import numpy as np

    level = 10 * np.log10(np.maximum(series.power, 1e-9))
    found = []
    if float((level < _LOUD_DB - _DROPOUT_DB + 5).mean()) > _MAX_EMPTY_SHARE:
        return ()
    for span in _spans(level < _LOUD_DB - _DROPOUT_DB + 5):
        start, end = (round(t / WINDOW_SECONDS) for t in (span.start_seconds, span.end_seconds))
        if not _DROPOUT_SECONDS[0] <= span.end_seconds - span.start_seconds <= _DROPOUT_SECONDS[1]:
            continue
        # one window on either side holds the edge itself
        sides = (level[max(0, start - 9) : max(0, start - 1)][::-1], level[end + 1 : end + 9])
        if all(len(side) >= 6 and _is_steady(side) for side in sides):
            found.append(span)
    return tuple(found)


def _is_steady(side: Floats) -> bool:
    """Whether sound next to a hole is as loud at the hole (``side[0]``) as further away."""
    return bool(side[0] > _LOUD_DB and side[0] > float(side.max()) - _STEADY_DB)


def _spans(flags: Flags) -> tuple[Span, ...]:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8))) * WINDOW_SECONDS
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(Span(start_seconds=float(a), end_seconds=float(b)) for a, b in pairs)


def _stretch(start: float, end: float, level: float) -> Stretch:
    return Stretch(start_seconds=float(start * WINDOW_SECONDS), end_seconds=float(end * WINDOW_SECONDS), level=level)
