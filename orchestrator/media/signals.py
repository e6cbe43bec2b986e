"""Signals: what one pass of ffmpeg filters measures on a take (black, frozen, silent, clipped, loud, damaged)."""

from __future__ import annotations

import asyncio
import re
from itertools import zip_longest
from pathlib import Path

from orchestrator.media import ffmpeg
from orchestrator.media.probe import probe
from orchestrator.schema.value import Value

# Everything runs on a picture 320 pixels wide: decoding is then most of the cost. Thresholds as in the filters'
# documentation, https://ffmpeg.org/ffmpeg-filters.html, save silence, where room tone under -45 dB counts as none.
_PICTURE = "scale=320:-2:flags=area,blackdetect=d=0.1:pix_th=0.10,freezedetect=n=0.003:d=0.5,scdet=t=10"
# The last two filters turn each sample into 1 (within 0.2 dB of full scale) or 0, so that their mean square is the
# clipped share. A lossy codec rounds the flat tops off: of hard-clipped sound AAC leaves 1 to 2 % up there, of sound
# that peaks at -0.5 dB nothing.
_SOUND = (
    "silencedetect=n=-45dB:d=0.7,ebur128=framelog=quiet:peak=true,"
    "aeval=gte(abs(val(ch))\\,0.98):channel_layout=same,astats=measure_perchannel=none:measure_overall=RMS_level"
)

_NUMBER = r"(-?(?:\d+\.?\d*(?:e-?\d+)?|inf|nan))"
_BLACK = re.compile(rf"black_start:{_NUMBER} black_end:{_NUMBER}")
_FREEZE_START = re.compile(rf"freezedetect\.freeze_start: {_NUMBER}")
_FREEZE_END = re.compile(rf"freezedetect\.freeze_end: {_NUMBER}")
_SILENCE_START = re.compile(rf"silence_start: {_NUMBER}")
_SILENCE_END = re.compile(rf"silence_end: {_NUMBER}")
_SCENE_CUT = re.compile(rf"scd\.time: {_NUMBER}")
_LOUDNESS = re.compile(rf"\n\s+I:\s+{_NUMBER} LUFS")
_TRUE_PEAK = re.compile(rf"\n\s+Peak:\s+{_NUMBER} dBFS")
_CLIPPED = re.compile(rf"RMS level dB: {_NUMBER}")
_DECODE_ERROR = re.compile(r"\[(?:error|fatal|panic)\]")


class Span(Value):
    """A stretch of a take, in seconds from its start."""

    start_seconds: float
    end_seconds: float


class Signals(Value):
    """Measurements of one take.

    ``black`` lasts at least 0.1 s, ``freeze`` 0.5 s, ``silence`` (under -45 dB) 0.7 s. ``loudness_lufs`` is integrated
    (EBU R 128) and None without sound or below its gate. ``clipped_ratio`` is the share of samples at full scale, 0..1;
    over 0.002 the sound was clipped. ``decode_errors`` counts complaints of the decoders. ``scene_cuts`` are seconds at
    which the picture jumps.
    """

    duration_seconds: float
    black: tuple[Span, ...] = ()
    freeze: tuple[Span, ...] = ()
    silence: tuple[Span, ...] = ()
    has_audio: bool
    loudness_lufs: float | None = None
    true_peak_dbfs: float | None = None
    clipped_ratio: float = 0.0
    decode_errors: int = 0
    scene_cuts: tuple[float, ...] = ()


async def measure_signals(path: Path) -> Signals:
    """Measure ``path`` in one decoding pass. Raises ``UnreadableMedia``, or ``MediaFailed`` if nothing decodes."""
    info = await asyncio.to_thread(probe, path)
    graph, outputs = f"[0:v:0]{_PICTURE}[v]", ["-map", "[v]"]
    if info.has_audio:
        graph, outputs = f"{graph};[0:a:0]{_SOUND}[a]", [*outputs, "-map", "[a]"]
    arguments = ["-v", "repeat+level+info", *ffmpeg.read_from(path), "-filter_complex", graph, *outputs]
    text = await ffmpeg.run([*arguments, "-f", "null", "-"])
    return parse_signals(text, duration_seconds=info.container_seconds, has_audio=info.has_audio)


def parse_signals(text: str, *, duration_seconds: float, has_audio: bool) -> Signals:
    """Read the filters' lines out of ffmpeg's stderr (written with ``-v level+info``)."""
    clipped_db = _last(_CLIPPED, text)
    true_peak_dbfs = _last(_TRUE_PEAK, text)
    return Signals(
        duration_seconds=duration_seconds,
        black=tuple(Span(start_seconds=float(a), end_seconds=float(b)) for a, b in _BLACK.findall(text)),
        freeze=_spans(_FREEZE_START, _FREEZE_END, text, duration_seconds),
        silence=_spans(_SILENCE_START, _SILENCE_END, text, duration_seconds),
        has_audio=has_audio,
        loudness_lufs=parse_loudness(text),
        true_peak_dbfs=true_peak_dbfs if true_peak_dbfs is not None and true_peak_dbfs > -200 else None,
        clipped_ratio=0.0 if clipped_db is None else min(1.0, 10 ** (clipped_db / 10)),
        decode_errors=len(_DECODE_ERROR.findall(text)),
        scene_cuts=tuple(float(t) for t in _SCENE_CUT.findall(text)),
    )


def parse_loudness(text: str) -> float | None:
    """Integrated loudness in LUFS out of ebur128's summary. None at -70, the absolute gate: silence has no loudness."""
    loudness_lufs = _last(_LOUDNESS, text)
    return loudness_lufs if loudness_lufs is not None and -70 < loudness_lufs < 70 else None


def _spans(start: re.Pattern[str], end: re.Pattern[str], text: str, duration_seconds: float) -> tuple[Span, ...]:
    """Pair starts with ends; a stretch still open at the end of the file has a start line only."""
    starts = [max(0.0, float(t)) for t in start.findall(text)]
    ends = [float(t) for t in end.findall(text)]
    pairs = zip_longest(starts, ends[: len(starts)], fillvalue=duration_seconds)
    return tuple(Span(start_seconds=a, end_seconds=b) for a, b in pairs)


def _last(pattern: re.Pattern[str], text: str) -> float | None:
    """The last number found that is a number; -inf is kept, nan is not."""
    numbers = [float(n) for n in pattern.findall(text) if n != "nan"]
    return numbers[-1] if numbers else None
