"""A moving landscape: layered ridges under a drifting sky, drawn straight into yuv420p planes.

A ridge is a height per column, so shifting it by a fraction of a pixel stays smooth, and a frame costs one blend per
ridge over the few rows its skyline crosses: about 5 ms at 1280x720. Everything follows from the two seeds.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from providers.mock.palettes import Palette, draw_palette, rgb

_MARGIN = 48
_RIDGES = 6


class Landscape:
    """``look_seed`` picks palette and terrain (what clips of one scene share), ``shape_seed`` the particular view."""

    def __init__(self, *, look_seed: int, shape_seed: int, width: int, height: int, seconds: float) -> None:
        self.width, self.height = width, height
        look, view = np.random.default_rng(look_seed), np.random.default_rng([look_seed, shape_seed])
        self.palette = draw_palette(look)
        unit = min(width * 1.4, height * 1.2)
        has_pines = bool(look.random() < 0.65)
        sun_x = width * view.uniform(0.24, 0.76)
        sun_y = height * (view.uniform(0.2, 0.3) if self.palette.is_night else view.uniform(0.3, 0.42))
        direction = 1.0 if view.random() < 0.5 else -1.0

        sky = _sky(self.palette, view, width + 2 * _MARGIN, height + 2 * _MARGIN, sun_x, sun_y, unit)
        self._sky = [plane.astype(np.int16) for plane in to_yuv(sky, view)]
        self._sky_speed = (direction * _MARGIN * 0.9 / seconds, view.choice([-1.0, 1.0]) * _MARGIN * 0.7 / seconds)

        self._skylines: list[np.ndarray] = []
        self._speeds: list[float] = []
        self._fills: list[list[np.ndarray]] = []
        for index in range(_RIDGES):
            nearness = index / (_RIDGES - 1)
            speed = unit * (0.02 + 0.24 * nearness**1.6)
            length = int(width + speed * seconds) + 4
            self._skylines.append(_skyline(view, nearness, length, height, unit, has_pines))
            self._speeds.append(direction * speed)
            fill = _ridge_fill(self.palette, nearness, width, height, sun_x, sun_y)
            self._fills.append([plane.astype(np.int16) for plane in to_yuv(fill, view)])
        self._rows = [np.arange(height, dtype=np.float32) + 0.5, np.arange(height // 2, dtype=np.float32) + 0.5]

    def draw(self, seconds: float, planes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        """Draw the picture at ``seconds`` into the luma and the two half-size chroma planes (uint8)."""
        skylines = [self._skyline_at(index, seconds) for index in range(_RIDGES)]
        floors = [int(line.max()) + 3 for line in skylines]
        hidden_from = [min([self.height, *floors[index + 1 :]]) for index in range(_RIDGES)]
        self._draw_sky(seconds, planes, rows=min(self.height, *floors))
        for index, line in enumerate(skylines):
            steepness = np.hypot(1.0, np.gradient(line)).astype(np.float32)
            half = line.reshape(-1, 2).mean(axis=1) / 2
            _blend(planes[0], self._fills[index][0], line, steepness, self._rows[0], hidden_from[index])
            for chroma in (1, 2):
                fill = self._fills[index][chroma]
                _blend(planes[chroma], fill, half, steepness[::2], self._rows[1], -(-hidden_from[index] // 2))

    def _skyline_at(self, index: int, seconds: float) -> np.ndarray:
        line, speed = self._skylines[index], self._speeds[index]
        offset = speed * seconds if speed > 0 else len(line) - self.width - 2 + speed * seconds
        offset = min(max(offset, 0.0), len(line) - self.width - 1.001)
        whole = int(offset)
        part = np.float32(offset - whole)
        return line[whole : whole + self.width] * (1 - part) + line[whole + 1 : whole + 1 + self.width] * part

    def _draw_sky(self, seconds: float, planes: tuple[np.ndarray, np.ndarray, np.ndarray], *, rows: int) -> None:
        left, top = (_MARGIN / 2 * (1 - np.sign(s)) + s * seconds for s in self._sky_speed)
        for plane, source, scale in zip(planes, self._sky, (1, 2, 2), strict=True):
            x, y, count, width = left / scale, top / scale, -(-rows // scale), self.width // scale
            column, row = int(x), int(y)
            across, down = int((x - column) * 16), int((y - row) * 16)
            part = source[row : row + count + 1, column : column + width + 1]
            mixed = part[:, :-1] * np.int16(16 - across) + part[:, 1:] * np.int16(across)
            tall = (mixed[:-1] >> 1) * np.int16(16 - down) + (mixed[1:] >> 1) * np.int16(down)
            plane[:count] = (tall + 64) >> 7


def _blend(
    plane: np.ndarray, fill: np.ndarray, line: np.ndarray, steepness: np.ndarray, rows: np.ndarray, hidden_from: int
) -> None:
    """Lay ``fill`` over ``plane`` below ``line``; the edge is one pixel soft, measured across its slope."""
    top = max(0, int(line.min()) - 2)
    solid = min(max(top, int(line.max()) + 3), hidden_from)
    if top < solid:
        cover = (rows[top:solid, None] - line) * (128 / steepness)
        cover += 64
        np.clip(cover, 0, 128, out=cover)
        change = fill[top:solid] - plane[top:solid]
        change *= cover.astype(np.int16)
        change >>= 7
        np.add(plane[top:solid], change, out=plane[top:solid], casting="unsafe")
    plane[solid:hidden_from] = fill[solid:hidden_from]


def _noise(rng: np.random.Generator, length: int, wavelength: float, *, octaves: int, is_ridged: bool) -> np.ndarray:
    """Fractal noise along one line, 0..1; ridged noise has peaks instead of waves."""
    total, weight, amplitude = np.zeros(length, np.float32), 0.0, 1.0
    for _ in range(octaves):
        knots = rng.random(int(length / wavelength) + 4)
        at = np.arange(length) / wavelength + 1
        index = at.astype(int)
        t = at - index
        t = t * t * t * (t * (t * 6 - 15) + 10)
        value = knots[index] * (1 - t) + knots[index + 1] * t
        if is_ridged:
            value = 1 - np.abs(2 * value - 1)
        total += (amplitude * value).astype(np.float32)
        weight += amplitude
        amplitude, wavelength = amplitude * 0.46, wavelength / 2.1
    return total / np.float32(weight)


def _skyline(
    rng: np.random.Generator, nearness: float, length: int, height: int, unit: float, has_pines: bool
) -> np.ndarray:
    """Row of the ridge's edge in every column, in pixels from the top."""
    is_mountain = nearness < 0.55
    relief = unit * (0.34 - 0.2 * nearness)
    wavelength = unit * (0.42 - 0.1 * nearness)
    wave = _noise(rng, length, wavelength, octaves=5 if is_mountain else 3, is_ridged=is_mountain)
    line = height * (0.66 + 0.27 * nearness) - relief * wave
    if has_pines and nearness > 0.7:
        tallest = unit * (0.07 + 0.06 * (nearness > 0.9))
        line = line + tallest * 0.25 - _pines(rng, length, tallest)
    return line.astype(np.float32)


