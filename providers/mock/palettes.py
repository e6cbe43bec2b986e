"""The moods a mock clip can have: colours of sky, light and land, from far to near."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Palette(NamedTuple):
    """Colours as ``#rrggbb``. ``zenith`` to ``horizon`` is the sky; ``far`` to ``near`` the ridges."""

    name: str
    zenith: str
    sky: str
    horizon: str
    light: str
    far: str
    near: str
    is_night: bool = False


PALETTES = (
    Palette("harbour", "#123a63", "#3f86bd", "#cfe6ea", "#fff4d8", "#6ea3c4", "#0a2238"),
    Palette("rose", "#3d1436", "#b3406f", "#f9a8a6", "#fff1cf", "#c2577f", "#280b20"),
    Palette("emerald", "#0f4a45", "#3f9c86", "#d6f0c8", "#fffbe0", "#5fae93", "#06241f"),
    Palette("violet", "#1e1850", "#6f58b8", "#f0b9d8", "#fff0dc", "#8a74c4", "#120c30"),
    Palette("amber", "#6b3312", "#dd8f35", "#ffe6ae", "#fff9e0", "#c98444", "#2c1206"),
    Palette("slate", "#263443", "#64798f", "#dfe4e6", "#fdf6e3", "#8496a6", "#0e161f"),
    Palette("coral", "#33235c", "#d4646f", "#ffcf9f", "#fff3d0", "#b8607b", "#1f0f29"),
    Palette("moonlit", "#0c2036", "#1f5a72", "#7fbfbb", "#f4f8ea", "#33748a", "#05131d", is_night=True),
    Palette("blossom", "#7c9ccd", "#f0bccb", "#fff0df", "#fffdf2", "#b596bd", "#35284a"),
    Palette("aurora", "#0b1c36", "#14686a", "#86e6b6", "#eafff0", "#2a7f80", "#06131f", is_night=True),
    Palette("meadow", "#4f8db8", "#a9d3cf", "#fdf4cb", "#fffbe6", "#86b39a", "#153423"),
    Palette("canyon", "#7a2f2a", "#d9714a", "#ffd9a0", "#fff2d2", "#bf5f4a", "#2b0e12"),
)


def draw_palette(look: np.random.Generator) -> Palette:
    """The mood of a look: the first that is drawn of it."""
    return PALETTES[int(look.integers(len(PALETTES)))]


def rgb(colour: str) -> np.ndarray:
    """``#rrggbb`` as three float32 values in 0..1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32) / 255
