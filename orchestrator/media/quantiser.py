"""Quantiser: how coarsely the encoder rounded the picture, as the file itself says.

Decoders of today smooth the edges of their blocks, so that a picture of next to no bits shows smears and no grid. What
it was rounded to stands in the stream all the same.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.media.probe import open_media

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

_SECONDS_AFTER_KEY = 1.0  # decoding is what this costs, and further on it is much the same
_EVERY = 5  # frames that others build on
_H264, _MPEG = 1, 2  # AV_VIDEO_ENC_PARAMS_H264 and _MPEG2; VP9 tells its own way, and nothing by block


def measure_quantiser(path: Path) -> float | None:
    """The quantiser of ``path`` on H.264's scale, 0 (finest) to 51, where 6 more are twice as coarse (ITU-T H.264,
    8.5.9); None where the stream does not tell: only H.264 and the MPEG-4 family do.

    The mean of that of complete pictures and that of those that build on them: a still picture is as good as the first,
    a moving one as those that follow. Raises ``UnreadableMedia`` when the file cannot be opened.
    """
    import numpy as np
    from av.error import FFmpegError
    from av.sidedata.sidedata import Type

    complete: list[float] = []
    building: list[float] = []
    with contextlib.suppress(FFmpegError), open_media(path) as container:
        for number, frame in enumerate(_decode_some(container)):
            if not frame.key_frame and number % _EVERY:
                continue
            told: Any = frame.side_data.get(Type.VIDEO_ENC_PARAMS)  # pyright: ignore
            if told is None or told.codec_type not in (_H264, _MPEG):
                return None
            level = float(np.mean(told.qp_map()))
            if told.codec_type != _H264:
                level = 4 + 6 * math.log2(max(1.0, level))  # the others tell the size of a step
            (complete if frame.key_frame else building).append(level)
    means = [sum(levels) / len(levels) for levels in (complete, building) if levels]
    return round(sum(means) / len(means), 1) if means else None


def _decode_some(container: InputContainer) -> Iterator[VideoFrame]:
    """Complete pictures and what follows them for a while, roughly decoded."""
    video = container.streams.video[0]
    video.codec_context.options = {"export_side_data": "venc_params", "skip_loop_filter": "all"}
    video.codec_context.skip_frame = "NONREF"
    until = -math.inf
    for packet in container.demux(video):
        seconds = None if packet.dts is None or packet.time_base is None else float(packet.dts * packet.time_base)
        if packet.is_keyframe and seconds is not None:
            until = seconds + _SECONDS_AFTER_KEY
        if seconds is None or seconds <= until:  # the empty one at the end brings out what is held back
            yield from packet.decode()  # pyright: ignore
