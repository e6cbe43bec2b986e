"""The picture with which a take begins or ends, as a neighbour of it meets it."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path

from orchestrator.errors import UnreadableMedia
from orchestrator.media.frames import Still
from orchestrator.media.probe import open_media, probe

_REACH_SECONDS = 1.0
_STEP_SECONDS = 0.12
_FULL_PICTURE = 0.85  # of the contrast within reach: a fade takes contrast away, to whatever it fades


def grab_edge(path: Path, *, is_last: bool, max_side: int = 512) -> Still:
    """The frame nearest to the edge that is not in a fade, at most a second inside; neither side over ``max_side``.

    Raises ``UnreadableMedia``.
    """
    import av
    from av.error import FFmpegError
    from PIL import Image, ImageStat

    info = probe(path)
    since = max(0.0, info.video_seconds - _REACH_SECONDS) if is_last else 0.0
    seen: list[tuple[float, Image.Image]] = []
    final: av.VideoFrame | None = None

    def keep(frame: av.VideoFrame, second: float) -> None:
        picture = frame.to_image()
        picture = picture.rotate(frame.rotation, expand=True) if frame.rotation else picture
        picture.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        seen.append((max(0.0, second), picture))

    with open_media(path) as container, suppress(FFmpegError):  # what was seen before the damage will do
        start = (container.start_time or 0) / av.time_base
        container.streams.video[0].thread_type = "AUTO"
        container.seek(int((since + start) * av.time_base), backward=True)
        for frame in container.decode(video=0):
            second = since if frame.time is None else frame.time - start
            if not is_last and second > _REACH_SECONDS:
                break
            final = frame
            if second >= since and (not seen or second - seen[-1][0] >= _STEP_SECONDS):
                keep(frame, second)
        if is_last and final is not None and (final.time is None or not seen or final.time - start > seen[-1][0]):
            keep(final, info.video_seconds if final.time is None else final.time - start)
    if not seen:
        raise UnreadableMedia(f"{path.name} has no picture at its {'end' if is_last else 'start'} that can be read.")
    inwards = seen[::-1] if is_last else seen
    contrasts = [ImageStat.Stat(picture.convert("L").resize((64, 64))).stddev[0] for _, picture in inwards]
    second, picture = inwards[next(i for i, c in enumerate(contrasts) if c >= _FULL_PICTURE * max(contrasts))]
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=90)
    return Still(at_seconds=round(second, 3), jpeg=buffer.getvalue())
