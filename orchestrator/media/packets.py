"""Packets: where a video can be cut and joined without touching a single encoded picture.

A coded video keeps its frames in decode order. Cutting before packet i is clean when the packets before it are
exactly the first i frames of the picture; starting at packet i also needs a keyframe there. Pieces that share one set
of decoder parameters (the ``avcC`` record, ISO/IEC 14496-15) can follow each other once their times are counted anew.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from orchestrator.errors import MediaFailed, UnreadableMedia
from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.probe import open_media

TICKS_PER_FRAME = 512


@dataclass(frozen=True)
class VideoIndex:
    """The packets of an H.264 track at a constant frame rate.

    ``positions[i]`` is the frame number shown by packet i of the file, ``keys`` are packet numbers of keyframes,
    ``parameters`` the decoder's parameter sets.
    """

    parameters: bytes
    width: int
    height: int
    positions: tuple[int, ...]
    keys: tuple[int, ...]

    @property
    def frames(self) -> int:
        return len(self.positions)

    @cached_property
    def clean_cuts(self) -> tuple[int, ...]:
        """Packet numbers i, 0..frames, such that the first i packets are the first i frames."""
        highest = accumulate(self.positions, max)
        return (0, *(i + 1 for i, position in enumerate(highest) if position == i))

    @cached_property
    def clean_keys(self) -> tuple[int, ...]:
        """Packet numbers at which a piece may begin."""
        return tuple(sorted(set(self.keys) & set(self.clean_cuts)))

    @property
    def delay(self) -> int:
        """How many frames decoding runs ahead of showing."""
        return max((i - position for i, position in enumerate(self.positions)), default=0)


@dataclass(frozen=True)
class Piece:
    """Frames ``start`` (included) to ``stop`` (excluded) of ``path``; both must be clean cuts."""

    path: Path
    index: VideoIndex
    start: int
    stop: int


def read_index(path: Path, *, fps: int) -> VideoIndex | None:
    """Index the video of ``path``; None unless it is MP4 with H.264 whose frames stand exactly on the grid of ``fps``.

    Nothing is decoded. Raises ``UnreadableMedia``.
    """
    with open_media(path) as container:
        video = next(iter(container.streams.video), None)
        if video is None or video.codec_context.name != "h264" or not container.format.name.startswith("mov"):
            return None
        positions: list[int] = []
        keys: list[int] = []
        for packet in container.demux(video):
            if packet.dts is None and packet.size == 0:
                continue
            if packet.pts is None or packet.is_discard or packet.is_corrupt:
                return None
            position = packet.pts * Fraction(packet.time_base) * fps
            if position.denominator != 1:
                return None
            if packet.is_keyframe:
                keys.append(len(positions))
            positions.append(int(position))
        if sorted(positions) != list(range(len(positions))):
            return None
        return VideoIndex(
            parameters=bytes(video.codec_context.extradata or b""),
            width=video.width,
            height=video.height,
            positions=tuple(positions),
            keys=tuple(keys),
        )


def splice(pieces: Sequence[Piece], *, soundtrack: Path, destination: Path, fps: int) -> None:
    """Copy ``pieces`` one after the other, with ``soundtrack`` beside them, into an MP4 that starts playing at once.

    Raises ``MediaFailed`` when the pieces do not share their decoder parameters, ``StorageFull``, ``CannotWrite``.
    """
    if len({piece.index.parameters for piece in pieces}) != 1:
        raise MediaFailed("The parts of the film were not encoded alike and cannot be joined.")
    options = {"movflags": "+faststart", "video_track_timescale": str(fps * TICKS_PER_FRAME)}
    with (
        open_media(pieces[0].path) as first,
        open_media(soundtrack) as sound,
        file_errors(),
        av.open(str(destination), "w", format="mp4", options=options) as film,
    ):
        video = film.add_stream_from_template(first.streams.video[0])
        audio = film.add_stream_from_template(sound.streams.audio[0])
        pictures = _copy_pictures(pieces, tick=Fraction(1, fps * TICKS_PER_FRAME))
        samples = (packet for packet in sound.demux(audio=0) if packet.dts is not None)
        for packet in heapq.merge(pictures, samples, key=_decode_seconds):
            _hand_over(packet, audio if packet.stream.type == "audio" else video)
            film.mux_one(packet)


def verify_film(path: Path, *, frames: int, fps: int) -> None:
    """Check a finished film against the plan: frame count, even steps, length of sound. Raises ``MediaFailed``."""
    index = read_index(path, fps=fps)
    if index is None:
        raise MediaFailed("The film was written with uneven frame times.")
    if index.frames != frames:
        raise MediaFailed(f"The film has {index.frames} frames where {frames} were planned.")
    if not index.keys or index.keys[0] != 0:
        raise MediaFailed("The film does not begin with a keyframe.")
    with open_media(path) as container:
        audio = next(iter(container.streams.audio), None)
        if audio is None or audio.duration is None or audio.time_base is None:
            raise MediaFailed("The film has no sound track.")
        seconds = float(audio.duration * audio.time_base)
        if abs(seconds - frames / fps) > 1024 / audio.rate:
            raise MediaFailed(f"The sound lasts {seconds:.3f} s and the picture {frames / fps:.3f} s.")


def _copy_pictures(pieces: Sequence[Piece], *, tick: Fraction) -> Iterator[Packet]:
    """The packets of all pieces, timed on one grid: shown in order, decoded early enough for every piece."""
    delay = max(piece.index.delay for piece in pieces)
    base = 0
    for piece in pieces:
        with open_media(piece.path) as container:
            packets = (p for p in container.demux(video=0) if p.size)
            for number, packet in enumerate(packets):
                if number >= piece.stop:
                    break
                if number < piece.start:
                    continue
                packet.time_base = tick
                packet.pts = (base + piece.index.positions[number] - piece.start) * TICKS_PER_FRAME
                packet.dts = (base + number - piece.start - delay) * TICKS_PER_FRAME
                packet.duration = TICKS_PER_FRAME
                yield packet
            else:
                if piece.stop < piece.index.frames:
                    raise UnreadableMedia(f"{piece.path.name} ended early.")
        base += piece.stop - piece.start


def _hand_over(packet: Packet[Any], stream: Any) -> None:
    packet.stream = stream


def _decode_seconds(packet: Packet) -> Fraction:
    return (packet.dts or 0) * Fraction(packet.time_base)
