"""Picture: what the series of a take's frames say about black, frozen, flickering, cut or blurred stretches. Pure.

Every function reports what is there, with how strong it is; how much is too much is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from orchestrator.media.meters import WHITE, NativeSeries, PictureSeries
from orchestrator.media.span import Span, Stretch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

_BLACK_LEVELS = 8  # nobody sees anything in a picture that is darker (3.6 %)
_DARK_GREY_LEVELS, _ONE_GREY_LEVELS = 18, 2
_MIN_BLACK_SECONDS = 0.1
_MIN_HELD_SECONDS = 0.25
_SETTLING_LEVELS, _SETTLED_LEVELS = 4.0, 3.0
_AROUND_SECONDS, _STOP_SECONDS = 0.7, 0.12  # how far around a frozen stretch motion is looked for
_MIN_ABRUPTNESS = 0.35  # motion right at a frozen stretch against that further away
_MIN_FADE_SECONDS = 0.2
_MIN_SWING_LEVELS = 4.0
_SLOWEST_SWING_SECONDS = 0.21  # three and more flashes a second are seen as flicker (WCAG 2.2, 2.3.1, names three)
_MIN_SWINGS = 5
_MIN_FLASH_LEVELS = 40.0
_FLASH_SECONDS = 0.34  # a picture that is back after this long was interrupted, not cut
_MIN_STRANGENESS, _MIN_REPLACED = 0.1, 0.4  # a caption that pops up replaces less of the picture
_MIN_BAR_LEVELS = 20.0
_SAME_THINGS = 0.15  # strangeness of a picture that was only blurred
_LOST_EDGE_PIXELS = 16.0
_MIN_CONTRAST_LEVELS = 6.0
_SHARP_EDGE_PIXELS = 2.2  # narrower is sharp, whatever the rest is
_MIN_BLOCKINESS, _MIN_NOISE = 0.1, 0.03
_MIN_SEEN_SECONDS = 0.5  # two samples in a row: one may be a coincidence


def find_black(series: PictureSeries, *, end_seconds: float) -> tuple[Span, ...]:
    """Stretches of black of at least 0.1 s: 99.5 % of the picture is under 3.6 % of white, or it is all one dark grey
    (black of another range); a night has something in it."""
    is_one_grey = (series.bright <= _DARK_GREY_LEVELS) & (series.bright - series.luma < _ONE_GREY_LEVELS)
    black = (series.bright <= _BLACK_LEVELS) | is_one_grey
    return _spans(series.seconds, black, end_seconds=end_seconds, min_seconds=_MIN_BLACK_SECONDS)


def find_fades(series: PictureSeries, *, end_seconds: float) -> tuple[float, float]:
    """When a fade-in at the very start ends and when a fade-out at the very end begins, in seconds; the start and the
    end of the take where there is none. A fade rises evenly; a picture that springs up was black."""
    fade_in = _fade_length(series.luma, series.seconds)
    fade_out = _fade_length(series.luma[::-1], end_seconds - series.seconds[::-1])
    return fade_in, end_seconds - fade_out


def find_freezes(series: PictureSeries, *, end_seconds: float) -> tuple[Stretch, ...]:
    """Stretches over which no part of the picture changes, ``level`` the share of it (0..1) that moved just before or
    after. A scene in which nothing ever moves has none: it is calm, it did not stop."""
    import numpy as np

    starts = np.array(_held_starts(series), dtype=np.int64)
    edges = np.append(series.seconds[starts], end_seconds)
    found = []
    for start, end in pairwise(edges.tolist()):
        if end - start >= _MIN_HELD_SECONDS and (start > 0 or end < end_seconds):
            before = (series.seconds > start - _AROUND_SECONDS) & (series.seconds <= start)
            after = (series.seconds >= end) & (series.seconds < end + _AROUND_SECONDS)
            before[0] = False  # there is nothing that it could have moved from
            sides = (np.flatnonzero(before)[::-1], np.flatnonzero(after))
            found.append(_stretch(start, end, max(_measure_stop(series, side) for side in sides)))
    return tuple(found)


def _measure_stop(series: PictureSeries, frames: NDArray[np.int64]) -> float:
    """How much of the picture moves in ``frames``, which lead away from a standing picture: less where the motion dies
    down towards it, as that of a camera which comes to rest."""
    import numpy as np

    if len(frames) < 2:
        return 0.0
    near = max(2, int((np.abs(series.seconds[frames] - series.seconds[frames[0]]) <= _STOP_SECONDS).sum()))
    moving, jump = series.moving[frames], series.jump[frames]
    abruptness = float(jump[:near].mean()) / max(1e-3, float(jump.mean()))
    return float(np.percentile(moving, 75)) if abruptness >= _MIN_ABRUPTNESS else 0.0


def is_still(series: PictureSeries) -> bool:
    """Whether one and the same picture is shown from the first frame to the last."""
    return len(_held_starts(series)) == 1


def _held_starts(series: PictureSeries) -> list[int]:
    """Indices of the frames with which something new is shown. Encoders refine a standing picture step by step: small
    steps that leave the brightness of every block where it was belong to the same picture."""
    import numpy as np

    kept: list[int] = []
    for start in np.flatnonzero(np.diff(series.held_since, prepend=-1)):
        if kept and series.jump[start] <= _SETTLING_LEVELS:
            drift = np.abs(series.thumbs[start, ..., 0].astype(np.int16) - series.thumbs[kept[-1], ..., 0])
            if drift.max() <= _SETTLED_LEVELS:
                continue
        kept.append(int(start))
    return kept


def find_flicker(series: PictureSeries) -> tuple[Stretch, ...]:
    """Stretches in which the light goes up and down at least two and a half times a second, ``level`` the size of the
    swings as a share of white; and single flashes, after which the light is what it was before."""
    import numpy as np

    light = _follow_light(series)
    found: list[Stretch] = []
    run: list[int] = []
    for turn in [*_turning_points(light, min_swing=_MIN_SWING_LEVELS), None]:
        if turn is not None and (not run or series.seconds[turn] - series.seconds[run[-1]] <= _SLOWEST_SWING_SECONDS):
            run.append(turn)
            continue
        if len(run) > _MIN_SWINGS:
            swing = float(np.median(np.abs(np.diff(light[run])))) / WHITE
            found.append(_stretch(series.seconds[run[0]], series.seconds[run[-1]], swing))
        run = [] if turn is None else [turn]
    return tuple(found)


def find_flashes(series: PictureSeries) -> tuple[Stretch, ...]:
    """Places at which the picture is much brighter for up to a third of a second, ``level`` by how much (share of
    white)."""
    import numpy as np

    light, seconds = _follow_light(series), series.seconds
    found: list[Stretch] = []
    rises = np.flatnonzero(np.diff(light) > _MIN_FLASH_LEVELS / 2)
    for rise in rises:
        if found and seconds[rise] < found[-1].end_seconds:
            continue
        near = (seconds > seconds[rise]) & (seconds <= seconds[rise] + _FLASH_SECONDS)
        height = float(light[near].max()) - light[rise] if near.any() else 0.0
        back = np.flatnonzero(near & (light - light[rise] < 0.3 * height) & (np.arange(len(light)) > rise + 1))
        if height >= _MIN_FLASH_LEVELS and len(back):
            found.append(_stretch(float(seconds[rise + 1]), float(seconds[back[0]]), height / WHITE))
    return tuple(found)


def _follow_light(series: PictureSeries) -> Floats:
    """How the light goes up and down, in levels: what the middle half of all blocks changes by. Things that move
    through the picture change some of them, light changes most."""
    import numpy as np

    if len(series.seconds) < 2:
        return np.zeros(len(series.seconds))
    blocks = series.thumbs[..., 0].reshape(len(series.seconds), -1).astype(np.int16)
    middle = slice(blocks.shape[1] // 4, max(1, blocks.shape[1] * 3 // 4))
    steps = np.sort(np.diff(blocks, axis=0), axis=1)[:, middle]
    return np.concatenate([[0.0], np.cumsum(steps.mean(axis=1))])


def find_cuts(series: PictureSeries) -> tuple[Stretch, ...]:
    """Places at which one picture is followed by quite another one, for good; ``level`` is how little they have in
    common (0..1: one minus the correlation of what they show).

    A cut stands out of the changes on both sides of it, which those of a fast camera do not; after a flash the old
    picture comes back; when a light goes on, the same things are seen brighter.
    """
    import numpy as np

    shown = np.flatnonzero(series.moving > 0)  # frames that repeat the one before say nothing about motion
    thumbs, seconds = series.thumbs[shown].astype(np.float32), series.seconds[shown]
    if len(shown) < 3:
        return ()
    change = np.abs(np.diff(thumbs, axis=0)).mean(axis=(1, 2, 3))
    found = []
    for k in np.flatnonzero(change > 2.0):
        before, after = change[max(0, k - 5) : k], change[k + 1 : k + 6]
        usual = max((float(np.median(part)) for part in (before, after) if len(part)), default=0.0)
        later = min(int(np.searchsorted(seconds, seconds[k + 1] + _FLASH_SECONDS)), len(shown) - 1)
        earlier = max(0, int(np.searchsorted(seconds, seconds[k] - _FLASH_SECONDS)))
        is_dark = min(series.bright[shown[k]], series.bright[shown[k + 1]]) <= _BLACK_LEVELS
        is_part = series.moving[shown[k + 1]] < _MIN_REPLACED
        if change[k] < 3 * usual + 1.0 or is_dark or is_part:
            continue
        near = range(max(0, k - 3), min(len(change), k + 4))
        usual = float(np.median([_strangeness(thumbs[n], thumbs[n + 1]) for n in near if n != k] or [0.0]))
        strangeness = min(
            _strangeness(thumbs[k], thumbs[k + 1]) - 3 * usual,
            _strangeness(thumbs[k], thumbs[later]),
            _strangeness(thumbs[earlier], thumbs[k + 1]),
        )
        if strangeness > _MIN_STRANGENESS:
            found.append(_stretch(seconds[k + 1], seconds[k + 1], strangeness))
    return tuple(found)


def measure_pace(series: PictureSeries, *, end_seconds: float) -> tuple[float | None, float]:
    """How many different pictures a second are shown while something moves (None if nothing does), and how far, as a
    share of white, a picture is from the one before it."""
    import numpy as np

    shown = np.flatnonzero(series.moving > 0)
    if len(shown) < 4:
        return None, 0.0
    gaps = np.diff(np.append(series.seconds[shown], end_seconds))
    thumbs = series.thumbs[shown].astype(np.float32)
    change = np.abs(np.diff(thumbs, axis=0)).mean(axis=(1, 2, 3))
    return 1.0 / max(1e-3, float(np.median(gaps[:-1]))), float(np.median(change)) / WHITE


def measure_bars(series: PictureSeries) -> tuple[float, float]:
    """How much of the height (both together) and of the width black bars take, as shares. Bars are black in every
    frame, straight, and alike on both sides; the dark sky of a night is not."""
    return _bars(series.row_peak, series.row_mean), _bars(series.column_peak, series.column_mean)


def find_blur(series: NativeSeries, pictures: PictureSeries, *, end_seconds: float) -> tuple[Stretch, ...]:
    """Stretches less sharp than the rest of the take, ``level`` how many times wider their edges are than those of its
    sharper quarter. A stretch that has lost all its edges, though it shows the same things, counts 16 pixels."""
    import numpy as np

    edges, known = series.edge_pixels.copy(), ~np.isnan(series.edge_pixels)
    if not known.any() or not len(pictures.seconds):
        return ()
    at = np.clip(np.searchsorted(pictures.seconds, series.seconds - 1e-3), 0, len(pictures.seconds) - 1)
    thumbs = pictures.thumbs[at].astype(np.float32)
    sharp = np.flatnonzero(known)
    for index in np.flatnonzero(~known & (pictures.bright[at] > _BLACK_LEVELS)):
        nearest = sharp[np.abs(sharp - index).argmin()]
        contrast, other = (float(thumbs[n][..., 0].std()) for n in (index, nearest))
        is_alike = contrast > _MIN_CONTRAST_LEVELS and contrast > 0.6 * other  # it is not fading away
        if is_alike and _strangeness(thumbs[index], thumbs[nearest]) < _SAME_THINGS:
            edges[index] = _LOST_EDGE_PIXELS
    usual = float(np.nanpercentile(edges, 25))
    edges[edges < _SHARP_EDGE_PIXELS] = usual
    return spread(series.seconds, edges / usual, above=1.3, end_seconds=end_seconds, min_seconds=0.2)


def measure_sharpness(series: NativeSeries, *, lines: int) -> float | None:
    """How many pixels the sharpest edges take, in the middle of all frames; None when less than half of them have any.
    Of a picture of more than 720 ``lines`` they are pixels of that size, as it is looked at from as near."""
    import numpy as np

    known = series.edge_pixels[~np.isnan(series.edge_pixels)]
    if len(known) * 2 < max(1, len(series.edge_pixels)):
        return None
    return float(np.median(known)) / max(1.0, lines / 720)


def find_blocks(series: NativeSeries, *, end_seconds: float) -> tuple[Stretch, ...]:
    """Stretches in which a grid stands out of the picture, ``level`` how much (0..1)."""
    return spread(
        series.seconds, series.blockiness, above=_MIN_BLOCKINESS, end_seconds=end_seconds, min_seconds=_MIN_SEEN_SECONDS
    )


def find_noise(series: NativeSeries, *, end_seconds: float) -> tuple[Stretch, ...]:
    """Stretches of noise, ``level`` its standard deviation as a share of white."""
    return spread(
        series.seconds, series.noise / WHITE, above=_MIN_NOISE, end_seconds=end_seconds, min_seconds=_MIN_SEEN_SECONDS
    )


def spread(
    seconds: Floats, levels: Floats, *, above: float, end_seconds: float, min_seconds: float
) -> tuple[Stretch, ...]:
    """Stretches of samples whose level passes ``above``, each with its median level; unknown (nan) samples are left
    out."""
    import numpy as np

    known = ~np.isnan(levels)
    at, values = seconds[known], levels[known]
    found = []
    for span in _spans(at, values > above, end_seconds=end_seconds, min_seconds=min_seconds):
        inside = (at >= span.start_seconds) & (at < span.end_seconds)
        found.append(_stretch(span.start_seconds, span.end_seconds, float(np.median(values[inside]))))
    return tuple(found)


def _stretch(start: float, end: float, level: float) -> Stretch:
    return Stretch(start_seconds=float(start), end_seconds=float(end), level=level)


def _spans(seconds: Floats, flags: Flags, *, end_seconds: float, min_seconds: float) -> tuple[Span, ...]:
    """Runs of ``flags`` as spans: each frame stands until the next one comes."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    until = np.append(seconds, end_seconds)
    pairs = ((float(until[a]), float(until[b])) for a, b in zip(edges[::2], edges[1::2], strict=True))
    return tuple(Span(start_seconds=a, end_seconds=b) for a, b in pairs if b - a >= min_seconds - 1e-3)


