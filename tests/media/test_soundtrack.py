from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from orchestrator.media.soundtrack import SAMPLE_RATE, TARGET_LUFS, fade_in, fade_out, mix_soundtrack
from orchestrator.schema.timeline import Timeline, TimelineClip, Transition, TransitionKind


def timeline(*names: str, frames: int, transition: Transition | None = None, fps: int = 30) -> Timeline:
    transition = transition or Transition()
    joints = len(names) - 1
    return Timeline(
        fps=fps,
        width=320,
        height=180,
        clips=tuple(TimelineClip(source=name, frames=frames) for name in names),
        transitions=(transition,) * joints,
        overlap_frames=(round(transition.seconds * fps),) * joints,
    )


def read_sound(path: Path) -> np.ndarray:
    """All samples, shape (samples, 2)."""
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray().T for f in container.decode(audio=0)])


async def test_sound_is_as_long_as_the_picture_when_mixed(shelf: Path, tmp_path: Path) -> None:
    film = timeline("one", "two", frames=80, transition=Transition(kind=TransitionKind.CROSSFADE, seconds=0.5))
    sources = {"one": shelf / "one.mp4", "two": shelf / "two.mp4"}
    loudness = await mix_soundtrack(film, sources=sources, destination=tmp_path / "mix.mp4", work_dir=tmp_path)
    with av.open(str(tmp_path / "mix.mp4")) as container:
        audio = container.streams.audio[0]
        assert (audio.rate, audio.channels) == (SAMPLE_RATE, 2)
        assert audio.duration is not None
        assert audio.time_base is not None
        assert audio.duration * audio.time_base == pytest.approx(film.duration_seconds, abs=0.001)
    assert loudness == pytest.approx(TARGET_LUFS, abs=1)
    assert np.abs(read_sound(tmp_path / "mix.mp4")).max() < 0.95


async def test_mix_is_silent_when_no_source_has_sound(shelf: Path, tmp_path: Path) -> None:
    film = timeline("mute", frames=40)
    sources = {"mute": shelf / "portrait25.mp4"}
    assert await mix_soundtrack(film, sources=sources, destination=tmp_path / "mix.mp4", work_dir=tmp_path) is None
    assert np.abs(read_sound(tmp_path / "mix.mp4")).max() < 0.001


@pytest.mark.parametrize("kind", [TransitionKind.CROSSFADE, TransitionKind.WIPE])
def test_power_stays_when_sounds_crossfade(kind: TransitionKind) -> None:
    assert (fade_in(kind, 999) ** 2 + fade_out(kind, 999) ** 2) == pytest.approx(np.ones((999, 1)), abs=1e-5)


def test_middle_is_silent_when_fading_through_black() -> None:
    out, into = fade_out(TransitionKind.FADE_BLACK, 1000), fade_in(TransitionKind.FADE_BLACK, 1000)
    assert out[0] == pytest.approx(1, abs=0.01)
    assert into[-1] == pytest.approx(1, abs=0.01)
    assert max(out[500:].max(), into[:500].max()) < 0.01
