"""A still picture that moves: a slow push into it, and light that wanders over it, drawn into yuv420p planes.

The light is there so that a picture of one colour does not stand still either.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from providers.mock.landscape import to_yuv

_PUSH = 0.12  # of the picture is left outside in the end
_LIGHT = 0.06
_LIGHT_SECONDS = 5.0


class Photograph:
    """The picture at ``path``, cropped to ``width`` by ``height``; ``shape_seed`` says where the push leads."""

    def __init__(self, path: Path, *, shape_seed: int, width: int, height: int, seconds: float) -> None:
        rng = np.random.default_rng(shape_seed)
        with Image.open(path) as opened:
            picture = ImageOps.fit(opened.convert("RGB"), (width, height), Image.Resampling.LANCZOS)
        planes = to_yuv(np.asarray(picture, np.float32) / 255, rng)
        self._planes = [Image.fromarray(plane) for plane in planes]
        self._seconds = seconds
        self._aim = (rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.6))
        self._columns = np.arange(width, dtype=np.float32) / width

    def draw(self, seconds: float, planes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        """Draw the picture at ``seconds`` into the luma and the two half-size chroma planes (uint8)."""
        outside = _PUSH * min(1.0, seconds / self._seconds)
        for plane, source in zip(planes, self._planes, strict=True):
            width, height = source.size
            left, top = (side * outside * aim for side, aim in zip(source.size, self._aim, strict=True))
            box = (left, top, left + width * (1 - outside), top + height * (1 - outside))
            plane[:] = np.asarray(source.resize(source.size, Image.Resampling.BICUBIC, box=box))
        wave = np.sin(2 * np.pi * (self._columns * 0.7 - seconds / _LIGHT_SECONDS))
        light = np.rint(128 * (1 + _LIGHT * wave)).astype(np.int16)
        planes[0][:] = np.minimum(planes[0] * light >> 7, 235)
