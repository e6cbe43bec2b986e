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

_ONE_DAMAGE_SECONDS = 0.5
_HDR_TRANSFERS = (16, 18)  # PQ and HLG, ITU-T H.273 table 3


class MediaInfo(Value):
    """Facts of a video file. Lengths are seconds, sizes pixels or bytes; ``frames`` is None where the container does
    not say, ``pixel_aspect`` is how much wider than high a pixel is shown. ``audio_seconds`` and what follows of the
    sound are None when there is none."""

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
    pixel_aspect: float = 1.0
    is_hdr: bool = False


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
            pixel_aspect=float(video.sample_aspect_ratio or 1) or 1.0,
            is_hdr=video.codec_context.color_trc in _HDR_TRANSFERS,
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


def find_damage(path: Path) -> list[tuple[float, float]]:
    """Stretches, in seconds, in which pictures do not decode or are marked as broken. A second decoding, meant for
    files that are known to be damaged. Raises ``UnreadableMedia`` when the file cannot be opened."""
    from av.error import FFmpegError

    places: list[float] = []
    with open_media(path) as container:
        video = container.streams.video[0]
        start = float(video.start_time * video.time_base) if video.start_time and video.time_base else 0.0
        try:
            for packet in container.demux(video):
                try:
                    frames = packet.decode()
                except FFmpegError:
                    at = packet.pts if packet.pts is not None else packet.dts
                    places += [] if at is None or packet.time_base is None else [float(at * packet.time_base) - start]
                else:
                    places += [f.time - start for f in frames if f.is_corrupt and f.time is not None]  # pyright: ignore
        except FFmpegError:
            pass  # the end of what can be read
    stretches: list[tuple[float, float]] = []
    for place in sorted(max(0.0, p) for p in places):
        if stretches and place - stretches[-1][1] < _ONE_DAMAGE_SECONDS:
            stretches[-1] = (stretches[-1][0], place)
        else:
            stretches.append((place, place))
    return stretches


def _stream_seconds(stream: Any) -> float | None:
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else None
