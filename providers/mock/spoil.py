"""Faults on purpose: what a defect does to the words, the sound, the picture and the length of a mock clip."""

from __future__ import annotations

from itertools import count

import numpy as np

from providers.mock.defects import Defect
from providers.mock.order import StudioOrder
from providers.mock.palettes import PALETTES, Palette, draw_palette, rgb

BLACK_EDGE_SECONDS = 0.45
_LONG_SECONDS = 1.3
_SHARE_OF_LENGTH = {Defect.WRONG_LENGTH: 0.75, Defect.SHORT: 0.9}
_BLACK_FRAMES = 40
_BLUR_PIXELS = 12
_FLICKER_FRAMES, _FLICKER_LIGHT = 3, 0.45
_OVERDRIVE = 40.0
_OTHER_WORDS = (
    "seven grey geese crossed the harbour while nobody on the ferry looked up from the morning paper and the old"
    " clock above the bakery kept insisting that it was already a quarter to nine on a quiet Tuesday in March"
)
_ADDED_WORDS = "Thank you for watching."
_OTHER_LOOK = 7919

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


def spoilt_seconds(order: StudioOrder) -> float:
    """How long the clip really becomes."""
    extra = _LONG_SECONDS if order.defect is Defect.LONG else 0.0
    return order.seconds * (_SHARE_OF_LENGTH.get(order.defect, 1.0) if order.defect else 1.0) + extra


def look_seeds(order: StudioOrder) -> tuple[int, ...]:
    """The looks of the clip, one after the other for equal times."""
    if order.defect is Defect.DRIFT:
        return (_other_look(order.look_seed),)
    return (order.look_seed, _other_look(order.look_seed)) if order.defect is Defect.HIDDEN_CUT else (order.look_seed,)


def _other_look(seed: int) -> int:
    """A look whose colours nobody takes for those of ``seed``: another mood may be much like it."""

    def tint(palette: Palette) -> np.ndarray:
        colours = np.stack([rgb(c) for c in (palette.sky, palette.horizon, palette.far)])
        return colours - colours.mean(axis=1, keepdims=True)

    own = tint(draw_palette(np.random.default_rng(seed)))
    other = max(PALETTES, key=lambda palette: float(np.abs(tint(palette) - own).sum()))
    return next(n for n in count(seed + _OTHER_LOOK) if draw_palette(np.random.default_rng(n)) == other)


def spoil_words(line: str, defect: Defect | None, *, seed: int) -> str:
    """What is said in place of ``line``."""
    words, other = line.split(), _OTHER_WORDS.split()
    if defect is Defect.WRONG_WORDS:
        first = seed % len(other)
        other = other[first:] + other[:first]
        return " ".join((other * (len(words) // len(other) + 1))[: max(3, len(words))]) + "."
    if defect is Defect.WRONG_WORD:
        longest = max(range(len(words)), key=lambda i: len(words[i]))
        return " ".join((*words[:longest], "geese", *words[longest + 1 :]))
    if defect is Defect.MISSING_WORDS:
        return " ".join(words[: -max(1, len(words) * 2 // 5)]) + "."
    if defect is Defect.EXTRA_WORDS:
        return f"{line.rstrip()} {_ADDED_WORDS}"
    return line


def spoil_sound(sound: np.ndarray, defect: Defect | None) -> None:
    """Spoil int16 samples of any shape in place."""
    if defect is Defect.SILENCE:
        sound[:] = 0
    elif defect is Defect.CLIPPED:
        sound[:] = np.clip(sound.astype(np.float32) * _OVERDRIVE, -32768, 32767).astype(np.int16)


def spoil_picture(planes: Planes, defect: Defect | None, *, number: int, frames: int, fps: int) -> None:
    """Spoil frame ``number`` (from 0) of ``frames`` in place: luma and two half-size chroma planes, limited range."""
    begin = frames * 2 // 5
    is_black = (defect is Defect.BLACK and begin <= number < begin + _BLACK_FRAMES) or (
        defect is Defect.BLACK_EDGE and number < BLACK_EDGE_SECONDS * fps
    )
    if is_black:
        planes[0][:], planes[1][:], planes[2][:] = 16, 128, 128
    elif defect is Defect.FLICKER and number // _FLICKER_FRAMES % 2:
        planes[0][:] = (16 + (planes[0].astype(np.float32) - 16) * _FLICKER_LIGHT).astype(np.uint8)
    elif defect is Defect.BLUR:
        for plane, pixels in zip(planes, (_BLUR_PIXELS, _BLUR_PIXELS // 2, _BLUR_PIXELS // 2), strict=True):
            for axis in (0, 1):
                plane[:] = _smear(plane, pixels, axis=axis)


def _smear(plane: np.ndarray, pixels: int, *, axis: int) -> np.ndarray:
    """The mean over ``pixels`` neighbours along ``axis``; edges are continued."""
    pads = [(0, 0), (0, 0)]
    pads[axis] = (pixels // 2 + 1, pixels - pixels // 2 - 1)
    sums = np.cumsum(np.pad(plane.astype(np.float32), pads, mode="edge"), axis=axis)
    upper = np.take(sums, range(pixels, sums.shape[axis]), axis=axis)
    lower = np.take(sums, range(sums.shape[axis] - pixels), axis=axis)
    return ((upper - lower) / pixels).astype(np.uint8)
