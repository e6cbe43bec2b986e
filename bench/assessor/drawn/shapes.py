"""What is laid over a drawn picture: words, and people."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont


@functools.lru_cache(maxsize=8)
def written(text: str, width: int, height: int, share: float, garble: float, seed: int) -> np.ndarray:
    """White words on nothing as cover 0..1, shape (height, width). ``garble`` is the share of letters whose upper half
    is taken from another letter: shapes like letters that are none."""
    rng = np.random.default_rng(seed)
    font = ImageFont.load_default(max(10, round(height * share)))
    rows = text.split("|")
    canvas = Image.new("L", (width, height), 0)
    for index, row in enumerate(rows):
        tiles = []
        for letter in row:
            other = chr(rng.integers(97, 123)) if letter.isalpha() and rng.random() < garble else letter
            size = (max(1, round(max(font.getlength(letter), font.getlength(other)))), round(font.size * 1.3))
            tile, donor = (Image.new("L", size, 0) for _ in range(2))
            ImageDraw.Draw(tile).text((0, 0), letter, font=font, fill=255)
            if other != letter:
                ImageDraw.Draw(donor).text((0, 0), other, font=font, fill=255)
                donor = donor.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
                tile.paste(donor.crop((0, 0, size[0], size[1] * 3 // 5)), (0, 0))
            tiles.append(tile)
        left = (width - sum(tile.width for tile in tiles)) // 2
        top = round(height / 2 + (index - len(rows) / 2) * font.size * 1.4)
        for tile in tiles:
            canvas.paste(tile, (left, top))
            left += tile.width
    return np.asarray(canvas, np.float32) / 255


@functools.lru_cache(maxsize=4)
def figure(width: int, height: int, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """A person in plain shapes: luma and two chromas (3, h, w), and cover (h, w). The seed picks coat, skin, hair and
    build; ``share`` is their height over the picture's."""
    rng = np.random.default_rng(seed)
    tall = round(height * share) // 2 * 2
    wide = round(tall * rng.uniform(0.42, 0.6)) // 2 * 2
    colours = [tuple(int(c) for c in rng.integers(20, 236, 3)) for _ in range(2)]
    skin = [(241, 205, 178), (198, 140, 100), (110, 72, 48)][int(rng.integers(3))]
    person = Image.new("RGBA", (wide, tall), (0, 0, 0, 0))
    pen = ImageDraw.Draw(person)
    head = tall * 0.24
    pen.rounded_rectangle(
        (wide * 0.05, head * 0.95, wide * 0.95, tall * 1.2), radius=wide * 0.3, fill=(*colours[0], 255)
    )
    pen.rectangle((wide * 0.45, head * 1.1, wide * 0.55, tall), fill=(*(c // 2 for c in colours[0]), 255))
    middle = wide / 2
    pen.ellipse((middle - head * 0.55, 0, middle + head * 0.55, head), fill=(*colours[1], 255))
    pen.ellipse((middle - head * 0.4, head * 0.2, middle + head * 0.4, head * 1.05), fill=(*skin, 255))
    for eye in (-0.16, 0.16):
        pen.ellipse(
            (middle + head * (eye - 0.05), head * 0.55, middle + head * (eye + 0.05), head * 0.65), fill="black"
        )
    person = person.filter(ImageFilter.GaussianBlur(0.6))
    planes = np.asarray(person.convert("RGB").convert("YCbCr"), np.float32).transpose(2, 0, 1)
    return planes, np.asarray(person.getchannel("A"), np.float32) / 255
