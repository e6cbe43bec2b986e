"""Signals: what one decoding of a take tells of it (black, frozen, cut, blurred, silent, clipped, loud, damaged).

It is measured by a process of its own: numbers are crunched there, and the event loop of the app stays free."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import threading
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from orchestrator.errors import CannotWrite, MediaFailed, StorageFull, UnreadableMedia
from orchestrator.media import ffmpeg
from orchestrator.media.span import Span, Stretch
from orchestrator.schema.value import Value

__all__ = ["Signals", "Span", "Stretch", "measure_signals", "parse_loudness"]

_SOURCE_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT_SECONDS = 600.0
_TURN_SECONDS = 0.05
_SLOTS = threading.Semaphore(max(1, (os.cpu_count() or 1) // 2))
_LOUDNESS = re.compile(r"\n\s+I:\s+(-?\d+\.?\d*) LUFS")
_ERRORS = {error.code: error for error in (UnreadableMedia, CannotWrite, MediaFailed)}


class Signals(Value):
    """Measurements of one take; stretches in seconds from its start, what is small is listed too.

    Picture: ``frames`` decoded, ending at ``video_seconds``; ``black`` from 0.1 s on; a fade-in at the start ends at
    ``fade_in_seconds``, a fade-out begins at ``fade_out_seconds`` (start and end of the take without). ``freeze`` from
    0.25 s on, its level the share of the picture that moved around it; ``is_still``: nothing ever moved. ``flicker``
    and ``flashes`` with the swing of the light (share of white) as level, ``scene_cuts`` with how little the two
    pictures have in common. ``blur`` is less sharp than the rest, its level says how many times; ``edge_pixels`` is the
    width of the sharpest edges of the whole, None without any; ``quantiser`` how coarsely the file is coded (H.264's
    scale, 0..51), None where it does not tell. ``blocky`` and ``noisy`` have the strength of the grid
    and the deviation of the noise (share of white) as level. ``bars`` are black shares of height and
    of width.
    ``pictures_per_second`` differ while something moves, ``step`` apart (share of white). The size is as shown.

    Sound: ``audio_seconds`` decoded, None without a track. ``silence`` (under -45 dB) lasts at least 0.7 s.
    ``loudness_lufs`` is integrated (EBU R 128) and None without sound or below its gate. ``clipped_ratio`` is the share
    of samples on tops that were cut flat, 0..1, ``clipped`` where; ``clicks`` have the size of the jump as level;
    ``dropouts`` are holes. ``offset`` is the mean of all samples, full scale being 1.

    ``decode_errors`` counts complaints of the decoders, ``damage`` says where the picture is hit, as far as known.
    """

    duration_seconds: float
    video_seconds: float = 0.0
    frames: int = 0
    width: int = 0
    height: int = 0
    rotation_degrees: int = 0
    is_still: bool = False
    black: tuple[Span, ...] = ()
    fade_in_seconds: float = 0.0
    fade_out_seconds: float | None = None
    freeze: tuple[Stretch, ...] = ()
    flicker: tuple[Stretch, ...] = ()
    flashes: tuple[Stretch, ...] = ()
    scene_cuts: tuple[Stretch, ...] = ()
    blur: tuple[Stretch, ...] = ()
    edge_pixels: float | None = None
    quantiser: float | None = None
    blocky: tuple[Stretch, ...] = ()
    noisy: tuple[Stretch, ...] = ()
    bars: tuple[float, float] = (0.0, 0.0)
    pictures_per_second: float | None = None
    step: float = 0.0
    has_audio: bool
    audio_seconds: float | None = None
    silence: tuple[Span, ...] = ()
    loudness_lufs: float | None = None
    true_peak_dbfs: float | None = None
    noise_floor_db: float | None = None
    clipped_ratio: float = 0.0
    clipped: tuple[Stretch, ...] = ()
    clicks: tuple[Stretch, ...] = ()
    dropouts: tuple[Span, ...] = ()
    offset: float = 0.0
    decode_errors: int = 0
    damage: tuple[Span, ...] = ()


async def measure_signals(path: Path) -> Signals:
    """Measure ``path`` in a child process; a cancelled caller ends it, and with it its decoder. Half of the machine's
    cores are used, however many ask: a take more at a time would be no faster, and people at the app would wait.

    Raises ``UnreadableMedia`` when there is no picture in it that decodes, or ``MediaFailed``.
    """
    while not _SLOTS.acquire(blocking=False):  # noqa: ASYNC110 - an event belongs to one loop, callers to several
        await asyncio.sleep(_TURN_SECONDS)
    try:
        code, answer = await _ask_child(path)
    finally:
        _SLOTS.release()
    if code == 0:
        return Signals.model_validate_json(answer)
    try:
        told = json.loads(answer)
    except ValueError:
        raise MediaFailed(f"{path.name} could not be measured (exit code {code}).") from None
    raise StorageFull if told["code"] == StorageFull.code else _ERRORS.get(told["code"], MediaFailed)(told["message"])


async def _ask_child(path: Path) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "orchestrator.media.measuring", str(path.absolute())),
        cwd=_SOURCE_ROOT,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        start_new_session=True,  # Ctrl-C must not look like a file that cannot be read
    )
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            answer, _ = await process.communicate()
    except TimeoutError:
        raise MediaFailed(f"{path.name} was not measured within {_TIMEOUT_SECONDS:g} s.") from None
    finally:
        await ffmpeg.end(process)
    return process.returncode, answer


def parse_loudness(text: str) -> float | None:
    """Integrated loudness in LUFS out of ebur128's summary. None at -70, the absolute gate: silence has no loudness."""
    found = _LOUDNESS.findall(text)
    loudness_lufs = float(found[-1]) if found else -70.0
    return loudness_lufs if -70 < loudness_lufs < 70 else None
