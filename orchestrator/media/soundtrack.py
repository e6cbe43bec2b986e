"""The sound of a film: every clip's own sound at its exact place, faded where clips meet, brought to one loudness."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.media import ffmpeg
from orchestrator.media.probe import probe
from orchestrator.media.signals import parse_loudness
from orchestrator.schema.timeline import Timeline, TransitionKind

SAMPLE_RATE = 48_000
TARGET_LUFS = -14.0

_DECLICK_SAMPLES = SAMPLE_RATE // 200  # 5 ms
_MAX_GAIN_DB = 20.0
# AAC overshoots by up to half a decibel: limiting at -1.5 dBFS keeps the coded peak under -1.
LIMITER = "alimiter=limit=0.84:attack=5:release=50:level=disabled:latency=1"
_RAW = ("-f", "f32le", "-ar", str(SAMPLE_RATE), "-ch_layout", "stereo")

Sound = NDArray[np.float32]


async def mix_soundtrack(
    timeline: Timeline,
    *,
    sources: Mapping[str, Path],
    destination: Path,
    work_dir: Path,
    on_progress: Callable[[float], None] | None = None,
) -> float | None:
    """Write the AAC sound track (48 kHz stereo, as long as the film) and return its loudness in LUFS, None if silent.

    One clip is in memory at a time. A source without sound, or with too little of it, is silent there.
    Raises ``UnreadableMedia``, ``MediaFailed``, ``StorageFull``.
    """
    mix = work_dir / "mix.f32"
    shared: Sound = np.zeros((0, 2), dtype=np.float32)
    with ffmpeg.file_errors(), mix.open("wb") as file:
        for number, clip in enumerate(timeline.clips):
            start = timeline.start_frame(number)
            samples = _samples(start + clip.frames, timeline.fps) - _samples(start, timeline.fps)
            sound = await _decode(sources[clip.source], samples=samples, work_dir=work_dir)
            sound[: len(shared)] *= _head_curve(timeline, number, len(shared))
            sound[: len(shared)] += shared
            tail = _tail_samples(timeline, number)
            sound[samples - tail :] *= _tail_curve(timeline, number, tail)
            _declick(sound, head=not len(shared), tail=not tail)
            sound[: samples - tail].tofile(file)
            shared = sound[samples - tail :].copy()
            if on_progress:
                on_progress(0.5 * (number + 1) / len(timeline.clips))
    loudness = parse_loudness(await _filter(mix, "ebur128=framelog=quiet", "-f", "null", "-"))
    gain_db = 0.0 if loudness is None else min(_MAX_GAIN_DB, TARGET_LUFS - loudness)
    encoding = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "192k", "-f", "mp4")
    text = await _filter(
        mix, f"volume={gain_db:.2f}dB,{LIMITER},ebur128=framelog=quiet", *ffmpeg.write_to(destination, *encoding)
    )
    mix.unlink()
    if on_progress:
        on_progress(1.0)
    return parse_loudness(text)


def fade_out(kind: TransitionKind, samples: int) -> Sound:
    """Gain of the clip that leaves, shape (samples, 1), 1 to 0. Sound crossfades at equal power; a fade through black
    falls silent in its first half."""
    time = (np.arange(samples, dtype=np.float32)[:, None] + 0.5) / max(1, samples)
    angle = time if kind is not TransitionKind.FADE_BLACK else np.minimum(1, 2 * time)
    return np.cos(angle * (np.pi / 2)).astype(np.float32)


def fade_in(kind: TransitionKind, samples: int) -> Sound:
    """Gain of the clip that comes: ``fade_out`` backwards."""
    return fade_out(kind, samples)[::-1]


def _samples(frame: int, fps: int) -> int:
    """Sample of the film at which ``frame`` begins."""
    return round(frame * SAMPLE_RATE / fps)


def _tail_samples(timeline: Timeline, number: int) -> int:
    """How many samples clip ``number`` shares with the next one."""
    if number == len(timeline.overlap_frames):
        return 0
    start = timeline.start_frame(number + 1)
    return _samples(start + timeline.overlap_frames[number], timeline.fps) - _samples(start, timeline.fps)


def _head_curve(timeline: Timeline, number: int, samples: int) -> Sound | float:
    return fade_in(timeline.transitions[number - 1].kind, samples) if samples else 1.0


def _tail_curve(timeline: Timeline, number: int, samples: int) -> Sound | float:
    return fade_out(timeline.transitions[number].kind, samples) if samples else 1.0


def _declick(sound: Sound, *, head: bool, tail: bool) -> None:
    """Ramp hard edges over 5 ms, in place."""
    ramp = np.linspace(0, 1, min(_DECLICK_SAMPLES, len(sound)), dtype=np.float32)[:, None]
    if head:
        sound[: len(ramp)] *= ramp
    if tail:
        sound[len(sound) - len(ramp) :] *= ramp[::-1]


async def _decode(source: Path, *, samples: int, work_dir: Path) -> Sound:
    """Exactly ``samples`` samples of ``source`` as float32, shape (samples, 2), counted from the start of the file."""
    sound: Sound = np.zeros((samples, 2), dtype=np.float32)
    if (await asyncio.to_thread(probe, source)).has_audio:
        raw = work_dir / "clip.f32"
        chain = (
            f"aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=flt:channel_layouts=stereo,atrim=end_sample={samples}"
        )
        arguments = [*ffmpeg.read_from(source, "-vn"), "-map", "0:a:0", "-af", chain, *ffmpeg.write_to(raw, *_RAW)]
        await ffmpeg.run(["-v", "error", *arguments])
        decoded = np.fromfile(raw, dtype=np.float32).reshape(-1, 2)
        sound[: len(decoded)] = decoded
    return sound


async def _filter(mix: Path, chain: str, *output: str) -> str:
    source = f"file:{mix.absolute()}"
    return await ffmpeg.run(["-v", "info", *_RAW, "-protocol_whitelist", "file", "-i", source, "-af", chain, *output])
