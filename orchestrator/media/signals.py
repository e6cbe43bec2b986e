"""Signals: what one decoding of a take tells of it (black, frozen, cut, blurred, silent, clipped, loud, damaged)."""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import MediaFailed, UnreadableMedia
from orchestrator.media import ffmpeg, picture, sound
from orchestrator.media.probe import MediaInfo, find_damage, probe
from orchestrator.media.series import Series, read_series, start_reading
from orchestrator.media.span import Span, Stretch
from orchestrator.schema.value import Value

if TYPE_CHECKING:
    from orchestrator.media.meters import NativeSeries, PictureSeries, SoundSeries

__all__ = ["Signals", "Span", "Stretch", "measure_signals", "parse_loudness"]

_TIMEOUT_SECONDS = 600.0
_NUMBER = r"(-?(?:\d+\.?\d*(?:e-?\d+)?|inf|nan))"
_LOUDNESS = re.compile(rf"\n\s+I:\s+{_NUMBER} LUFS")
_TRUE_PEAK = re.compile(rf"\n\s+Peak:\s+{_NUMBER} dBFS")
_ROTATION = re.compile(rf"rotation of {_NUMBER} degrees")
_DECODE_ERROR = re.compile(r"^(?!\[(?:nut|out|vost|aost)[ #:@]).*\[(?:error|fatal|panic)\]", re.MULTILINE)


class Signals(Value):
    """Measurements of one take; stretches in seconds from its start, what is small is listed too.

    Picture: ``frames`` decoded, ending at ``video_seconds``; ``black`` from 0.1 s on; a fade-in at the start ends at
    ``fade_in_seconds``, a fade-out begins at ``fade_out_seconds`` (start and end of the take without). ``freeze`` from
    0.25 s on, its level the share of the picture that moved around it; ``is_still``: nothing ever moved. ``flicker``
    and ``flashes`` with the swing of the light (share of white) as level, ``scene_cuts`` with how little the two
    pictures have in common. ``blur`` is less sharp than the rest, its level says how many times; ``edge_pixels`` is the
    width of the sharpest edges of the whole, None without any. ``blocky`` and ``noisy`` have the strength of the grid
    and the deviation of the noise (share of white) as level. ``bars`` are black shares of height and
    of width.
    ``pictures_per_second`` differ while something moves, ``step`` apart (share of white). The size is as shown.

    Sound: ``audio_seconds`` decoded, None without a track. ``silence`` (under -45 dB) lasts at least 0.7 s.
    ``loudness_lufs`` is integrated (EBU R 128) and None without sound or below its gate. ``clipped_ratio`` is the share
    of samples at full scale, 0..1, ``clipped`` where; ``clicks`` have the size of the jump as level; ``dropouts`` are
    holes. ``offset`` is the mean of all samples, full scale being 1.

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
    """Measure ``path`` in one decoding pass; the loop is free meanwhile, and a cancelled caller ends the decoder.

    Raises ``UnreadableMedia`` when there is no picture in it that decodes, or ``MediaFailed``.
    """
    info = await asyncio.to_thread(probe, path)
    with tempfile.TemporaryFile() as log:
        process = await asyncio.to_thread(start_reading, path, info, log=log)
        reading = asyncio.ensure_future(asyncio.to_thread(read_series, process, info, log=log))
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                series = await asyncio.shield(reading)
        except TimeoutError:
            raise MediaFailed(f"{path.name} was not decoded within {_TIMEOUT_SECONDS:g} s.") from None
        finally:
            await _end(process, reading)
    if not len(series.pictures.seconds):
        if not series.is_whole:
            raise ffmpeg.explain(series.log)
        raise UnreadableMedia(f"{path.name} has no picture that can be decoded.")
    signals = await asyncio.to_thread(read_signals, series, info)
    if signals.decode_errors:
        damage = await asyncio.to_thread(find_damage, path)
        spans = tuple(Span(start_seconds=round(a, 3), end_seconds=round(b, 3)) for a, b in damage)
        signals = signals.model_copy(update={"damage": spans})
    return signals


def read_signals(series: Series, info: MediaInfo) -> Signals:
    """Everything the series say. Pure."""
    pictures = series.pictures
    last_gap = float(pictures.seconds[-1] - pictures.seconds[-2]) if len(pictures.seconds) > 1 else 1 / info.fps
    end_seconds = float(pictures.seconds[-1]) + min(last_gap, 2 / info.fps)
    rotation = round(_last(_ROTATION, series.log) or 0.0)
    width, height = round(info.width * info.pixel_aspect), info.height
    return Signals(
        duration_seconds=info.container_seconds,
        width=height if rotation % 180 else width,
        height=width if rotation % 180 else height,
        rotation_degrees=rotation,
        has_audio=info.has_audio,
        # What ended early without a word of the decoder is damaged as well.
        decode_errors=len(_DECODE_ERROR.findall(series.log)) or int(not series.is_whole),
        **_read_pictures(pictures, end_seconds=end_seconds),
        **_read_natives(series.natives, pictures, lines=info.height, end_seconds=end_seconds),
        **(_read_sound(series.sound, series.log) if series.sound else {}),
    )


def parse_loudness(text: str) -> float | None:
    """Integrated loudness in LUFS out of ebur128's summary. None at -70, the absolute gate: silence has no loudness."""
    loudness_lufs = _last(_LOUDNESS, text)
    return loudness_lufs if loudness_lufs is not None and -70 < loudness_lufs < 70 else None


