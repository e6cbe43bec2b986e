"""Still pictures out of a video: the poster, and a few frames for eyes that look at the content."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import UnreadableMedia
from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.glimpses import Glimpse, choose, measure
from orchestrator.media.probe import open_media, probe
from orchestrator.schema.value import Value

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL import Image

_JPEG_QUALITY = 85
_GLIMPSES_PER_STILL = 6
_GLIMPSES_PER_KEYFRAME = 2  # so many fewer than wanted will do when they cost next to nothing


class Still(Value):
    """One frame as JPEG bytes, with the second of the video it stands at."""

    at_seconds: float
    jpeg: bytes


async def grab_poster(path: Path, destination: Path, *, at_seconds: float | None = None, width: int = 640) -> Path:
    """Write the frame at ``at_seconds`` (a third into the video by default) as a JPEG ``width`` pixels wide at most.

    Raises ``UnreadableMedia``, ``CannotWrite`` or ``StorageFull``.
    """

    def write() -> Path:
        info = probe(path)
        second = info.video_seconds / 3 if at_seconds is None else min(max(0.0, at_seconds), info.video_seconds)
        still = _read_stills(path, [second], max_width=width, max_height=width * 4)[0]
        partial = destination.with_name(f".{destination.name}.part")
        with file_errors():
            try:
                partial.write_bytes(still.jpeg)
                partial.replace(destination)
            finally:
                partial.unlink(missing_ok=True)
        return destination

    return await asyncio.to_thread(write)


def grab_stills(path: Path, *, count: int, max_side: int) -> list[Still]:
    """Up to ``count`` frames that tell what the video shows, in order, neither side over ``max_side`` pixels.

    Chosen by content, see ``glimpses.choose``: fewer when the video has not as many with a picture in them. Frames that
    cannot be decoded are passed over. Raises ``UnreadableMedia`` when none can.
    """
    seen = _glimpse(path, wanted=count * _GLIMPSES_PER_STILL, max_side=max_side)
    if not seen:
        raise UnreadableMedia(f"{path.name} has no picture that can be read.")
    chosen = choose([glimpse for glimpse, _ in seen], count=count)
    return [Still(at_seconds=seen[i][0].at_seconds, jpeg=_encode(seen[i][1])) for i in chosen]


def grab_frames(path: Path, *, count: int, max_side: int) -> list[bytes]:
    """The JPEG bytes of ``grab_stills``."""
    return [still.jpeg for still in grab_stills(path, count=count, max_side=max_side)]


def grab_last_frame(path: Path, *, max_side: int = 512) -> bytes:
    """JPEG of the last frame, neither side over ``max_side`` pixels. Raises ``UnreadableMedia``."""
    (still,) = _read_stills(path, [probe(path).video_seconds], max_width=max_side, max_height=max_side)
    return still.jpeg


def grab_still(path: Path, *, at_seconds: float, max_width: int) -> bytes:
    """JPEG of the frame at ``at_seconds``, the last one when that is later. Raises ``UnreadableMedia``."""
    second = min(max(0.0, at_seconds), probe(path).video_seconds)
    (still,) = _read_stills(path, [second], max_width=max_width, max_height=max_width * 4)
    return still.jpeg


def _read_stills(path: Path, seconds: list[float], *, max_width: int, max_height: int) -> list[Still]:
    from av.error import FFmpegError

    with open_media(path) as container:
        try:
            return [_read_still(container, s, max_width=max_width, max_height=max_height) for s in seconds]
        except FFmpegError as error:
            raise UnreadableMedia(f"{path.name} is damaged: {error.strerror}.") from error


def _read_still(container: InputContainer, second: float, *, max_width: int, max_height: int) -> Still:
    """The first frame at or after ``second``, or the last one there is."""
    import av
    from PIL import Image

    stream = container.streams.video[0]
    start = (container.start_time or 0) / av.time_base
    container.seek(int((second + start) * av.time_base), backward=True)
    found: VideoFrame | None = None
    for frame in container.decode(stream):
        found = frame
        if frame.time is None or frame.time - start >= second - 1e-6:
            break
    if found is None:
        raise UnreadableMedia(f"{Path(container.name).name} has no picture that can be read.")
    picture = _upright(found.to_image(), found)
    picture.thumbnail((max_width, max_height), Image.Resampling.LANCZOS)
    return Still(at_seconds=second if found.time is None else max(0.0, found.time - start), jpeg=_encode(picture))


def _glimpse(path: Path, *, wanted: int, max_side: int) -> list[tuple[Glimpse, Image.Image]]:
    """About ``wanted`` frames spread over the video, scaled and measured, in one pass.

    Where the keyframes lie close enough they alone are decoded, else all that others are made from. Raises
    ``UnreadableMedia``.
    """
    seen: list[tuple[Glimpse, Image.Image]] = []
    step = probe(path).video_seconds / wanted
    with open_media(path) as container:
        keys = sum(packet.is_keyframe for packet in container.demux(video=0))
    with open_media(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.skip_frame = "NONKEY" if keys * _GLIMPSES_PER_KEYFRAME >= wanted else "NONREF"
        start = (container.start_time or 0) / 1_000_000
        for frame in _decode(container, stream):
            second = 0.0 if frame.time is None else max(0.0, frame.time - start)
            if seen and second < seen[-1][0].at_seconds + step:
                continue
            scale = min(1.0, max_side / max(frame.width, frame.height))
            picture = frame.to_image(
                width=max(1, round(frame.width * scale)), height=max(1, round(frame.height * scale))
            )
            picture = _upright(picture, frame)
            seen.append((measure(picture, at_seconds=second), picture))
    return seen


def _decode(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Every frame that can be decoded; what is damaged is passed over."""
    from av.error import FFmpegError

    packets = container.demux(stream)
    while True:
        with suppress(FFmpegError):
            packet = next(packets, None)
            if packet is None:
                return
            yield from packet.decode()


def _upright(picture: Image.Image, frame: VideoFrame) -> Image.Image:
    """As it is to be shown: phones store pictures lying on their side."""
    return picture.rotate(frame.rotation, expand=True) if frame.rotation else picture


def _encode(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
