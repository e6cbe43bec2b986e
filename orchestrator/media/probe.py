"""What a media file is: measured from the file, never taken from its name.

PyAV is loaded with the first file: a process that only waits for clips does without its 40 MB.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.errors import UnreadableMedia
from orchestrator.media.ffmpeg import CONTAINERS
from orchestrator.schema.value import Value

if TYPE_CHECKING:
    from av.container import InputContainer


class MediaInfo(Value):
    """Facts of a video file. Lengths are seconds, sizes pixels or bytes; ``frames`` is None where the container does
    not say. ``audio_seconds`` and the fields after it are None when there is no sound."""

    container_seconds: float
    video_seconds: float
    width: int
    height: int
    fps: float
    frames: int | None
    video_codec: str
    has_audio: bool
    audio_seconds: float | None = None
    audio_codec: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    size_bytes: int


def open_media(path: Path) -> InputContainer:
    """Open a local media file for reading. Raises ``UnreadableMedia`` with a reason a person can act on."""
    import av
    from av.error import FFmpegError

    if not path.exists():
        raise UnreadableMedia(f"There is no file {path.name}.")
    if not path.is_file():
        raise UnreadableMedia(f"{path.name or 'The path'} is not a file.")
    if path.stat().st_size == 0:
        raise UnreadableMedia(f"{path.name} is empty.")
    try:
        return av.open(str(path.absolute()), options={"protocol_whitelist": "file", "format_whitelist": CONTAINERS})
    except (FFmpegError, OSError) as error:
        raise UnreadableMedia(f"{path.name} is not a video that can be read.") from error


def probe(path: Path) -> MediaInfo:
    """Read the headers of ``path`` (milliseconds of work, nothing is decoded beyond them).

    Raises ``UnreadableMedia`` when the file is missing, empty, no media, cut off before its index, or without picture.
    """
    import av

    with open_media(path) as container:
        video = next(iter(container.streams.video), None)
        if video is None or not video.width or not video.height:
            raise UnreadableMedia(f"{path.name} has no picture.")
        audio = next(iter(container.streams.audio), None)
        container_seconds = (container.duration or 0) / av.time_base
        rate = video.average_rate or video.guessed_rate
        if not rate:
            raise UnreadableMedia(f"{path.name} has no frame rate.")
        return MediaInfo(
            container_seconds=container_seconds,
            video_seconds=_stream_seconds(video) or container_seconds,
            width=video.width,
            height=video.height,
            fps=float(rate),
            frames=video.frames or None,
            video_codec=video.codec_context.name,
            has_audio=audio is not None,
            audio_seconds=None if audio is None else _stream_seconds(audio) or container_seconds,
            audio_codec=None if audio is None else audio.codec_context.name,
            sample_rate=None if audio is None else audio.codec_context.sample_rate,
            channels=None if audio is None else audio.codec_context.channels,
            size_bytes=path.stat().st_size,
        )


def count_decoded_frames(path: Path) -> int:
    """Decode every frame and count them: the full check, at the price of decoding. Raises ``UnreadableMedia``."""
    from av.error import FFmpegError

    with open_media(path) as container:
        if not container.streams.video:
            raise UnreadableMedia(f"{path.name} has no picture.")
        container.streams.video[0].thread_type = "AUTO"
        try:
            frames = list(frame.is_corrupt for frame in container.decode(video=0))
        except FFmpegError as error:
            raise UnreadableMedia(f"{path.name} is damaged: {error.strerror}.") from error
    if not frames or any(frames):
        raise UnreadableMedia(f"{path.name} is damaged: {sum(frames)} of {len(frames)} frames cannot be read.")
    return len(frames)


def _stream_seconds(stream: Any) -> float | None:
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
