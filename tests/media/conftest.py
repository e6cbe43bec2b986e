"""Small clips made on the spot: 320x180, a few seconds, every defect planted on purpose."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from orchestrator.media import ffmpeg

MOVING = "testsrc2=s=320x180:r=30"
TONE = "sine=440:r=48000"


def make_clip(
    path: Path,
    *,
    seconds: float,
    picture: str = MOVING,
    sound: str | None = TONE,
    picture_filter: str = "null",
    sound_filter: str = "anull",
    options: tuple[str, ...] = (),
) -> Path:
    """Encode generated picture and sound to ``path``."""
    inputs = ["-f", "lavfi", "-i", picture, *(("-f", "lavfi", "-i", sound, "-af", sound_filter) if sound else ())]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *(("-c:a", "aac") if sound else ())]
    command = [ffmpeg.binary(), "-v", "error", "-nostdin", *inputs, "-vf", picture_filter, "-t", str(seconds)]
    subprocess.run([*command, *coding, *options, "-y", str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips no test changes."""
    folder = tmp_path_factory.mktemp("shelf")
    make_clip(folder / "one.mp4", seconds=3)
    make_clip(folder / "two.mp4", seconds=3, picture="mandelbrot=s=320x180:r=30", sound="sine=660:r=44100")
    make_clip(folder / "three.mp4", seconds=3, picture="testsrc=s=320x180:r=30", sound="sine=880:r=48000")
    make_clip(folder / "portrait25.mp4", seconds=2, picture="testsrc2=s=180x320:r=25", sound=None)
    make_clip(folder / "ntsc.mkv", seconds=4, picture="testsrc2=s=352x240:r=30000/1001", sound="sine=300:r=44100")
    return folder


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A render cache shared by the tests, as a project's is by its renders."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def damaged(shelf: Path) -> Path:
    """A whole container around broken pictures and sound."""
    data = bytearray((shelf / "one.mp4").read_bytes())
    start = data.find(b"mdat") + len(data) // 6
    data[start : start + len(data) // 3] = bytes(i * 151 % 256 for i in range(len(data) // 3))
    path = shelf / "damaged.mp4"
    path.write_bytes(data)
    return path