def _read_pictures(series: PictureSeries, *, end_seconds: float) -> dict[str, Any]:
    fade_in, fade_out = picture.find_fades(series, end_seconds=end_seconds)
    per_second, step = picture.measure_pace(series, end_seconds=end_seconds)
    return {
        "video_seconds": end_seconds,
        "frames": len(series.seconds),
        "is_still": picture.is_still(series),
        "black": picture.find_black(series, end_seconds=end_seconds),
        "fade_in_seconds": fade_in,
        "fade_out_seconds": fade_out,
        "freeze": picture.find_freezes(series, end_seconds=end_seconds),
        "flicker": picture.find_flicker(series),
        "flashes": picture.find_flashes(series),
        "scene_cuts": picture.find_cuts(series),
        "bars": picture.measure_bars(series),
        "pictures_per_second": per_second,
        "step": step,
    }


def _read_natives(series: NativeSeries, pictures: PictureSeries, *, lines: int, end_seconds: float) -> dict[str, Any]:
    return {
        "blur": picture.find_blur(series, pictures, end_seconds=end_seconds),
        "edge_pixels": picture.measure_sharpness(series, lines=lines),
        "blocky": picture.find_blocks(series, end_seconds=end_seconds),
        "noisy": picture.find_noise(series, end_seconds=end_seconds),
    }


def _read_sound(series: SoundSeries, log: str) -> dict[str, Any]:
    true_peak_dbfs = _last(_TRUE_PEAK, log)
    return {
        "audio_seconds": series.length_seconds,
        "silence": sound.find_silence(series),
        "loudness_lufs": parse_loudness(log),
        "true_peak_dbfs": true_peak_dbfs if true_peak_dbfs is not None and true_peak_dbfs > -200 else None,
        "noise_floor_db": sound.measure_noise_floor(series),
        "clipped_ratio": float(series.clipped.mean()) if len(series.clipped) else 0.0,
        "clipped": sound.find_clipping(series),
        "clicks": sound.find_clicks(series),
        "dropouts": sound.find_dropouts(series),
        "offset": series.mean,
    }


async def _end(process: subprocess.Popen[bytes], reading: asyncio.Future[Series]) -> None:
    """Wait until nothing reads any more: the log may be closed only then."""
    if process.poll() is None and not reading.done():
        process.kill()
    await asyncio.shield(asyncio.wait([reading]))


def _last(pattern: re.Pattern[str], text: str) -> float | None:
    """The last number found that is a number; -inf is kept, nan is not."""
    numbers = [float(n) for n in pattern.findall(text) if n != "nan"]
    return numbers[-1] if numbers else None
