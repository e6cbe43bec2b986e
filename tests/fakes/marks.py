"""A number drawn into a picture so that it survives encoding: what a finished film is made of can be read from it.

Two rows of twelve squares near the top, bright for 1 and dark for 0; the second row is the first one turned round, so
that a picture that holds no mark is told from one that does.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.media import ffmpeg

BITS = 12
_SQUARES_ACROSS = 40


def draw_mark(source: Path, destination: Path, *, number: int) -> None:
    """Copy the clip ``source`` with ``number`` in every picture. Raises ``ValueError`` when it takes too many bits."""
    if not 0 <= number < 1 << BITS:
        raise ValueError(f"a mark holds numbers below {1 << BITS}, not {number}")
    side = f"iw/{_SQUARES_ACROSS}"
    boxes = [
        f"drawbox=x={column + 1}*{side}:y={row + 1}*{side}:w={side}:h={side}:t=fill"
        f":color={'white' if (number >> column & 1) ^ row else 'black'}"
        for row in range(2)
        for column in range(BITS)
    ]
    part = destination.with_name(f".{destination.name}.part")
    command = [ffmpeg.binary(), "-y", "-v", "error", "-nostdin", "-i", str(source), "-vf", ",".join(boxes)]
    coding = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "19", "-threads", "1", "-g", "30", "-c:a", "copy"]
    subprocess.run([*command, *coding, "-movflags", "+faststart", "-f", "mp4", str(part)], check=True)
    part.replace(destination)


def read_marks(film: Path, *, width: int, height: int) -> list[int | None]:
    """The number in each picture of ``film``, in playing order; None where there is none."""
    command = [ffmpeg.binary(), "-v", "error", "-nostdin", "-i", str(film), "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    pictures = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    return [_read(picture) for picture in pictures.reshape(-1, height, width)]


def _read(picture: NDArray[np.uint8]) -> int | None:
    side = picture.shape[1] / _SQUARES_ACROSS
    rows = []
    for row in range(2):
        centres = [(int((row + 1.5) * side), int((column + 1.5) * side)) for column in range(BITS)]
        values = [int(picture[y - 1 : y + 2, x - 1 : x + 2].mean()) for y, x in centres]
        if any(64 < value < 192 for value in values):
            return None
        rows.append(sum(1 << column for column, value in enumerate(values) if value >= 192))
    return rows[0] if rows[0] ^ rows[1] == (1 << BITS) - 1 else None
