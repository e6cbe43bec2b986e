"""Measuring: the child process behind ``measure_signals``. ``python -m orchestrator.media.measuring FILE`` prints the
signals of FILE as JSON; when that fails, a code and a message."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import OrchestratorError, UnreadableMedia
from orchestrator.media import ffmpeg, picture, sound
from orchestrator.media.probe import MediaInfo, find_damage, probe
from orchestrator.media.quantiser import measure_quantiser
from orchestrator.media.series import Series, read_series
from orchestrator.media.signals import Signals, parse_loudness
from orchestrator.media.span import Span

if TYPE_CHECKING:
    from orchestrator.media.meters import NativeSeries, PictureSeries, SoundSeries

_NICE = 5  # people at the app come first
_NUMBER = r"(-?(?:\d+\.?\d*(?:e-?\d+)?|inf|nan))"
_TRUE_PEAK = re.compile(rf"\n\s+Peak:\s+{_NUMBER} dBFS")
_ROTATION = re.compile(rf"rotation of {_NUMBER} degrees")
_DECODE_ERROR = re.compile(r"^(?!\[(?:nut|out|vost|aost)[ #:@]).*\[(?:error|fatal|panic)\]", re.MULTILINE)


def measure(path: Path) -> Signals:
    """Measure ``path`` in one decoding pass. Raises ``UnreadableMedia`` when there is no picture in it that decodes, or
    ``MediaFailed``."""
    info = probe(path)
    with ffmpeg.file_errors(), tempfile.TemporaryFile() as log:
        series = read_series(path, info, log=log)
    if not len(series.pictures.seconds):
        if not series.is_whole:
            raise ffmpeg.explain(series.log)
        raise UnreadableMedia(f"{path.name} has no picture that can be decoded.")
    signals = read_signals(series, info)
    found: dict[str, Any] = {"quantiser": measure_quantiser(path)}
    if signals.decode_errors:
        damage = find_damage(path)
        found["damage"] = tuple(Span(start_seconds=round(a, 3), end_seconds=round(b, 3)) for a, b in damage)
    return signals.model_copy(update=found)


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


def _last(pattern: re.Pattern[str], text: str) -> float | None:
    """The last number found that is a number; -inf is kept, nan is not."""
    numbers = [float(n) for n in pattern.findall(text) if n != "nan"]
    return numbers[-1] if numbers else None


def main() -> int:
    os.nice(_NICE)
    try:
        answer, code = measure(Path(sys.argv[1])).model_dump_json(), 0
    except OrchestratorError as error:
        answer, code = json.dumps({"code": error.code, "message": str(error)}), 1
    sys.stdout.write(answer)
    return code


if __name__ == "__main__":
    sys.exit(main())
