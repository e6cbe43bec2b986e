"""A take made from another one: exactly the frames that were asked for, its sound as long, its pitch as it was."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import UnreadableMedia
from orchestrator.media.audio import read_speech
from orchestrator.media.edit import edit_take
from orchestrator.media.ffmpeg import binary
from orchestrator.media.probe import count_decoded_frames, probe


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 25 fps with a steady tone of 440 Hz."""
    path = tmp_path_factory.mktemp("source") / "take.mp4"
    inputs = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=320x180:rate=25:duration=4",
        "-f",
        "lavfi",
        "-i",
        "sine=440:duration=4",
    ]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([binary(), "-v", "error", *inputs, *coding, str(path)], check=True)
    return path


@pytest.mark.parametrize(
    ("start", "end", "speed", "frames"), [(0.52, 4.0, 1.0, 87), (0.0, 3.2, 1.0, 80), (0.0, 4.0, 0.92, 109)]
)
async def test_the_edit_has_exactly_its_frames_and_keeps_rate_size_and_pitch(
    source: Path, tmp_path: Path, start: float, end: float, speed: float, frames: int
) -> None:
    made = tmp_path / "cut.mp4"
    assert await edit_take(source, made, start_seconds=start, end_seconds=end, speed=speed) == frames
    info = probe(made)
    assert (info.width, info.height, info.fps, count_decoded_frames(made)) == (320, 180, 25.0, frames)
    assert info.audio_seconds == pytest.approx(frames / 25, abs=0.05)
    samples = read_speech(made)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 16_000 / len(samples) == pytest.approx(440, abs=8)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.mp4"]


async def test_a_file_that_is_no_video_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"nothing")
    with pytest.raises(UnreadableMedia):
        await edit_take(broken, tmp_path / "cut.mp4", start_seconds=0, end_seconds=1)
    assert [path.name for path in tmp_path.iterdir()] == ["broken.mp4"]
