from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.errors import CannotWrite, UnreadableMedia
from orchestrator.media.audio import read_speech
from orchestrator.media.frames import grab_frames, grab_last_frame, grab_poster, grab_stills
from tests.media.conftest import make_clip


async def test_poster_shows_the_asked_second_when_one_is_given(tmp_path: Path) -> None:
    half_white = "drawbox=enable='gte(t,1)':c=white:t=fill"
    clip = make_clip(tmp_path / "clip.mp4", seconds=2, picture="color=black:s=320x180:r=30", picture_filter=half_white)
    brightness = []
    for second in (0.9, 1.0):
        with Image.open(await grab_poster(clip, tmp_path / "poster.jpg", at_seconds=second, width=160)) as poster:
            assert (poster.format, poster.size) == ("JPEG", (160, 90))
            brightness.append(np.asarray(poster).mean())
    assert brightness[0] < 20
    assert brightness[1] > 230


async def test_poster_leaves_nothing_behind_when_it_cannot_be_written(shelf: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotWrite):
        await grab_poster(shelf / "one.mp4", tmp_path / "nowhere" / "poster.jpg")
    assert list(tmp_path.iterdir()) == []


def test_stills_are_spread_when_several_are_asked(shelf: Path) -> None:
    stills = grab_stills(shelf / "one.mp4", count=3, max_side=100)
    assert [s.at_seconds for s in stills] == pytest.approx([0.5, 1.5, 2.5], abs=0.4)
    for jpeg in grab_frames(shelf / "one.mp4", count=3, max_side=100):
        assert max(Image.open(io.BytesIO(jpeg)).size) == 100


def test_last_frame_is_the_very_last_when_grabbed(tmp_path: Path) -> None:
    last_white = "drawbox=enable='eq(n,59)':c=white:t=fill"
    clip = make_clip(tmp_path / "clip.mp4", seconds=2, picture="color=black:s=320x180:r=30", picture_filter=last_white)
    assert np.asarray(Image.open(io.BytesIO(grab_last_frame(clip)))).mean() > 230


def test_stills_refuse_when_the_file_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a film")
    with pytest.raises(UnreadableMedia):
        grab_stills(tmp_path / "text.mp4", count=1, max_side=100)


def test_speech_is_16_khz_mono_when_the_source_is_not(shelf: Path) -> None:
    speech = read_speech(shelf / "two.mp4")
    assert speech.dtype == np.float32
    assert speech.shape[0] / 16_000 == pytest.approx(3, abs=0.05)
    loudest_hz = np.abs(np.fft.rfft(speech[:16_000])).argmax()
    assert loudest_hz == pytest.approx(660, abs=2)


def test_speech_is_empty_when_there_is_no_sound(shelf: Path) -> None:
    assert read_speech(shelf / "portrait25.mp4").shape == (0,)
