"""What can be done to a drawn clip: to the clock of its picture, its planes, its words, its sound and its file.

Planes are uint8 luma and two half-size chromas; times and lengths are seconds; shares are of the picture's height.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from bench.assessor.drawn.shapes import figure, written
from providers.mock.sound import RATE

Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


# --- the clock: which second of the scene is shown at a second of the clip ---


def freeze(at: float, start: float, seconds: float) -> float:
    """The picture stands, then goes on where it would have been."""
    return start if start <= at < start + seconds else at


def stall(at: float, start: float, seconds: float) -> float:
    """The picture stands, then goes on where it stood."""
    return at if at < start else max(start, at - seconds)


TIME: dict[str, Callable[..., float]] = {"freeze": freeze, "stall": stall}


# --- the picture ---


def _scale(planes: Planes, gain: float) -> Planes:
    luma, blue, red = planes
    return (
        np.clip((luma.astype(np.float32) - 16) * gain + 16, 0, 255).astype(np.uint8),
        np.clip((blue.astype(np.float32) - 128) * gain + 128, 0, 255).astype(np.uint8),
        np.clip((red.astype(np.float32) - 128) * gain + 128, 0, 255).astype(np.uint8),
    )


def black(planes: Planes, at: float, total: float, start: float, seconds: float) -> Planes:
    return _scale(planes, 0) if start <= at < start + seconds else planes


def fade_in(planes: Planes, at: float, total: float, seconds: float) -> Planes:
    return _scale(planes, at / seconds) if at < seconds else planes


def fade_out(planes: Planes, at: float, total: float, seconds: float) -> Planes:
    return _scale(planes, (total - at) / seconds) if total - at < seconds else planes


def exposure(planes: Planes, at: float, total: float, gain: float) -> Planes:
    return _scale(planes, gain)


def flicker(planes: Planes, at: float, total: float, amount: float, hertz: float) -> Planes:
    """Brightness jumps up and down by ``amount``."""
    return _scale(planes, 1 + (amount if int(at * hertz * 2) % 2 else -amount))


def flash(planes: Planes, at: float, total: float, start: float, seconds: float) -> Planes:
    """A white picture."""
    if not start <= at < start + seconds:
        return planes
    return np.full_like(planes[0], 235), np.full_like(planes[1], 128), np.full_like(planes[2], 128)


def blur(planes: Planes, at: float, total: float, share: float, start: float = 0, seconds: float = 1e9) -> Planes:
    if not start <= at < start + seconds:
        return planes
    sigma = share * planes[0].shape[0]
    luma, blue, red = (
        np.asarray(Image.fromarray(plane).filter(ImageFilter.GaussianBlur(s)))
        for plane, s in zip(planes, (sigma, sigma / 2, sigma / 2), strict=True)
    )
    return luma, blue, red


def grain(planes: Planes, at: float, total: float, sigma: float) -> Planes:
    noise = np.random.default_rng([7, round(at * 1000)]).normal(0, sigma, planes[0].shape)
    return np.clip(planes[0] + noise, 0, 255).astype(np.uint8), planes[1], planes[2]


def bars(planes: Planes, at: float, total: float, share: float, is_pillar: bool = False) -> Planes:
    """Black bars over ``share`` of the picture on either side."""
    spoiled = tuple(plane.copy() for plane in planes)
    for plane, tone in zip(spoiled, (16, 128, 128), strict=True):
        side = plane.T if is_pillar else plane
        rows = round(side.shape[0] * share)
        side[:rows] = tone
        side[-rows:] = tone
    return spoiled[0], spoiled[1], spoiled[2]


def tint(planes: Planes, at: float, total: float, blue: float, red: float) -> Planes:
    """Shift the colour of everything, in steps of 8-bit chroma."""
    moved = [
        np.clip(p.astype(np.int16) + round(by), 0, 255).astype(np.uint8)
        for p, by in zip(planes[1:], (blue, red), strict=True)
    ]
    return planes[0], moved[0], moved[1]


def text(planes: Planes, at: float, total: float, words: str, share: float, garble: float, seed: int = 0) -> Planes:
    """Words in the picture; ``|`` begins a new line."""
    height, width = planes[0].shape
    cover = written(words, width, height, share, garble, seed)
    half = cover.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return (
        (planes[0] * (1 - cover) + 235 * cover).astype(np.uint8),
        (planes[1] * (1 - half) + 128 * half).astype(np.uint8),
        (planes[2] * (1 - half) + 128 * half).astype(np.uint8),
    )


def person(planes: Planes, at: float, total: float, seed: int, share: float, x: float = 0.5) -> Planes:
    """A figure that stands in the picture and sways a little."""
    height, width = planes[0].shape
    colours, cover = figure(width, height, seed, share)
    tall, wide = cover.shape
    left = round((width - wide) * x + 0.02 * width * np.sin(at * 1.7)) // 2 * 2
    top = (height - tall) // 2 * 2
    mixed = []
    for plane, colour, scale in zip(planes, colours, (1, 2, 2), strict=True):
        lid = cover[::scale, ::scale]
        part = plane[top // scale :, left // scale : left // scale + lid.shape[1]]
        copy = plane.copy()
        rows = min(part.shape[0], lid.shape[0])
        patch = part[:rows] * (1 - lid[:rows]) + colour[::scale, ::scale][:rows] * lid[:rows]
        copy[top // scale : top // scale + rows, left // scale : left // scale + lid.shape[1]] = patch.astype(np.uint8)
        mixed.append(copy)
    return mixed[0], mixed[1], mixed[2]


PICTURE: dict[str, Callable[..., Planes]] = {
    "black": black,
    "fade_in": fade_in,
    "fade_out": fade_out,
    "exposure": exposure,
    "flicker": flicker,
    "flash": flash,
    "blur": blur,
    "grain": grain,
    "bars": bars,
    "tint": tint,
    "text": text,
    "person": person,
}


# --- the words: mono samples at 48 kHz ---


def cut_off(speech: np.ndarray, share: float) -> np.ndarray:
    """Only the first ``share`` of the line is said."""
    return speech[: int(len(speech) * share)]


def backwards(speech: np.ndarray) -> np.ndarray:
    return speech[::-1]


def stutter(speech: np.ndarray, share: float, times: int) -> np.ndarray:
    """The first ``share`` of the line is said ``times`` times."""
    part = speech[: int(len(speech) * share)]
    return np.concatenate([part] * times + [speech[len(part) :]])


def pause(speech: np.ndarray, at_share: float, seconds: float) -> np.ndarray:
    """A silence in the line, at its quietest moment near ``at_share``, so that no word is cut."""
    reach, middle = int(0.25 * RATE), int(len(speech) * at_share)
    near = np.abs(speech[middle - reach : middle + reach])
    quiet = np.convolve(near, np.ones(960) / 960, mode="same").argmin() + middle - reach
    return np.concatenate([speech[:quiet], np.zeros(int(seconds * RATE), np.float32), speech[quiet:]])


SPEECH: dict[str, Callable[..., np.ndarray]] = {
    "cut_off": cut_off,
    "backwards": backwards,
    "stutter": stutter,
    "pause": pause,
}


# --- the whole sound: stereo samples at 48 kHz ---


def gain(track: np.ndarray, decibels: float) -> np.ndarray:
    return track * 10 ** (decibels / 20)


def clip(track: np.ndarray, decibels: float) -> np.ndarray:
    """Recorded too loud by ``decibels``: the tops are cut off."""
    loudest = np.abs(track).max()
    return np.clip(track / loudest * 10 ** (decibels / 20), -1, 1)


def clicks(track: np.ndarray, count: int, level: float) -> np.ndarray:
    """Single spikes, 3 samples wide, at odd places."""
    track = track.copy()
    for place in np.random.default_rng(count).integers(RATE // 4, len(track) - RATE // 4, count):
        track[place : place + 3] += np.array([[level], [-level], [level / 2]], np.float32)
    return track


def hiss(track: np.ndarray, decibels: float) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, 10 ** (decibels / 20), track.shape)
    return track + noise


SOUND: dict[str, Callable[..., np.ndarray]] = {"gain": gain, "clip": clip, "clicks": clicks, "hiss": hiss}


# --- the file ---


def truncate(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def corrupt(path: Path, share: float) -> None:
    """Random bytes over ``share`` of the file, in its middle: its index, at the front, stays whole."""
    raw = bytearray(path.read_bytes())
    start, count = int(len(raw) * 0.5), max(64, int(len(raw) * share))
    raw[start : start + count] = np.random.default_rng(count).bytes(min(count, len(raw) - start))
    path.write_bytes(raw)


FILE: dict[str, Callable[..., Any]] = {"truncate": truncate, "corrupt": corrupt}
