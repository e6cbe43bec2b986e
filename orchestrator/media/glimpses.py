"""Which frames of a video to look at: those that show its scenes, sharp, and spread over its length. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

# In levels of 0..255. A picture under the first has nothing in it; two that differ less than the second are the same
# picture, encoded twice; a change of scene is more than the third, and than three times what is usual in this video.
_MIN_CONTRAST = 2.0
_SAME_UP_TO = 0.5
_MIN_CHANGE = 12.0
_CHANGE_OVER_USUAL = 3.0
# Of the video's own best contrast: less is a fade, not a picture.
_MIN_CONTRAST_SHARE = 0.1
_THUMBNAIL_SIZE = (16, 9)


@dataclass(frozen=True, eq=False)
class Glimpse:
    """What was measured on one frame, in levels of 0..255. ``sharpness`` is the mean squared step between neighbouring
    pixels, ``contrast`` the standard deviation of the luma, ``thumbnail`` the picture's colours in fields, shape (rows,
    columns, 3)."""

    at_seconds: float
    sharpness: float
    contrast: float
    thumbnail: NDArray[np.float32]


def measure(picture: Image, *, at_seconds: float) -> Glimpse:
    """The measures of ``picture``."""
    import numpy as np
    from PIL.Image import Resampling

    luma = np.asarray(picture.convert("L")).astype(np.int16)
    steps = [np.diff(luma, axis=axis).ravel().astype(np.float32) for axis in (0, 1) if luma.shape[axis] > 1]
    return Glimpse(
        at_seconds=at_seconds,
        sharpness=sum(float(step @ step) / step.size for step in steps),
        contrast=float(luma.std()),
        thumbnail=np.asarray(picture.resize(_THUMBNAIL_SIZE, Resampling.BOX), np.float32),
    )


def choose(glimpses: Sequence[Glimpse], *, count: int) -> list[int]:
    """Indices, in order, of the ``count`` glimpses to look at; fewer when there are not as many with a picture in them.

    The length is cut into ``count`` equal parts, each shown by the sharpest glimpse about its middle, rather one of a
    scene not shown yet; a scene that is still missing takes the place of one shown twice. The first and the last part
    are always shown. What is empty, or the same as one chosen already, is taken only where there is nothing else.
    """
    usable = _with_picture(glimpses)
    scenes = _scenes(glimpses)
    chosen: list[int] = []
    parts = _parts(glimpses, usable, count=count)
    for part in (parts[0], *parts[:0:-1]):  # the edges first: what is between them gives way
        fresh = _unlike(glimpses, part, chosen)
        if fresh or (part and part in (parts[0], parts[-1])):
            shown = {scenes[i] for i in chosen}
            unseen = [i for i in fresh if scenes[i] not in shown]
            core = part[len(part) // 4 : len(part) - len(part) // 4]  # so that two do not meet where parts do
            pool = unseen or fresh or part
            chosen.append(_sharpest(glimpses, [i for i in pool if i in core] or pool))
    edges = set(chosen[:2])
    for scene in sorted({scenes[i] for i in usable} - {scenes[i] for i in chosen}):
        fresh = _unlike(glimpses, [i for i in usable if scenes[i] == scene], chosen)
        twice = [i for i in chosen if i not in edges and [scenes[j] for j in chosen].count(scenes[i]) > 1]
        if fresh and len(chosen) < count:
            chosen.append(_sharpest(glimpses, fresh))
        elif fresh and twice:
            best = _sharpest(glimpses, fresh)
            chosen[chosen.index(min(twice, key=lambda i: _apart(glimpses, i, best)))] = best
    while len(chosen) < min(count, len(usable)):
        rest = [i for i in usable if i not in chosen]
        fresh = _unlike(glimpses, rest, chosen) or rest
        chosen.append(max(fresh, key=lambda i: min((_apart(glimpses, i, j) for j in chosen), default=0.0)))
    return sorted(chosen)


def _with_picture(glimpses: Sequence[Glimpse]) -> list[int]:
    """Those that show something; all when none does."""
    least = max(_MIN_CONTRAST, _MIN_CONTRAST_SHARE * max((g.contrast for g in glimpses), default=0.0))
    return [i for i, g in enumerate(glimpses) if g.contrast >= least] or list(range(len(glimpses)))


def _scenes(glimpses: Sequence[Glimpse]) -> list[int]:
    """The number of the scene that each glimpse is of."""
    changes = [_difference(a, b) for a, b in pairwise(glimpses)]
    usual = sorted(changes)[len(changes) // 2] if changes else 0.0
    least = max(_MIN_CHANGE, _CHANGE_OVER_USUAL * usual)
    scenes = [0] * bool(glimpses)
    for change in changes:
        scenes.append(scenes[-1] + (change > least))
    return scenes


def _parts(glimpses: Sequence[Glimpse], usable: Sequence[int], *, count: int) -> list[list[int]]:
    """``usable`` in ``count`` equal parts of the time they span."""
    parts: list[list[int]] = [[] for _ in range(count)]
    if usable:
        start = glimpses[usable[0]].at_seconds
        span = glimpses[usable[-1]].at_seconds - start
        for i in usable:
            share = (glimpses[i].at_seconds - start) / span if span > 0 else 0.0
            parts[min(count - 1, int(share * count))].append(i)
    return parts


def _unlike(glimpses: Sequence[Glimpse], pool: Iterable[int], chosen: Iterable[int]) -> list[int]:
    return [i for i in pool if all(_difference(glimpses[i], glimpses[j]) > _SAME_UP_TO for j in chosen)]


def _sharpest(glimpses: Sequence[Glimpse], pool: Sequence[int]) -> int:
    """Of several that are as sharp, the one in the middle."""
    middle = (pool[0] + pool[-1]) / 2
    return max(pool, key=lambda i: (glimpses[i].sharpness, -abs(i - middle)))


def _difference(one: Glimpse, other: Glimpse) -> float:
    return float(abs(one.thumbnail - other.thumbnail).mean())


def _apart(glimpses: Sequence[Glimpse], one: int, other: int) -> float:
    return abs(glimpses[one].at_seconds - glimpses[other].at_seconds)
