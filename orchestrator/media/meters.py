"""Meters: they look at one frame or one block of sound at a time and remember numbers.

All levels of the picture are luma steps from 0 (black) to 219 (white) in the 8-bit limited range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

BLOCK = 8  # pixels of the small picture; at 1280x720 that is 32 pixels of the frame
MOVED_LEVELS = 1.5  # a block that differs by less on average shows the same: coding noise, no motion
WINDOW_SECONDS = 0.005  # of the sound
FULL_SCALE = 0.98  # within 0.2 dB of full scale
WHITE = 219.0  # levels
_LOW = 16  # of black in the limited range
_EDGE_LEVELS = 24  # from this contrast on a slope counts as an edge
_EDGE_WINDOW = 16  # pixels within which an edge is looked for
_EDGE_LINES = 180  # this many, evenly spread, tell as much as all of them
_NOISE_BLOCK = 16
_MIN_GRID_LINES = 8
_MIN_CUT_PEAK, _FLAT_SHARE, _MIN_SWING_SAMPLES = 0.5, 0.8, 4


@dataclass(frozen=True)
class PictureSeries:
    """One entry per frame, shape (frames,), of the picture scaled to 320 pixels.

    ``seconds`` are presentation times. ``luma`` is the mean level; ``bright`` the level that 0.5 % of the pixels pass.
    ``moving`` is the share of blocks (0..1) that differ from the frame before; ``held_since`` the index of the frame
    that this one still shows, and ``jump`` by how much the block that differs most does so from what was shown until
    then. ``thumbs`` are uint8 of shape (frames, rows, columns, 3), Y, U and V as block means.
    ``row_peak`` and ``row_mean`` (height,), ``column_peak`` and ``column_mean`` (width,) are the highest levels that a
    line of pixels ever had, at its brightest pixel and on average.
    """

    seconds: Floats
    luma: Floats
    bright: Floats
    moving: Floats
    jump: Floats
    held_since: NDArray[np.int64]
    thumbs: NDArray[np.uint8]
    row_peak: Floats
    row_mean: Floats
    column_peak: Floats
    column_mean: Floats


@dataclass(frozen=True)
class NativeSeries:
    """Some frames per second, in full resolution. ``edge_pixels`` is how many pixels the sharpest edges take from dark
    to light (nan without any edge), ``blockiness`` the share of a regular grid's lines that stands out of the picture,
    ``noise`` the standard deviation, in levels, of what changes at random between two frames (nan where not paired)."""

    seconds: Floats
    edge_pixels: Floats
    blockiness: Floats
    noise: Floats


@dataclass(frozen=True)
class SoundSeries:
    """One entry per 5 ms, all channels together: ``power`` mean square, ``peak`` amplitude, ``clipped`` share of the
    samples at full scale or on another top that was cut flat, ``jolt`` the largest second difference of neighbouring
    samples, ``crest`` how much of it one sample alone would explain (1 when all others are silent). ``mean`` is the
    average of all samples (the offset)."""

    seconds: Floats
    power: Floats
    peak: Floats
    clipped: Floats
    jolt: Floats
    crest: Floats
    mean: float
    length_seconds: float


class PictureMeter:
    """Looks at each small picture, in yuv420p."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._numbers: list[tuple[float, float, float, float]] = []
        self._held: list[int] = []
        self._thumbs: list[Bytes] = []
        self._before: NDArray[np.int16] | None = None
        self._shown: NDArray[np.int16] | None = None  # the frame that is still shown
        self._peaks: list[Floats] = []
        self._means: list[Floats] = []

    def add(self, planes: Bytes, *, width: int, height: int, seconds: float) -> None:
        import numpy as np

        count = width * height
        luma = planes[:count].reshape(height, width)
        chroma = planes[count : count * 3 // 2].reshape(2, height // 2, width // 2)
        levels = luma.astype(np.int16)
        index = len(self._seconds)
        moving, jump = 1.0, WHITE
        if self._before is None or self._shown is None:
            self._shown, held = levels, index
        else:
            moved = average_blocks(np.abs(levels - self._before), BLOCK) > MOVED_LEVELS
            moving = float(moved.mean())
            held = self._held[-1]
            jump = float(average_blocks(np.abs(levels - self._shown), BLOCK).max())
            if moving > 0 or jump > MOVED_LEVELS:
                self._shown, held = levels, index
        self._before = levels
        counts = np.cumsum(np.bincount(luma.ravel(), minlength=256))
        bright = float(np.searchsorted(counts, 0.995 * count)) - _LOW
        self._seconds.append(seconds)
        self._numbers.append((float(luma.mean()) - _LOW, bright, moving, jump))
        self._held.append(held)
        parts = [average_blocks(luma, BLOCK), *(average_blocks(plane, BLOCK // 2) for plane in chroma)]
        rows, columns = (min(part.shape[axis] for part in parts) for axis in (0, 1))
        self._thumbs.append(np.stack([part[:rows, :columns] for part in parts], axis=-1).astype(np.uint8))
        if not self._peaks:
            self._peaks, self._means = [np.zeros(height), np.zeros(width)], [np.zeros(height), np.zeros(width)]
        for axis, (peak, mean) in enumerate(zip(self._peaks, self._means, strict=True)):
            np.maximum(peak, luma.max(axis=1 - axis), out=peak)
            np.maximum(mean, luma.mean(axis=1 - axis), out=mean)

    def result(self) -> PictureSeries:
        import numpy as np

        rows, columns = self._peaks or [np.zeros(0)] * 2
        row_means, column_means = self._means or [np.zeros(0)] * 2
        luma, bright, moving, jump = np.array(self._numbers, dtype=np.float64).reshape(-1, 4).T
        return PictureSeries(
            seconds=np.array(self._seconds),
            luma=luma,
            bright=bright,
            moving=moving,
            jump=jump,
            held_since=np.array(self._held, dtype=np.int64),
            thumbs=np.array(self._thumbs, dtype=np.uint8),
            row_peak=rows - _LOW,
            row_mean=row_means - _LOW,
            column_peak=columns - _LOW,
            column_mean=column_means - _LOW,
        )


class NativeMeter:
    """Looks at luma planes in full resolution, some of them in pairs of consecutive frames."""

    def __init__(self) -> None:
        self._seconds: list[float] = []
        self._numbers: list[tuple[float, float, float]] = []
        self._before: Bytes | None = None

    def add(self, plane: Bytes, *, seconds: float) -> None:
        if self._before is not None and self._before.shape == plane.shape and len(self._seconds) % 3 == 1:
            edges = self._numbers[-1][0]  # one frame after the other: their edges are alike
            numbers = edges, measure_blockiness(plane), measure_noise(self._before, plane)
        else:
            numbers = measure_edges(plane), math.nan, math.nan
        self._seconds.append(seconds)
        self._numbers.append(numbers)
        self._before = plane

    def result(self) -> NativeSeries:
        import numpy as np

        edges, blockiness, noise = np.array(self._numbers, dtype=np.float64).reshape(-1, 3).T
        return NativeSeries(
            seconds=np.array(self._seconds),
            edge_pixels=edges,
            blockiness=blockiness,
            noise=noise,
        )


class SoundMeter:
    """Looks at samples as they come, float32 of shape (samples, channels); a gap in their times counts as silence."""

    def __init__(self) -> None:
        self._rest: NDArray[np.float32] | None = None
        self._tail: NDArray[np.float32] | None = None
        self._numbers: list[Floats] = []
        self._waiting: list[NDArray[np.float32]] = []
        self._count, self._rate, self._sum = 0, 0, 0.0

    def add(self, samples: NDArray[np.float32], *, seconds: float, rate: int) -> None:
        import numpy as np

        self._rate = rate
        gap = round(seconds * rate) - self._count
        if gap > 0.01 * rate:
            self._take(np.zeros((min(gap, 600 * rate), samples.shape[1]), np.float32))
        self._take(np.nan_to_num(samples))
        if sum(map(len, self._waiting)) >= rate:
            self._measure()

    def result(self) -> SoundSeries:
        import numpy as np

        if self._waiting:
            self._measure()
        numbers = np.concatenate(self._numbers, axis=1) if self._numbers else np.zeros((5, 0))
        return SoundSeries(
            np.arange(numbers.shape[1], dtype=np.float64) * WINDOW_SECONDS,
            *numbers,
            mean=self._sum / self._count if self._count else 0.0,
            length_seconds=self._count / self._rate if self._rate else 0.0,
        )

    def _take(self, samples: NDArray[np.float32]) -> None:
        self._waiting.append(samples)
        self._count += len(samples)

    def _measure(self) -> None:
        import numpy as np

        parts = ([] if self._rest is None else [self._rest]) + self._waiting
        block, self._waiting = np.concatenate(parts), []
        window = max(1, round(self._rate * WINDOW_SECONDS))
        whole = len(block) // window * window
        block, self._rest = block[:whole], block[whole:]
        if not whole:
            return
        tail = np.repeat(block[:1], 2, axis=0) if self._tail is None else self._tail
        bend = np.abs(np.diff(np.concatenate([tail, block]), n=2, axis=0))
        self._tail = block[-2:] if whole >= 2 else np.repeat(block, 2, axis=0)
        self._sum += float(block.mean(axis=1).sum())

        level = np.abs(block).reshape(-1, window, block.shape[1])
        bends = bend.reshape(-1, window, block.shape[1])
        jolts, roughness = bends.max(axis=1), np.sqrt(np.square(bends).mean(axis=1))
        # The second difference of one displaced sample is 1, -2, 1: this is its crest factor.
        crests = jolts / np.maximum(roughness, 1e-9) / np.sqrt(max(1.0, window / 1.5))
        worst = jolts.argmax(axis=1)[:, None]
        numbers = (
            np.square(level).mean(axis=(1, 2)),
            level.max(axis=(1, 2)),
            ((level >= FULL_SCALE) | find_flat_tops(block).reshape(level.shape)).mean(axis=(1, 2)),
            np.take_along_axis(jolts, worst, axis=1)[:, 0],
            np.take_along_axis(crests, worst, axis=1)[:, 0],
        )
        self._numbers.append(np.stack(numbers).astype(np.float64))


def find_flat_tops(block: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which samples of ``block``, shape (samples, channels), lie on a top that was cut off: a mask of the same shape.

    A swing that passes half of the peak and reaches it spends three fifths of that time in the upper 2 dB when it is
    round, as a sine is (arcsines of 0.5 and 0.8), and more than four fifths when its top was cut; what a limiter makes
    of loud music is pointed. That holds for every pitch, after the level was turned down, and after a lossy codec has
    laid ripples over the flat. The peak is what one sample in a thousand passes, because such ripples overshoot.
    """
    import numpy as np

    mask = np.zeros(block.shape, dtype=bool)
    for channel in range(block.shape[1]):
        level = np.abs(block[:, channel])
        beyond = len(level) // 1000
        peak = float(np.partition(level, -1 - beyond)[-1 - beyond])
        if peak < _MIN_CUT_PEAK:
            continue
        side = np.where(level >= 0.5 * peak, np.sign(block[:, channel]), 0).astype(np.int8)
        edges = np.flatnonzero(np.diff(side, prepend=0, append=0))
        is_swing = side[edges[:-1]] != 0
        starts, ends = edges[:-1][is_swing], edges[1:][is_swing]
        upper = level >= 0.8 * peak
        before = np.concatenate([[0], np.cumsum(upper)])
        lengths = ends - starts
        is_flat = (before[ends] - before[starts] >= _FLAT_SHARE * lengths) & (lengths >= _MIN_SWING_SAMPLES)
        for start, end in zip(starts[is_flat], ends[is_flat], strict=True):
            mask[start:end, channel] = upper[start:end]
    return mask


def average_blocks(plane: NDArray[np.generic], side: int) -> Floats:
    """Means over squares of ``side`` pixels, shape (height // side, width // side); the odd rest is left out."""
    import numpy as np

    rows, columns = (max(1, n // side) for n in plane.shape)
    down, across = (min(side, n) for n in plane.shape)
    squares = plane[: rows * down, : columns * across].reshape(rows, down, columns, across)
    return squares.sum(axis=3, dtype=np.float32).sum(axis=1, dtype=np.float32) / (down * across)  # pyright: ignore


def measure_edges(plane: Bytes) -> float:
    """How many pixels the sharpest edges of ``plane`` take from dark to light; nan without an edge.

    Around every pixel, along a line of 16, the range of levels is divided by the steepest single step; of all places
    with contrast the sharpest twentieth counts, along rows or columns, whichever is sharper (motion smears one of
    them). An edge in focus gives 1 to 2.5, one blurred by a Gaussian of s pixels about 2.5 s.
    """
    import numpy as np

    sharpest = float("nan")
    every = max(2, min(plane.shape) // _EDGE_LINES)
    for lines in (plane[::every], np.ascontiguousarray(plane[:, ::every].T)):
        if lines.shape[1] <= _EDGE_WINDOW:
            continue
        left, right = lines[:, :-1], lines[:, 1:]
        high, low = np.maximum(left, right), np.minimum(left, right)
        step = high - low
        reach = 1
        while reach < _EDGE_WINDOW:  # the running maximum over twice the reach each time
            high = np.maximum(high[:, :-reach], high[:, reach:])
            low = np.minimum(low[:, :-reach], low[:, reach:])
            step = np.maximum(step[:, :-reach], step[:, reach:])
            reach *= 2
        contrast = high - low
        has_edge = contrast >= _EDGE_LEVELS
        if has_edge.sum() >= max(16, 0.0005 * has_edge.size):
            steepness = step[has_edge].astype(np.float32) / contrast[has_edge]
            pixels = 1.0 / max(1e-3, float(np.percentile(steepness, 95)))
            sharpest = pixels if np.isnan(sharpest) else min(sharpest, pixels)
    return sharpest


def measure_noise(before: Bytes, plane: Bytes) -> float:
    """Standard deviation, in levels, of what changes at random between two consecutive frames.

    J. Immerkaer, "Fast Noise Variance Estimation", CVIU 64(2), 1996, on the difference of the two: its mask leaves
    edges out, and of all blocks the calmer quarter counts, so that motion is left out too.
    """
    import numpy as np

    change = plane[::1].astype(np.int16) - before
    rows = change[:-2] - 2 * change[1:-1] + change[2:]
    mask = np.abs(rows[:, :-2] - 2 * rows[:, 1:-1] + rows[:, 2:])
    if min(mask.shape) < _NOISE_BLOCK:
        return float("nan")
    per_block = average_blocks(mask, _NOISE_BLOCK)
    return float(np.percentile(per_block, 25)) * float(np.sqrt(np.pi / 2)) / 6 / float(np.sqrt(2))


def measure_blockiness(plane: Bytes) -> float:
    """0..1: how much more often steps stand out on the lines of a regular grid than between them.

    A step stands out when it is larger than both its neighbours together. The grid (4 to 64 pixels) and its offset
    are those that fit best; half of its lines must show it, so that the outlines of things do not count.
    """
    import numpy as np

    found = []
    for lines in (plane, plane.T):
        step = np.abs(np.diff(lines.astype(np.int16), axis=1))
        if step.shape[1] < 64:
            return 0.0
        stands_out = (step[:, 1:-1] > step[:, :-2] + step[:, 2:] + 1).mean(axis=0)
        best = 0.0
        for period in (*range(4, 33), 40, 48, 64):
            count = len(stands_out) // period
            if count < _MIN_GRID_LINES:
                break
            per_offset = np.sort(stands_out[: count * period].reshape(count, period), axis=0)[count // 2]
            on = int(per_offset.argmax())
            best = max(best, float(per_offset[on] - np.delete(per_offset, on).mean()))
        found.append(best)
    return min(found)
