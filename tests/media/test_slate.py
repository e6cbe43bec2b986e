"""Slates: cards that stand for missing takes, drawn, silent and as long as planned."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from orchestrator.media.house import HouseFormat, house_parameters
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.media.render import render_timeline
from orchestrator.media.slate import BACKGROUND_RGB, draw_slate
from orchestrator.schema.timeline import Slate, Timeline, TimelineClip, Transition, TransitionKind
from tests.media.test_soundtrack import SAMPLE_RATE, read_sound

CROSSFADE = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)
FADE_BLACK = Transition(kind=TransitionKind.FADE_BLACK, seconds=1)
WORDY = Slate(
    number=75,
    state="failed",
    reason="The words that were said are not the words that were written, and the provider did not say why. " * 3,
    text="Every word of a long line stays readable on a small picture, whatever else the card has to say. " * 5,
)


def film_of(*parts: str | Slate, transition: Transition) -> Timeline:
    """Parts of 90 frames each, at 320x180."""
    joints = len(parts) - 1
    clips = [
        TimelineClip(source=f"slate:{part.number}", frames=90, slate=part)
        if isinstance(part, Slate)
        else TimelineClip(source=part, frames=90)
        for part in parts
    ]
    return Timeline(
        fps=30,
        width=320,
        height=180,
        clips=tuple(clips),
        transitions=(transition,) * joints,
        overlap_frames=(round(transition.seconds * 30),) * joints,
    )


async def draw(slate: Slate, folder: Path, *, width: int = 320, height: int = 180) -> np.ndarray:
    """The card as it is seen, shape (height, width, 3)."""
    house = HouseFormat(width=width, height=height)
    parameters = await house_parameters(house, cache_dir=folder)
    path = await draw_slate(slate, house=house, frames=2, parameters=parameters, cache_dir=folder)
    return frame_of(path, 1)


def frame_of(path: Path, number: int) -> np.ndarray:
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    return frames[number].to_ndarray(format="rgb24")


def ink(picture: np.ndarray) -> np.ndarray:
    """(row, column) of everything that is not background."""
    return np.argwhere(np.abs(picture.astype(int) - BACKGROUND_RGB).max(axis=2) > 48)


@pytest.mark.parametrize("transition", [Transition(), CROSSFADE, FADE_BLACK], ids=str)
async def test_film_has_every_planned_frame_when_a_slate_stands_in_the_middle(
    shelf: Path, cache: Path, tmp_path: Path, transition: Transition
) -> None:
    film = film_of(
        "one.mp4", Slate(number=2, state="being made", text="Somebody waits."), "two.mp4", transition=transition
    )
    sources = {name: shelf / name for name in ("one.mp4", "two.mp4")}
    path, shares = tmp_path / "film.mp4", []
    result = await render_timeline(film, sources=sources, destination=path, cache_dir=cache, on_progress=shares.append)
    assert count_decoded_frames(path) == film.total_frames == result.frames
    assert probe(path).audio_seconds == pytest.approx(film.duration_seconds, abs=1024 / SAMPLE_RATE)
    assert result.clips_normalised == 2
    assert shares == sorted(shares) and shares[-1] == 1

    overlap = film.overlap_frames[0]
    start = film.start_frame(1)
    shown = frame_of(path, start + 45)
    assert shown.shape == (180, 320, 3)
    assert shown[4, 4] == pytest.approx(BACKGROUND_RGB, abs=3)
    assert len(ink(shown)) > 300
    sound = np.abs(read_sound(path))
    at = [round(frame * SAMPLE_RATE / 30) for frame in (start + overlap + 2, start + 90 - overlap - 2)]
    assert sound[at[0] : at[1]].max() < 0.001
    assert sound[: at[0] - SAMPLE_RATE].max() > 0.1
    assert sound[at[1] + SAMPLE_RATE :].max() > 0.1


async def test_only_what_changed_is_made_again_when_a_take_comes_in_for_its_slate(shelf: Path, tmp_path: Path) -> None:
    cache, sources = tmp_path / "cache", {name: shelf / name for name in ("one.mp4", "two.mp4")}
    second, third = Slate(number=2, state="being made"), Slate(number=3, state="not started")
    before = film_of("one.mp4", second, third, transition=CROSSFADE)
    await render_timeline(before, sources=sources, destination=tmp_path / "a.mp4", cache_dir=cache)
    kept = {p: p.stat().st_mtime_ns for p in cache.rglob("*.mp4")}
    after = film_of("one.mp4", "two.mp4", third, transition=CROSSFADE)
    result = await render_timeline(after, sources=sources, destination=tmp_path / "b.mp4", cache_dir=cache)
    now = {p: p.stat().st_mtime_ns for p in cache.rglob("*.mp4")}
    assert kept.items() <= now.items()
    assert sorted(p.parent.name for p in now.keys() - kept.keys()) == ["clips", "joints", "joints"]
    assert result.frames_copied > 0.7 * result.frames
    assert not [p for p in cache.rglob("*") if p.suffix == ".ass"]


@pytest.mark.parametrize(("width", "height"), [(320, 180), (720, 1280), (512, 512)])
async def test_card_stays_inside_the_frame_when_it_has_much_to_say(cache: Path, width: int, height: int) -> None:
    rows, columns = ink(await draw(WORDY, cache, width=width, height=height)).T
    assert 0.01 * height < rows.min() < rows.max() < 0.99 * height
    assert 0.03 * width < columns.min() < columns.max() < 0.97 * width


async def test_letters_with_accents_are_drawn_when_the_machine_has_no_fonts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fonts.conf").write_text("<fontconfig><dir>/nowhere</dir></fontconfig>", encoding="utf-8")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "fonts.conf"))
    plain, accented = [await draw(Slate(number=1, state="failed", text=text), tmp_path) for text in ("cz", "čž")]
    assert len(ink(plain)) > 300
    assert 0 < len(ink(accented)) - len(ink(plain)) < 60, "the same letters and their marks"


async def test_words_are_shown_and_not_obeyed_when_they_look_like_commands(tmp_path: Path) -> None:
    odd = tmp_path / "it's a, [folder]; with: signs"
    commands, words = r"{\fs200}Two\Nrows", "(/fs200)Two/Nrows"
    obeyed, shown = [await draw(Slate(number=1, state="failed", text=text), odd) for text in (commands, words)]
    assert np.array_equal(obeyed, shown)
