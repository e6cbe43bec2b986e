"""Still pictures out of a video: the poster, and a few frames for eyes that look at the content."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import UnreadableMedia
from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.probe import open_media, probe
from orchestrator.schema.value import Value

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

_JPEG_QUALITY = 85


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
    """``count`` frames spread evenly over the video (middles of equal parts), neither side over ``max_side`` pixels.

    A video of fewer frames gives some of them twice. Raises ``UnreadableMedia``.
    """
    video_seconds = probe(path).video_seconds
    seconds = [(i + 0.5) * video_seconds / count for i in range(count)]
    return _read_stills(path, seconds, max_width=max_side, max_height=max_side)


def grab_frames(path: Path, *, count: int, max_side: int) -> list[bytes]:
    """The JPEG bytes of ``grab_stills``."""
    return [still.jpeg for still in grab_stills(path, count=count, max_side=max_side)]


def grab_last_frame(path: Path, *, max_side: int = 512) -> bytes:
    """JPEG of the last frame, neither side over ``max_side`` pixels. Raises ``UnreadableMedia``."""
    (still,) = _read_stills(path, [probe(path).video_seconds], max_width=max_side, max_height=max_side)
    return still.jpeg


def grab_first_frame(path: Path, *, max_side: int = 512) -> bytes:
    """JPEG of the first frame, neither side over ``max_side`` pixels. Raises ``UnreadableMedia``."""
    (still,) = _read_stills(path, [0.0], max_width=max_side, max_height=max_side)
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
    picture = found.to_image()
    picture.thumbnail((max_width, max_height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=_JPEG_QUALITY)
    return Still(at_seconds=second if found.time is None else max(0.0, found.time - start), jpeg=buffer.getvalue())
