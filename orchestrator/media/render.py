"""Render: a timeline becomes an MP4. Bodies are copied packet by packet, joints are encoded, sound is mixed beside."""

from __future__ import annotations

import asyncio
import functools
import tempfile
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import ValidationError

from orchestrator.errors import BadInput, CannotWrite
from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.house import HouseClip, HouseFormat, house_parameters, prepare
from orchestrator.media.joints import Joint, body_range, encode_joint
from orchestrator.media.packets import Piece, splice, verify_film
from orchestrator.media.slate import draw_slate
from orchestrator.media.soundtrack import mix_soundtrack
from orchestrator.schema.timeline import Slate, Timeline, TransitionKind
from orchestrator.schema.value import Value

_ENCODERS = 2  # at a time: more only take memory on small machines
_SOUND_WEIGHT, _WRITE_WEIGHT = 0.4, 0.1  # of progress, against 1 for encoding a frame


class RenderResult(Value):
    """What was made. ``frames_copied`` came as packets from the clips in house format, ``frames_encoded`` lie in
    joints; ``clips_normalised`` counts clips whose source was not in house format itself. ``loudness_lufs`` is measured
    on the finished mix, None when it is silent."""

    duration_seconds: float
    frames: int
    frames_copied: int
    frames_encoded: int
    clips_normalised: int
    loudness_lufs: float | None


async def render_timeline(
    timeline: Timeline,
    *,
    sources: Mapping[str, Path],
    destination: Path,
    cache_dir: Path,
    on_progress: Callable[[float], None] | None = None,
) -> RenderResult:
    """Render ``timeline`` to ``destination`` (MP4, H.264 + AAC), which is replaced only by a finished, checked film.

    ``sources`` maps each clip's ``source`` to its file, save for slates, which are drawn here. ``cache_dir`` keeps
    clips in house format, slates and joints, keyed by content, so that a change re-encodes only what it touches.
    ``on_progress`` gets the share done, 0..1, rising.
    Raises ``BadInput``, ``UnreadableMedia``, ``CannotWrite``, ``StorageFull`` or ``MediaFailed``.
    """
    house = _check(timeline, sources)
    if destination.is_dir():
        raise CannotWrite(f"{destination.name} is a folder.")
    unfinished = destination.with_name(f".{destination.name}.{uuid.uuid4().hex[:8]}.part")
    fps, frames = timeline.fps, timeline.total_frames
    progress = _Progress(timeline, on_progress)
    try:
        with file_errors():
            unfinished.touch()
            cache_dir.mkdir(parents=True, exist_ok=True)
        sources = {**sources, **await _draw_slates(timeline, house, cache_dir, progress)}
        with file_errors(), tempfile.TemporaryDirectory(dir=cache_dir, prefix="render-") as folder:
            soundtrack = Path(folder) / "soundtrack.mp4"
            async with asyncio.TaskGroup() as group:
                mixing = group.create_task(
                    mix_soundtrack(
                        timeline,
                        sources=sources,
                        destination=soundtrack,
                        work_dir=Path(folder),
                        on_progress=progress.step("sound", _SOUND_WEIGHT * frames),
                    )
                )
                cutting = group.create_task(_cut_pieces(timeline, sources, house, cache_dir, progress))
            pieces, clips = cutting.result()
            await _finish(functools.partial(splice, pieces, soundtrack=soundtrack, destination=unfinished, fps=fps))
            progress.step("write", _WRITE_WEIGHT * frames)(1.0)
            await _finish(functools.partial(verify_film, unfinished, frames=frames, fps=fps))
            unfinished.replace(destination)
    except BaseExceptionGroup as failures:
        first = _first_error(failures)
        raise first from first.__cause__
    finally:
        unfinished.unlink(missing_ok=True)
    progress.finish()
    bodies = {clip.path for clip in clips}
    copied = sum(piece.stop - piece.start for piece in pieces if piece.path in bodies)
    return RenderResult(
        duration_seconds=timeline.duration_seconds,
        frames=timeline.total_frames,
        frames_copied=copied,
        frames_encoded=timeline.total_frames - copied,
        clips_normalised=sum(not clip.is_original for clip in clips),
        loudness_lufs=mixing.result(),
    )


def _check(timeline: Timeline, sources: Mapping[str, Path]) -> HouseFormat:
    """The house format of a timeline that can be rendered. Raises ``BadInput``."""
    overlaps = (0, *timeline.overlap_frames, 0)
    for number, clip in enumerate(timeline.clips):
        if clip.slate is None and clip.source not in sources:
            raise BadInput(f"There is no file for clip {number + 1} ({clip.label or clip.source}).")
        if overlaps[number] + overlaps[number + 1] > clip.frames:
            raise BadInput(f"Clip {number + 1} is shorter than the transitions around it.")
    for number, (transition, overlap) in enumerate(zip(timeline.transitions, timeline.overlap_frames, strict=True)):
        if overlap < 0 or (transition.kind is TransitionKind.CUT) != (overlap == 0):
            raise BadInput(f"The {transition.kind} after clip {number + 1} cannot overlap by {overlap} frames.")
    try:
        return HouseFormat(width=timeline.width, height=timeline.height, fps=timeline.fps)
    except ValidationError:
        raise BadInput(f"A film of {timeline.width}x{timeline.height} needs an even width and height.") from None


