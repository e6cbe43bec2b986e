"""The words on a mock clip: the spoken line at the bottom on a soft shade, a small tag in the corners."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_LINES = 3
# Inter, for letters that Pillow's own font lacks; where this package is used alone they lose their accents.
_FONTS = Path(__file__).resolve().parents[2] / "orchestrator" / "media" / "fonts"
_FILES = tuple(
    file for file in (_FONTS / "inter-latin-medium.ttf", _FONTS / "inter-latin-ext-medium.ttf") if file.exists()
)
_PLAIN = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"}


class Overlay:
    """A still picture laid over every frame: white text and a black shade, kept as one alpha and one lift per pixel."""

    def __init__(self, *, width: int, height: int, line: str, left_tag: str, right_tag: str) -> None:
        shade = np.zeros((height, width), np.float32)
        text = Image.new("L", (width, height), 0)
        pen = ImageDraw.Draw(text)
        if words := printable(line):
            face, rows = _wrap(words, width=int(width * 0.8), unit=min(width, int(height * 1.2)))
            step = round(face.size * 1.32)
            top = height - round(height * 0.06) - step * len(rows)
            for index, row in enumerate(rows):
                face.write(pen, row, x=width / 2, y=top + step * (index + 0.5), fill=255, anchor="mm")
            fade = np.clip((np.arange(height) - (top - height * 0.16)) / (height * 0.26), 0, 1)
            shade += (0.5 * fade * fade * (3 - 2 * fade))[:, None].astype(np.float32)
        small = max(9, round(min(width, height) * 0.03))
        inset = round(min(width, height) * 0.045)
        for tag, x, fill, anchor in ((left_tag, inset, 225, "lt"), (right_tag, width - inset, 170, "rt")):
            tag = printable(tag)
            Face(small, tag).write(pen, tag, x=x, y=inset, fill=fill, anchor=anchor)
        halo = np.asarray(text.filter(ImageFilter.GaussianBlur(max(1.0, height / 200))), np.float32) / 255
        shade = 1 - (1 - shade) * (1 - np.clip(halo * 0.9, 0, 0.55))
        ink = np.asarray(text, np.float32) / 255
        self._planes = [_band(shade, ink, black=16, white=235)]
        half = [np.asarray(p).reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)) for p in (shade, ink)]
        self._planes += [_band(*half, black=128, white=128)] * 2

    def draw(self, planes: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
        """Lay the overlay over one yuv420p picture, in place."""
        for plane, bands in zip(planes, self._planes, strict=True):
            for rows, keep, add in bands:
                mixed = plane[rows] * keep
                mixed += add
                mixed >>= 7
                plane[rows] = mixed


class Face:
    """Letters of one ``size`` for ``text``: Pillow's own where that has them all, else Inter's, which are in two
    files."""

    def __init__(self, size: int, text: str) -> None:
        self.size = size
        own = ImageFont.load_default(size)
        assert isinstance(own, ImageFont.FreeTypeFont)
        is_plain = all(_has_glyph(None, character) for character in text)
        self._fonts = [own] if is_plain else [ImageFont.truetype(file, size) for file in _FILES] or [own]
        self._files = [None] if is_plain or not _FILES else list(_FILES)

    def length(self, text: str) -> float:
        return sum(font.getlength(part) for font, part in self._runs(text))

    def write(self, pen: ImageDraw.ImageDraw, text: str, *, x: float, y: float, fill: int, anchor: str) -> None:
        """``text`` at a point; ``anchor`` is Pillow's, two letters."""
        runs = self._runs(text)
        if len(runs) == 1:
            pen.text((x, y), text, font=runs[0][0], fill=fill, anchor=anchor)
            return
        left = x - self.length(text) * {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]]
        for font, part in runs:
            # On one baseline: accents make some parts taller than others.
            middle = y + {"m": 0.36, "t": 0.76}[anchor[1]] * self.size
            pen.text((left, middle), part, font=font, fill=fill, anchor="ls")
            left += font.getlength(part)

    def _runs(self, text: str) -> list[tuple[ImageFont.FreeTypeFont, str]]:
        grouped = groupby(text, key=self._font_of)
        return [(self._fonts[number], "".join(letters)) for number, letters in grouped]

    def _font_of(self, character: str) -> int:
        return next((n for n, file in enumerate(self._files) if _has_glyph(file, character)), 0)


def printable(text: str) -> str:
    """``text`` in the letters there are: accents that none has are left off, what stays unknown is dropped."""
    kept = (
        character if _is_known(character) else "".join(filter(_is_known, _PLAIN.get(character, _decompose(character))))
        for character in unicodedata.normalize("NFC", " ".join(text.split()))
    )
    return " ".join("".join(kept).split())


def _is_known(character: str) -> bool:
    return any(_has_glyph(file, character) for file in (None, *_FILES))


@cache
def _has_glyph(file: Path | None, character: str) -> bool:
    """Whether a font, None is Pillow's own, can draw it."""
    font, missing = _probe(file)
    return character == " " or (character.isprintable() and bytes(font.getmask(character)) != missing)


@cache
def _probe(file: Path | None) -> tuple[ImageFont.FreeTypeFont, bytes]:
    font = ImageFont.truetype(file, 20) if file else ImageFont.load_default(20)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font, bytes(font.getmask("\uffff"))


def _decompose(character: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))


def _wrap(text: str, *, width: int, unit: int) -> tuple[Face, list[str]]:
    """The largest letters, within reason, at which ``text`` fits into three rows; the rows are of similar length."""
    for share in (0.04, 0.037, 0.034, 0.031, 0.028, 0.025, 0.022):
        face = Face(max(10, round(unit * share)), text)
        rows = _fill(text, face, width)
        if len(rows) <= _LINES:
            break
    narrow = width
    while len(_fill(text, face, narrow - face.size)) == len(rows) and narrow > width * 0.4:
        narrow -= face.size
    return face, _fill(text, face, narrow)


def _fill(text: str, face: Face, width: float) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if face.length(longer) <= width or not rows[-1]:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def _band(shade: np.ndarray, ink: np.ndarray, *, black: int, white: int) -> list[tuple[slice, np.ndarray, np.ndarray]]:
    """The rows that change, each as ``picture * keep + add`` in 1/128 (fits 16 bits: 255 * 128 = 32640)."""
    keep = (1 - shade) * (1 - ink)
    add = (1 - ink) * shade * black + ink * white
    touched = np.flatnonzero((keep < 0.997).any(axis=1))
    bands = []
    for rows in np.split(touched, np.flatnonzero(np.diff(touched) > 1) + 1) if len(touched) else []:
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        kept = np.rint(keep[part] * 128).astype(np.int16)
        bands.append((part, kept, np.minimum(np.rint(add[part] * 128) + 64, 32767 - 255 * kept).astype(np.int16)))
    return bands