def _pines(rng: np.random.Generator, length: int, tallest: float) -> np.ndarray:
    """Height of a row of pines above the ground, in pixels; they stand in groups with clearings."""
    grown = np.zeros(length, np.float32)
    density = _noise(rng, length, tallest * 9, octaves=2, is_ridged=False)
    x = -tallest * 0.2
    while x < length + tallest * 0.2:
        growth = np.clip((density[int(np.clip(x, 0, length - 1))] - 0.24) / 0.3, 0, 1)
        size = tallest * rng.uniform(0.45, 1.0) * growth
        reach = size * rng.uniform(0.2, 0.27)
        first, last = max(0, int(x - reach)), min(length, int(x + reach) + 2)
        if last > first and growth > 0.12:
            away = np.abs(np.arange(first, last) - x) / reach
            tiers = 1 - away + 0.05 * np.cos(away * 17.0) * (away < 0.92)
            np.maximum(grown[first:last], (size * np.clip(tiers, 0, 1)).astype(np.float32), out=grown[first:last])
        x += max(size, tallest * 0.3) * rng.uniform(0.16, 0.42)
    return grown


def _mix(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    return first + (second - first) * (share if isinstance(share, float) else np.asarray(share)[..., None])


def _sky(
    palette: Palette, rng: np.random.Generator, width: int, height: int, sun_x: float, sun_y: float, unit: float
) -> np.ndarray:
    """The whole sky with its margins: gradient, stars, clouds, glow and sun, as RGB floats in 0..1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    up = np.clip((y - _MARGIN) / ((height - 2 * _MARGIN) * 0.72), 0, 1)
    picture = _mix(rgb(palette.zenith), rgb(palette.sky), np.clip(up / 0.55, 0, 1))
    picture = _mix(picture, rgb(palette.horizon), np.clip((up - 0.4) / 0.6, 0, 1) ** 1.3)
    light = rgb(palette.light)
    distance = np.hypot(x - sun_x - _MARGIN / 2, y - sun_y - _MARGIN / 2)
    if palette.is_night:
        for _ in range(int(width * height / 9000)):
            row, column = int(rng.integers(int(height * 0.6))), int(rng.integers(width - 1))
            picture[row : row + 2, column : column + 2] += rng.uniform(0.08, 0.5) * (1 - up[row, column])
    clouds = np.clip((_fog(rng, width, height, unit) - 0.52) / 0.3, 0, 1) * np.clip(1.25 - up, 0, 1)
    picture = _mix(picture, _mix(rgb(palette.horizon), light, 0.35), 0.42 * clouds)
    radius = unit * (0.05 if palette.is_night else 0.072)
    picture = _mix(picture, light, 0.55 * np.exp(-distance / (radius * 3.8)))
    picture = _mix(picture, light, 0.75 * np.exp(-np.maximum(distance - radius, 0) / (radius * 0.55)))
    return _mix(picture, np.minimum(light * 1.02, 1), np.clip((radius - distance) / 1.6 + 0.5, 0, 1))


def _fog(rng: np.random.Generator, width: int, height: int, unit: float) -> np.ndarray:
    """Soft noise stretched sideways, 0..1: the shape of thin clouds."""
    total, weight = np.zeros((height, width), np.float32), 0.0
    for octave in range(4):
        cell = unit * 0.22 / 2**octave
        grid = rng.random((int(height / cell * 2.2) + 3, int(width / cell / 2.2) + 3), np.float32)
        total += np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)) * 0.55**octave
        weight += 0.55**octave
    return total / weight


def _ridge_fill(palette: Palette, nearness: float, width: int, height: int, sun_x: float, sun_y: float) -> np.ndarray:
    """What a ridge is painted with: its colour, paler with haze towards its foot and warmer under the sun."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    colour = _mix(rgb(palette.far), rgb(palette.near), float(nearness**0.8))
    foot = np.clip((y / height - (0.4 + 0.36 * nearness)) / 0.34, 0, 1) * (1 - nearness) ** 1.1
    picture = _mix(np.broadcast_to(colour, (height, width, 3)), rgb(palette.horizon), 0.5 * foot)
    glow = np.exp(-(((x - sun_x) / (width * 0.28)) ** 2) - ((y - sun_y) / (height * 0.42)) ** 2)
    return _mix(picture, rgb(palette.light), 0.42 * glow * (1 - nearness) ** 1.2)


def to_yuv(picture: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """RGB 0..1 to BT.709 limited range; a little noise before rounding keeps gradients from banding."""
    red, green, blue = (np.clip(picture[..., i], 0, 1) for i in range(3))
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    planes = [16 + 219 * luma]
    for colour, divisor in ((blue, 1.8556), (red, 1.5748)):
        chroma = 128 + 224 * (colour - luma) / divisor
        rows, columns = chroma.shape[0] // 2, chroma.shape[1] // 2
        planes.append(chroma[: rows * 2, : columns * 2].reshape(rows, 2, columns, 2).mean(axis=(1, 3)))
    dithered = [plane + rng.random(plane.shape, np.float32) - 0.5 for plane in planes]
    return tuple(np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in dithered)  # pyright: ignore[reportReturnType]
