"""The words on a mock clip: the spoken line at the bottom on a soft shade, a small tag in the corners."""

from __future__ import annotations

import unicodedata

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

_LINES = 3
_PLAIN = {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d"}


class Overlay:
    """A still picture laid over every frame: white text and a black shade, kept as one alpha and one lift per pixel."""

    def __init__(self, *, width: int, height: int, line: str, left_tag: str, right_tag: str) -> None:
        shade = np.zeros((height, width), np.float32)
        text = Image.new("L", (width, height), 0)
        pen = ImageDraw.Draw(text)
        if words := printable(line):
            font, rows = _wrap(words, width=int(width * 0.8), unit=min(width, int(height * 1.2)))
            step = round(font.size * 1.32)
            top = height - round(height * 0.06) - step * len(rows)
            for index, row in enumerate(rows):
                pen.text((width / 2, top + step * (index + 0.5)), row, font=font, fill=255, anchor="mm")
            fade = np.clip((np.arange(height) - (top - height * 0.16)) / (height * 0.26), 0, 1)
            shade += (0.5 * fade * fade * (3 - 2 * fade))[:, None].astype(np.float32)
        small = ImageFont.load_default(max(9, round(min(width, height) * 0.03)))
        inset = round(min(width, height) * 0.045)
        pen.text((inset, inset), printable(left_tag), font=small, fill=225, anchor="lt")
        pen.text((width - inset, inset), printable(right_tag), font=small, fill=170, anchor="rt")
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


def printable(text: str) -> str:
    """``text`` in the letters of the built-in font: accents it lacks are left off, what stays unknown is dropped."""
    font = ImageFont.load_default(20)
    missing = bytes(font.getmask("\uffff"))

    def has_glyph(character: str) -> bool:
        return character == " " or (character.isprintable() and bytes(font.getmask(character)) != missing)

    kept = (
        character if has_glyph(character) else "".join(filter(has_glyph, _PLAIN.get(character, _decompose(character))))
        for character in " ".join(text.split())
    )
    return " ".join("".join(kept).split())


def _decompose(character: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))


def _wrap(text: str, *, width: int, unit: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The largest font, within reason, at which ``text`` fits into three rows; the rows are of similar length."""
    for share in (0.04, 0.037, 0.034, 0.031, 0.028, 0.025, 0.022):
        font = ImageFont.load_default(max(10, round(unit * share)))
        assert isinstance(font, ImageFont.FreeTypeFont)
        rows = _fill(text, font, width)
        if len(rows) <= _LINES:
            break
    narrow = width
    while len(_fill(text, font, narrow - font.size)) == len(rows) and narrow > width * 0.4:
        narrow -= int(font.size)
    return font, _fill(text, font, narrow)


def _fill(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    rows = [""]
    for word in text.split():
        longer = f"{rows[-1]} {word}".strip()
        if font.getlength(longer) <= width or not rows[-1]:
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
