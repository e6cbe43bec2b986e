"""Slates: still cards in house format that stand in a partial film for takes that are missing.

libass draws them: it breaks lines, shapes every script and takes letters our own font lacks from the machine's fonts.
"""

from __future__ import annotations

import hashlib
import math
import re
import tempfile
import unicodedata
from pathlib import Path

from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.house import COLOUR, HouseFormat, encode_cached
from orchestrator.schema.timeline import Slate

BACKGROUND_RGB = (0x14, 0x18, 0x1F)

_VERSION = "1"  # part of every cache key: raise it when slates are drawn differently
_FONTS = Path(__file__).parent / "fonts"
# ASS writes colours as blue, green, red.
_WHITE, _AMBER, _GREY = "&HFFFFFF&", "&H4FB7F5&", "&HC2B6AE&"
# What fits at 320x180 and at 720x1280 in letters that can be read there; a wide letter counts twice.
_REASON_CELLS, _TEXT_CELLS = 96, 200
# Braces and backslashes are commands in ASS.
_HARMLESS = str.maketrans({"{": "(", "}": ")", "\\": "/"})


async def draw_slate(slate: Slate, *, house: HouseFormat, frames: int, parameters: bytes, cache_dir: Path) -> Path:
    """A silent clip of ``frames`` frames in ``house`` that shows ``slate``; drawn once, then found in the cache.

    ``parameters`` are those of ``house_parameters``. Raises ``MediaFailed``, ``StorageFull`` or ``CannotWrite``.
    """
    script = _script(slate, house)
    key = hashlib.sha256(f"{_VERSION}\0{script}".encode(errors="replace")).hexdigest()
    target = cache_dir / "slates" / f"{key}-{frames}-{house.fingerprint}.mp4"
    with file_errors():
        cache_dir.mkdir(parents=True, exist_ok=True)
    with file_errors(), tempfile.TemporaryDirectory(dir=cache_dir, prefix="slate-") as folder:
        words = Path(folder) / "slate.ass"
        words.write_text(script, encoding="utf-8", errors="replace")
        picture = f"color=c=0x{bytes(BACKGROUND_RGB).hex()}:s={house.width}x{house.height}:r={house.fps}"
        drawing = f"subtitles=filename={_in_graph(words)}:fontsdir={_in_graph(_FONTS)}:wrap_unicode=1"
        colour = f"scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setsar=1,{COLOUR}"
        chain = f"format=rgb24,{drawing},{colour},loop=loop=-1:size=1"  # drawn once, shown as long as needed
        arguments = ["-f", "lavfi", "-i", picture, "-vf", chain]
        await encode_cached(target, arguments, house=house, frames=frames, parameters=parameters)
    return target


def _script(slate: Slate, house: HouseFormat) -> str:
    """The card as a subtitle: one block in the middle, its rows sized for the frame."""
    width, height = house.width, house.height
    unit = min(width, height, 0.75 * math.sqrt(width * height))
    rows = (
        (f"Clip {slate.number}", 0.165, _WHITE),
        (f"Missing: {_plain(slate.state)}", 0.092, _AMBER),
        (_plain(slate.reason, cells=_REASON_CELLS), 0.074, _GREY),
        ("\u00a0" if slate.text else "", 0.045, _GREY),
        (_plain(slate.text, cells=_TEXT_CELLS), 0.078, _WHITE),
    )
    block = r"\N".join(f"{{\\fs{unit * share:.1f}\\c{colour}}}{text}" for text, share, colour in rows if text)
    margin = round(0.06 * width)
    return f"""[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 0

[V4+ Styles]
Format: Name, Fontname, Fontsize, Alignment, MarginL, MarginR, MarginV, Outline, Shadow, Encoding
Style: Slate,Inter,20,5,{margin},{margin},0,0,0,-1

[Events]
Format: Start, End, Style, Text
Dialogue: 0:00:00.00,9:59:59.00,Slate,{block}
"""


def _plain(text: str, *, cells: int = 40) -> str:
    """``text`` in one row of at most ``cells``, without what a subtitle would obey instead of show."""
    visible = "".join(c for c in " ".join(text.split()) if unicodedata.category(c) != "Cc").translate(_HARMLESS)
    left, kept = cells, ""
    for letter in visible:
        left -= 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if left < 1:
            return f"{kept.rstrip()}…"
        kept += letter
    return kept


def _in_graph(path: Path) -> str:
    """``path`` as an option's value inside a filter graph, which takes two layers of quoting."""
    value = re.sub(r"([:'\\])", r"\\\1", path.absolute().as_posix())
    return re.sub(r"([\[\],;'\\])", r"\\\1", value)