def _fade_length(luma: Floats, seconds: Floats) -> float:
    """Until when the brightness rises from (nearly) nothing, 0 if it does not."""
    import numpy as np

    near = luma[seconds <= 4.0]
    if len(near) < 4:
        return 0.0
    # The settled level: the brightest within a second of the first clearly lit frame.
    lit = int(np.argmax(near > max(_BLACK_LEVELS, 0.5 * float(near.max()))))
    full = float(near[(seconds[: len(near)] >= seconds[lit]) & (seconds[: len(near)] <= seconds[lit] + 1.0)].max())
    if near[0] > 0.25 * full or full < _BLACK_LEVELS:
        return 0.0
    rise = np.flatnonzero((near > 0.05 * full) & (np.maximum.accumulate(near) < 0.9 * full))
    if len(rise) < 3 or seconds[rise[-1]] - seconds[rise[0]] < _MIN_FADE_SECONDS:
        return 0.0
    steps = np.diff(near[max(0, rise[0] - 1) : rise[-1] + 2])
    return float(seconds[min(rise[-1] + 1, len(near) - 1)]) if steps.max() < 0.4 * full else 0.0


def _turning_points(values: Floats, *, min_swing: float) -> Iterator[int]:
    """Indices of the local extremes between which ``values`` go at least ``min_swing`` up or down."""
    if not len(values):
        return
    low = high = 0
    direction = 0
    for index, value in enumerate(values):
        if value > values[high]:
            high = index
        if value < values[low]:
            low = index
        if direction >= 0 and values[high] - value >= min_swing:
            yield high
            direction, low = -1, index
            high = index
        elif direction <= 0 and value - values[low] >= min_swing:
            yield low
            direction, high = 1, index
            low = index


def _strangeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """One minus the correlation of two thumbs, clipped to 0..1; brightness and contrast as a whole do not matter."""
    import numpy as np

    a, b = ((t - t.mean(axis=(0, 1))).ravel() for t in (one, other))
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.clip(1 - float(a @ b) / scale, 0, 1)) if scale > 1 else 0.0


def _bars(peak: Floats, mean: Floats) -> float:
    dark = peak <= _DARK_GREY_LEVELS
    if dark.all():
        return 0.0
    first, last = int((~dark).argmax()), int((~dark)[::-1].argmax())
    inside = slice(first + 1, len(dark) - last - 1)
    if not first or not last or abs(first - last) > max(2, 0.2 * max(first, last)) or not len(mean[inside]):
        return 0.0
    # A straight edge is lit along its whole length at once. Where the picture itself is dark on one side, equal
    # thickness speaks for the other.
    darker, brighter = sorted((mean[inside][0], mean[inside][-1]))
    is_even = abs(first - last) <= 1 and darker > _BLACK_LEVELS / 2
    is_straight = brighter >= _MIN_BAR_LEVELS and (is_even or darker >= _MIN_BAR_LEVELS)
    return (first + last) / len(dark) if is_straight else 0.0
