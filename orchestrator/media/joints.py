"""Joints: the stretches of a film where two clips are seen at once, the only ones that are encoded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from orchestrator.media import ffmpeg
from orchestrator.media.house import COLOUR, HouseClip, HouseFormat, encode_cached
from orchestrator.media.packets import Piece, VideoIndex
from orchestrator.schema.timeline import TransitionKind

# https://ffmpeg.org/ffmpeg-filters.html#xfade
_XFADE = {
    TransitionKind.CROSSFADE: "fade",
    TransitionKind.WIPE: "wipeleft",
    TransitionKind.FADE_BLACK: "fadeblack",
}


@dataclass(frozen=True)
class Joint:
    """The end of ``left`` from frame ``left_start`` and the beginning of ``right`` up to frame ``right_stop``,
    overlapping by ``overlap`` frames."""

    left: HouseClip
    left_start: int
    right: HouseClip
    right_stop: int
    kind: TransitionKind
    overlap: int

    @property
    def frames(self) -> int:
        return self.left.index.frames - self.left_start + self.right_stop - self.overlap

    @property
    def key(self) -> str:
        """Content hash of everything that decides how the joint looks."""
        facts = (self.left, self.left_start, self.right, self.right_stop, self.kind.value, self.overlap)
        text = [f"{f.source_sha256}/{f.index.frames}" if isinstance(f, HouseClip) else str(f) for f in facts]
        return hashlib.sha256("\0".join(text).encode()).hexdigest()


def body_range(index: VideoIndex, *, head: int, tail: int) -> tuple[int, int]:
    """The frames ``[start, stop)`` of a clip that can be copied when its first ``head`` and last ``tail`` are shared.

    Copying begins at a keyframe and stops where decoding and showing agree; what lies between those and the overlaps
    goes into the joints. Empty (start == stop) when no keyframe leaves anything to copy.
    """
    split = index.frames - tail
    start = 0 if head == 0 else next((key for key in index.clean_keys if key >= head), split)
    stop = max(cut for cut in index.clean_cuts if cut <= split)
    return (start, stop) if start < stop else (split, split)


async def encode_joint(joint: Joint, *, house: HouseFormat, parameters: bytes, cache_dir: Path) -> Piece:
    """Encode (or find in the cache) one joint in house format. Raises ``MediaFailed``, ``StorageFull``."""
    left_frames = joint.left.index.frames - joint.left_start
    offset, duration = (left_frames - joint.overlap) / house.fps, joint.overlap / house.fps
    steady = f"setpts=PTS-STARTPTS,fps={house.fps},format=yuv444p"
    graph = (
        f"[0:v]trim=end_frame={left_frames},{steady}[left];[1:v]trim=end_frame={joint.right_stop},{steady}[right];"
        f"[left][right]xfade=transition={_XFADE[joint.kind]}:duration={duration:.6f}:offset={offset:.6f},"
        f"format=yuv420p,setsar=1,{COLOUR}[joint]"
    )
    # half a frame early, so that rounding to microseconds cannot skip the first frame
    seek = ("-ss", f"{(joint.left_start - 0.5) / house.fps:.6f}") if joint.left_start else ()
    arguments = [
        *ffmpeg.read_from(joint.left.path, "-threads", "1", *seek),
        *ffmpeg.read_from(joint.right.path, "-threads", "1"),
        *("-filter_complex", graph, "-map", "[joint]", "-threads", "1"),
    ]
    path = cache_dir / "joints" / f"{joint.key}-{house.fingerprint}.mp4"
    index = await encode_cached(path, arguments, house=house, frames=joint.frames, parameters=parameters)
    return Piece(path, index, 0, index.frames)
