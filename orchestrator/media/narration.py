"""A voice over a take whose picture stays as it is."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

from orchestrator.media import ffmpeg
from orchestrator.media.probe import probe
from orchestrator.media.signals import parse_loudness
from orchestrator.media.soundtrack import LIMITER, SAMPLE_RATE

# How far ambience stays below speech (WCAG 2.2, success criterion 1.4.7).
AMBIENCE_BELOW_VOICE_LU = 20.0

_STEREO = "aformat=sample_fmts=fltp:channel_layouts=stereo"
_ENCODING = ("-c:a", "aac", "-b:a", "192k", "-fflags", "+bitexact", "-flags:a", "+bitexact")


async def lay_voice(take: Path, *, voice: Path, start_seconds: float, destination: Path) -> Path:
    """Write ``take`` with ``voice`` (a WAV file) over it to ``destination``, an MP4, and return that.

    The video packets are copied. The one sound track is AAC, 48 kHz stereo and as long as the picture: silence or the
    take's own sound, lowered to ``AMBIENCE_BELOW_VOICE_LU`` under the voice where it is louder than that, and the voice
    from ``start_seconds`` on. ``destination`` appears when whole and may be ``take`` itself; the same input gives the
    same bytes. Raises ``UnreadableMedia``, ``MediaFailed``, ``StorageFull`` or ``CannotWrite``.
    """
    info = await asyncio.to_thread(probe, take)
    samples = round(info.video_seconds * SAMPLE_RATE)
    whole = f"apad=whole_len={samples},atrim=end_sample={samples}"
    spoken = (
        f"aresample={SAMPLE_RATE},pan=stereo|c0=c0|c1=c0,{_STEREO},"
        f"adelay={round(start_seconds * SAMPLE_RATE)}S:all=1,{whole}"
    )
    sources = [*ffmpeg.read_from(take), *_read_wave(voice)]
    if info.has_audio:
        ambience = f"aresample={SAMPLE_RATE}:async=1:first_pts=0,{_STEREO},{whole}"
        gain_db = _lower(
            await _measure_loudness(sources, f"[0:a:0]{ambience}"),
            voice_lufs=await _measure_loudness(sources, f"[1:a:0]{spoken}"),
        )
        mix = (
            f"[0:a:0]{ambience},volume={gain_db:.2f}dB[ambience];[1:a:0]{spoken}[voice];"
            f"[ambience][voice]amix=inputs=2:normalize=0,{LIMITER}[sound]"
        )
    else:
        mix = f"[1:a:0]{spoken}[sound]"
    with ffmpeg.file_errors():
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = destination.with_name(f".{uuid.uuid4().hex}.part")
        try:
            streams = ("-map", "0:v:0", "-map", "[sound]", "-c:v", "copy", *_ENCODING)
            output = ffmpeg.write_to(partial, *streams, "-movflags", "+faststart", "-f", "mp4")
            await ffmpeg.run(["-v", "error", *sources, "-filter_complex", mix, *output])
            partial.replace(destination)
        finally:
            partial.unlink(missing_ok=True)
    return destination


def _lower(ambience_lufs: float | None, *, voice_lufs: float | None) -> float:
    """Gain of the ambience in dB, never above 0. Either is None when there is nothing to hear."""
    if ambience_lufs is None or voice_lufs is None:
        return 0.0
    return min(0.0, voice_lufs - AMBIENCE_BELOW_VOICE_LU - ambience_lufs)


async def _measure_loudness(sources: list[str], chain: str) -> float | None:
    measuring = f"{chain},ebur128=framelog=quiet[sound]"
    text = await ffmpeg.run(
        ["-v", "info", *sources, "-filter_complex", measuring, "-map", "[sound]", "-f", "null", "-"]
    )
    return parse_loudness(text)


def _read_wave(path: Path) -> list[str]:
    return ["-protocol_whitelist", "file", "-f", "wav", "-i", f"file:{path.absolute()}"]