async def _draw_slates(timeline: Timeline, house: HouseFormat, cache_dir: Path, progress: _Progress) -> dict[str, Path]:
    """The files of the timeline's slates by ``source``."""
    encoders = asyncio.Semaphore(_ENCODERS)
    parameters = await house_parameters(house, cache_dir=cache_dir)

    async def draw_one(slate: Slate, frames: int) -> Path:
        async with encoders:
            path = await draw_slate(slate, house=house, frames=frames, parameters=parameters, cache_dir=cache_dir)
        progress.step(f"{path}/{frames}", frames)(1.0)
        return path

    async with asyncio.TaskGroup() as group:
        drawing = {c.source: group.create_task(draw_one(c.slate, c.frames)) for c in timeline.clips if c.slate}
    return {source: task.result() for source, task in drawing.items()}


async def _cut_pieces(
    timeline: Timeline, sources: Mapping[str, Path], house: HouseFormat, cache_dir: Path, progress: _Progress
) -> tuple[list[Piece], list[HouseClip]]:
    """Bring all clips into house format, then encode the joints: the film's pieces in order, and its clips."""
    encoders = asyncio.Semaphore(_ENCODERS)
    parameters = await house_parameters(house, cache_dir=cache_dir)

    async def prepare_one(source: Path, frames: int) -> HouseClip:
        report = progress.step(f"{source}/{frames}", frames)
        async with encoders:
            clip = await prepare(source, house=house, frames=frames, cache_dir=cache_dir, on_progress=report)
        report(1.0)
        return clip

    async def encode_one(number: int, joint: Joint) -> Piece:
        async with encoders:
            piece = await encode_joint(joint, house=house, parameters=parameters, cache_dir=cache_dir)
        progress.step(f"joint {number}", 2 * joint.overlap)(1.0)
        return piece

    wanted = [(sources[clip.source], clip.frames) for clip in timeline.clips]
    async with asyncio.TaskGroup() as group:
        preparing = {item: group.create_task(prepare_one(*item)) for item in dict.fromkeys(wanted)}
    clips = [preparing[item].result() for item in wanted]

    overlaps = (0, *timeline.overlap_frames, 0)
    ranges = [body_range(c.index, head=overlaps[i], tail=overlaps[i + 1]) for i, c in enumerate(clips)]
    joints = {
        i: Joint(clips[i], ranges[i][1], clips[i + 1], ranges[i + 1][0], timeline.transitions[i].kind, overlap)
        for i, overlap in enumerate(timeline.overlap_frames)
        if overlap
    }
    async with asyncio.TaskGroup() as group:
        encoding = {i: group.create_task(encode_one(i, joint)) for i, joint in joints.items()}
    pieces: list[Piece] = []
    for number, (clip, (start, stop)) in enumerate(zip(clips, ranges, strict=True)):
        if start < stop:
            pieces.append(Piece(clip.path, clip.index, start, stop))
        if number in encoding:
            pieces.append(encoding[number].result())
    return pieces, clips


async def _finish(work: Callable[[], None]) -> None:
    """Run a short file operation in a thread; when cancelled, wait for its end so that its file can be removed."""
    running = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _first_error(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure of a task group of task groups: the others were cancelled because of it."""
    first = failures.exceptions[0]
    return _first_error(first) if isinstance(first, BaseExceptionGroup) else first


class _Progress:
    """Adds up steps of known weight into one rising share."""

    def __init__(self, timeline: Timeline, on_progress: Callable[[float], None] | None) -> None:
        clips = {(clip.source, clip.frames) for clip in timeline.clips}
        encoded = sum(frames for _, frames in clips) + 2 * sum(timeline.overlap_frames)
        self._total = encoded + (_SOUND_WEIGHT + _WRITE_WEIGHT) * timeline.total_frames
        self._done: dict[str, float] = {}
        self._on_progress = on_progress

    def step(self, name: str, weight: float) -> Callable[[float], None]:
        def report(share: float) -> None:
            self._done[name] = max(self._done.get(name, 0.0), share * weight)
            self._tell(min(0.99, sum(self._done.values()) / self._total))

        return report

    def finish(self) -> None:
        self._tell(1.0)

    def _tell(self, share: float) -> None:
        if self._on_progress is not None:
            self._on_progress(share)
