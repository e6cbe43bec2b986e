"""What colours and how much light a still has, in a space where equal distances look equally far apart."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestrator.errors import UnreadableMedia

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SIDE = 96
_QUANTILES = 33
# Oklab (Ottosson 2020, https://bottosson.github.io/posts/oklab): linear sRGB to cone responses, their roots to L, a, b.
_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_AXES = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)


@dataclass(frozen=True)
class Palette:
    """``lightness`` is the mean, 0..100 (black to white); ``hues`` are quantiles of the two colour axes, shape (2, n),
    in the same units; ``contrast`` is the standard deviation of lightness."""

    lightness: float
    contrast: float
    hues: NDArray[np.float64]


def measure_palette(jpeg: bytes) -> Palette:
    """Raises ``UnreadableMedia`` for bytes that are no picture."""
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg)) as picture:
            small = picture.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadableMedia("A still of the take cannot be read.") from error
    encoded = np.asarray(small, np.float64).reshape(-1, 3) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    lab = 100 * np.cbrt(linear @ np.transpose(_CONES)) @ np.transpose(_AXES)
    steps = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    return Palette(
        lightness=float(lab[:, 0].mean()),
        contrast=float(lab[:, 0].std()),
        hues=np.quantile(lab[:, 1:], steps, axis=0).T,
    )


def palette_distance(one: Palette, other: Palette) -> float:
    """How far the colours of one must travel to be those of the other, on average: the earth mover's distance along
    each colour axis, put together. Where in the picture a colour stands does not matter, nor how light it is."""
    import numpy as np

    return float(np.hypot(*np.abs(one.hues - other.hues).mean(axis=1)))
