"""The house format: one way of encoding in which all parts of a film can be joined without encoding them again.

The same x264 options give the same decoder parameters for every content (``stitchable=1``, explicit level, references,
B-frames and colour), one keyframe per second bounds how much a joint has to encode again, and a clip that already has
all of it is used as it is.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pydantic import Field

from orchestrator.errors import MediaFailed, UnreadableMedia
from orchestrator.media import ffmpeg
from orchestrator.media.packets import TICKS_PER_FRAME, VideoIndex, read_index
from orchestrator.media.probe import open_media, probe
from orchestrator.schema.value import Value

_VERSION = "1"  # part of every cache key: raise it when the filters below change what they draw

# Ends every filter chain: what frames say of their colour wins over the encoder's options, and decides its parameters.
COLOUR = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"

_COLORSPACE_UNSPECIFIED = 2  # ITU-T H.273, table 4

# Table A-1 of ITU-T H.264: level, macroblocks per frame, macroblocks per second.
_LEVELS = (("4.0", 8192, 245_760), ("4.2", 8704, 522_240), ("5.1", 36_864, 983_040), ("5.2", 36_864, 2_073_600))


class HouseFormat(Value):
    """H.264 High 4:2:0 at a constant rate. Sizes are even pixels; ``crf`` is x264's quality, lower is better."""

    width: int = Field(gt=0, multiple_of=2)
    height: int = Field(gt=0, multiple_of=2)
    fps: int = Field(default=30, gt=0)
    preset: str = "veryfast"
    crf: int = Field(default=19, ge=0, le=51)

    @property
    def level(self) -> str:
        """The lowest of our H.264 levels that holds this size and rate."""
        blocks = -(-self.width // 16) * -(-self.height // 16)
        fitting = (name for name, size, rate in _LEVELS if blocks <= size and blocks * self.fps <= rate)
        return next(fitting, _LEVELS[-1][0])

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes the encoded bytes: options, filters, the ffmpeg program."""
        facts = [
            _VERSION,
            COLOUR,
            Path(ffmpeg.binary()).name,
            str(self.width),
            str(self.height),
            *video_arguments(self),
        ]
        return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class HouseClip:
    """A clip in house format. ``is_original`` when the source itself is; ``source_sha256`` is of the source."""

    path: Path
    index: VideoIndex
    source_sha256: str
    is_original: bool


def video_arguments(house: HouseFormat) -> list[str]:
    """ffmpeg output options of the house format.

    Keyframes: every second, and at each half second of the first two, where the usual transitions end.
    """
    keys = "+".join(f"eq(n,{round(seconds * house.fps)})" for seconds in (0.5, 1.0, 1.5, 2.0))
    return [
        *("-c:v", "libx264", "-preset", house.preset, "-crf", str(house.crf), "-profile:v", "high"),
        *("-level:v", house.level, "-bf", "2", "-refs", "2", "-g", str(house.fps), "-force_key_frames", f"expr:{keys}"),
        *("-x264-params", "scenecut=0:open-gop=0:stitchable=1", "-pix_fmt", "yuv420p"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
        *("-video_track_timescale", str(house.fps * TICKS_PER_FRAME), "-an", "-map_metadata", "-1", "-f", "mp4"),
    ]


async def normalise(source: Path, *, house: HouseFormat, frames: int, cache_dir: Path) -> Path:
    """The picture of ``source`` in house format with exactly ``frames`` frames: ``source`` itself if it is so already.

    Other sizes are letterboxed, other rates converted, short ones hold their last frame, long ones are trimmed. The
    result is cached by content and has no sound: a film takes that from the source.
    Raises ``UnreadableMedia``, ``MediaFailed``, ``StorageFull`` or ``CannotWrite``.
    """
    return (await prepare(source, house=house, frames=frames, cache_dir=cache_dir)).path


async def prepare(
    source: Path,
    *,
    house: HouseFormat,
    frames: int,
    cache_dir: Path,
    on_progress: Callable[[float], None] | None = None,
) -> HouseClip:
    """``normalise``, with the index and the hash of what it found."""
    parameters = await house_parameters(house, cache_dir=cache_dir)
    await asyncio.to_thread(probe, source)
    index = await asyncio.to_thread(read_index, source, fps=house.fps)
    sha256 = await asyncio.to_thread(_sha256, source)
    if index and index.frames == frames and index.parameters == parameters and _has_dense_keys(index, fps=house.fps):
        return HouseClip(source, index, sha256, is_original=True)
    cached = cache_dir / "clips" / f"{sha256}-{frames}-{house.fingerprint}.mp4"
    picture = await asyncio.to_thread(fit_picture, source, house)
    arguments = [*ffmpeg.read_from(source), "-map", "0:v:0", "-vf", picture]
    index = await encode_cached(
        cached, arguments, house=house, frames=frames, parameters=parameters, on_progress=on_progress
    )
    return HouseClip(cached, index, sha256, is_original=False)


async def house_parameters(house: HouseFormat, *, cache_dir: Path) -> bytes:
    """The decoder parameters every part of a film in ``house`` must have: measured on one encoded frame, cached."""
    reference = cache_dir / "house" / f"{house.fingerprint}.mp4"
    picture = f"color=c=gray:s={house.width}x{house.height}:r={house.fps}"
    arguments = ["-f", "lavfi", "-i", picture, "-vf", f"setsar=1,{COLOUR}"]
    return (await encode_cached(reference, arguments, house=house, frames=1, parameters=None)).parameters


async def encode_cached(
    target: Path,
    arguments: list[str],
    *,
    house: HouseFormat,
    frames: int,
    parameters: bytes | None,
    on_progress: Callable[[float], None] | None = None,
) -> VideoIndex:
    """Index of ``target``; encoded first with ``arguments`` (inputs and filters) unless it is there and sound.

    Written beside the target and moved when whole, so that two renders may share a cache.
    Raises ``MediaFailed`` when the result does not have ``frames`` frames or differs from ``parameters``.
    """

    def is_sound(index: VideoIndex | None) -> bool:
        return index is not None and index.frames == frames and parameters in (None, index.parameters)

    def read_cached() -> VideoIndex | None:
        try:
            return read_index(target, fps=house.fps) if target.exists() else None
        except UnreadableMedia:
            return None  # cut off by a crash: made again below

    index = await asyncio.to_thread(read_cached)
    if index is not None and is_sound(index):
        return index
    partial = target.with_name(f".{uuid.uuid4().hex}.part")
    with ffmpeg.file_errors():
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            output = ffmpeg.write_to(partial, *video_arguments(house), "-frames:v", str(frames))
            await ffmpeg.run(
                ["-v", "error", *arguments, *output], on_progress=on_progress, total_seconds=frames / house.fps
            )
            index = await asyncio.to_thread(read_index, partial, fps=house.fps)
            if index is None or not is_sound(index):
                raise MediaFailed(
                    f"A part of the film came out with {index.frames if index else 0} of {frames} frames."
                )
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return index


def _has_dense_keys(index: VideoIndex, *, fps: int) -> bool:
    """Whether a joint never has to encode more than about a second beyond the transition."""
    places = (*index.clean_keys, index.frames)
    return places[0] == 0 and all(b - a <= fps for a, b in pairwise(places))


def fit_picture(source: Path, house: HouseFormat) -> str:
    """The filter chain that makes any picture a house picture; the last frame is held as long as needed."""
    with open_media(source) as container:
        video = container.streams.video[0]
        untagged = video.codec_context.colorspace == _COLORSPACE_UNSPECIFIED
        # players read untagged HD as BT.709 and untagged SD as BT.601, and so do we
        matrix = "bt709" if min(video.width, video.height) >= 720 else "smpte170m"
    size = f"{house.width}:{house.height}"
    return ",".join(
        [
            *((f"setparams=colorspace={matrix}",) if untagged else ()),
            f"scale={size}:force_original_aspect_ratio=decrease:flags=bicubic+accurate_rnd:out_color_matrix=bt709:out_range=tv",
            f"pad={size}:-1:-1,setsar=1,format=yuv420p",
            COLOUR,
            f"fps={house.fps}:start_time=0,tpad=stop=-1:stop_mode=clone",
        ]
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
