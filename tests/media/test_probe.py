from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import UnreadableMedia
from orchestrator.media.probe import count_decoded_frames, probe


def test_probe_measures_picture_and_sound_when_both_are_there(shelf: Path) -> None:
    info = probe(shelf / "two.mp4")
    assert (info.width, info.height, info.fps, info.frames) == (320, 180, 30, 90)
    assert info.video_seconds == pytest.approx(3)
    assert (info.video_codec, info.audio_codec, info.sample_rate, info.channels) == ("h264", "aac", 44_100, 1)
    assert info.audio_seconds == pytest.approx(3, abs=0.03)
    assert info.size_bytes == (shelf / "two.mp4").stat().st_size


def test_probe_says_so_when_there_is_no_sound(shelf: Path) -> None:
    info = probe(shelf / "portrait25.mp4")
    assert not info.has_audio
    assert info.audio_seconds is info.audio_codec is info.sample_rate is info.channels is None


def test_count_is_that_of_the_decoder_when_the_file_is_whole(shelf: Path) -> None:
    assert count_decoded_frames(shelf / "one.mp4") == 90


def test_count_refuses_when_pictures_are_broken(damaged: Path) -> None:
    assert probe(damaged).frames == 90  # the headers do not show it
    with pytest.raises(UnreadableMedia, match="damaged"):
        count_decoded_frames(damaged)


def test_probe_refuses_with_a_reason_when_it_is_no_video(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("not a film")
    (tmp_path / "half.mp4").write_bytes((shelf / "one.mp4").read_bytes()[:20_000])
    reasons = {"gone.mp4": "no file", "empty.mp4": "empty", "text.mp4": "not a video", "half.mp4": "not a video"}
    for name, reason in reasons.items():
        with pytest.raises(UnreadableMedia, match=reason):
            probe(tmp_path / name)
    with pytest.raises(UnreadableMedia, match="not a file"):
        probe(tmp_path)
