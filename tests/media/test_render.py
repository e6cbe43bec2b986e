from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import av
import numpy as np
import pytest

from orchestrator.errors import BadInput, CannotWrite, MediaFailed, UnreadableMedia
from orchestrator.media.house import HouseFormat, normalise
from orchestrator.media.packets import verify_film
from orchestrator.media.probe import count_decoded_frames, probe
from orchestrator.media.render import RenderResult, render_timeline
from orchestrator.schema.timeline import Timeline, TimelineClip, Transition, TransitionKind
from tests.media.conftest import make_clip
from tests.media.test_soundtrack import read_sound, timeline

CROSSFADE = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)


async def render(film: Timeline, shelf: Path, destination: Path, cache: Path, **options) -> RenderResult:
    sources = {clip.source: shelf / clip.source for clip in film.clips}
    return await render_timeline(film, sources=sources, destination=destination, cache_dir=cache, **options)


def frame_hashes(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [hashlib.md5(f.to_ndarray().tobytes()).hexdigest() for f in container.decode(video=0)]


@pytest.mark.parametrize(
    "transition",
    [
        Transition(),
        CROSSFADE,
        Transition(kind=TransitionKind.WIPE, seconds=0.7),
        Transition(kind=TransitionKind.FADE_BLACK, seconds=1),
    ],
    ids=str,
)
async def test_film_has_every_planned_frame_when_rendered(
    shelf: Path, cache: Path, tmp_path: Path, transition: Transition
) -> None:
    film = timeline("one.mp4", "two.mp4", "three.mp4", frames=90, transition=transition)
    result = await render(film, shelf, tmp_path / "film.mp4", cache)
    info = probe(tmp_path / "film.mp4")
    assert count_decoded_frames(tmp_path / "film.mp4") == film.total_frames == result.frames
    assert info.video_seconds == pytest.approx(film.duration_seconds, abs=1e-4)
    assert info.audio_seconds == pytest.approx(film.duration_seconds, abs=1024 / 48_000)
    assert (info.width, info.height, info.fps, info.video_codec, info.audio_codec) == (320, 180, 30, "h264", "aac")
    assert result.frames_copied + result.frames_encoded == result.frames
    assert (result.frames_encoded == 0) == (transition.kind is TransitionKind.CUT)
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


async def test_copied_frames_are_identical_to_the_clips_when_decoded(shelf: Path, cache: Path, tmp_path: Path) -> None:
    names = ("one.mp4", "two.mp4", "three.mp4")
    film = timeline(*names, frames=90, transition=CROSSFADE)
    house = HouseFormat(width=320, height=180)
    in_house = [await normalise(shelf / name, house=house, frames=90, cache_dir=cache) for name in names]
    sources = dict(zip(names, in_house, strict=True))
    result = await render_timeline(film, sources=sources, destination=tmp_path / "film.mp4", cache_dir=cache)
    assert result.clips_normalised == 0
    shown = frame_hashes(tmp_path / "film.mp4")
    same = 0
    for number, path in enumerate(in_house):
        start = film.start_frame(number)
        same += sum(a == b for a, b in zip(shown[start : start + 90], frame_hashes(path), strict=True))
    assert same >= result.frames_copied > 0.8 * film.total_frames


async def test_flash_and_beep_stay_together_when_clips_differ_in_rate(tmp_path: Path, cache: Path) -> None:
    for name, rate, sample_rate in (("a", 30, 48_000), ("b", 25, 44_100), ("c", 60, 32_000)):
        make_clip(
            tmp_path / f"{name}.mp4",
            seconds=3,
            picture=f"color=gray:s=320x180:r={rate}",
            picture_filter="drawbox=enable='between(t,1.6,1.75)':c=white:t=fill",
            sound=f"aevalsrc='between(t,1.6,1.7)*0.5*sin(2*PI*1000*t)':s={sample_rate}",
        )
    film = timeline("a.mp4", "b.mp4", "c.mp4", frames=90, transition=CROSSFADE)
    await render(film, tmp_path, tmp_path / "film.mp4", cache)
    with av.open(str(tmp_path / "film.mp4")) as container:
        bright = [f.to_ndarray(format="gray").mean() > 200 for f in container.decode(video=0)]
    flashes = [i / 30 for i in range(1, len(bright)) if bright[i] and not bright[i - 1]]
    sound = np.abs(read_sound(tmp_path / "film.mp4")).max(axis=1)
    loud = np.flatnonzero(sound > 0.1) / 48_000
    beeps = [float(t) for t, before in zip(loud, [-9, *loud], strict=False) if t - before > 0.5]
    assert flashes == pytest.approx([1.6, 4.1, 6.6], abs=1 / 30)
    assert beeps == pytest.approx([1.6, 4.1, 6.6], abs=0.002)


async def test_mixed_sources_make_one_film_when_none_is_alike(shelf: Path, cache: Path, tmp_path: Path) -> None:
    film = timeline("portrait25.mp4", "ntsc.mkv", "portrait25.mp4", "one.mp4", frames=75, transition=CROSSFADE)
    shares: list[float] = []
    result = await render(film, shelf, tmp_path / "film.mp4", cache, on_progress=shares.append)
    assert count_decoded_frames(tmp_path / "film.mp4") == film.total_frames
    assert result.clips_normalised == 4
    assert shares == sorted(shares)
    assert shares[-1] == 1


async def test_single_clip_is_copied_whole_when_it_is_the_film(shelf: Path, cache: Path, tmp_path: Path) -> None:
    result = await render(timeline("one.mp4", frames=90), shelf, tmp_path / "film.mp4", cache)
    assert (result.frames, result.frames_copied, result.frames_encoded) == (90, 90, 0)
    assert count_decoded_frames(tmp_path / "film.mp4") == 90


async def test_film_is_whole_when_transitions_leave_nothing_to_copy(shelf: Path, cache: Path, tmp_path: Path) -> None:
    film = timeline("one.mp4", "two.mp4", "three.mp4", frames=40, transition=CROSSFADE)
    film = film.model_copy(update={"overlap_frames": (20, 20)})
    await render(film, shelf, tmp_path / "film.mp4", cache)
    assert count_decoded_frames(tmp_path / "film.mp4") == 80


async def test_only_new_joints_are_encoded_when_clips_are_reordered(shelf: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    await render(
        timeline("one.mp4", "two.mp4", "three.mp4", frames=60, transition=CROSSFADE), shelf, tmp_path / "a.mp4", cache
    )
    before = {p: p.stat().st_mtime_ns for p in cache.rglob("*.mp4")}
    await render(
        timeline("three.mp4", "one.mp4", "two.mp4", frames=60, transition=CROSSFADE), shelf, tmp_path / "b.mp4", cache
    )
    after = {p: p.stat().st_mtime_ns for p in cache.rglob("*.mp4")}
    assert before.items() <= after.items()
    assert [p.parent.name for p in after.keys() - before.keys()] == ["joints"]


async def test_old_film_stays_when_a_source_is_unreadable(shelf: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_text("not a film")
    (tmp_path / "film.mp4").write_bytes(b"the film of yesterday")
    film = timeline("good", "bad", frames=60, transition=CROSSFADE)
    sources = {"good": shelf / "one.mp4", "bad": tmp_path / "bad.mp4"}
    with pytest.raises(UnreadableMedia, match=r"bad\.mp4"):
        await render_timeline(film, sources=sources, destination=tmp_path / "film.mp4", cache_dir=cache)
    assert (tmp_path / "film.mp4").read_bytes() == b"the film of yesterday"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.mp4", "film.mp4"]


async def test_render_refuses_before_working_when_the_output_cannot_be(shelf: Path, tmp_path: Path) -> None:
    film = timeline("one.mp4", frames=30)
    for destination in (tmp_path / "nowhere" / "film.mp4", tmp_path):
        with pytest.raises(CannotWrite):
            await render(film, shelf, destination, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


async def test_nothing_is_left_when_the_render_is_cancelled(tmp_path: Path) -> None:
    make_clip(tmp_path / "long.mp4", seconds=20)
    film = timeline("long.mp4", frames=600).model_copy(update={"width": 1280, "height": 720})
    started = asyncio.Event()
    running = asyncio.create_task(
        render(film, tmp_path, tmp_path / "film.mp4", tmp_path / "cache", on_progress=lambda _: started.set())
    )
    await started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "long.mp4"]
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.suffix != ".mp4" and p.is_file()]
    assert not list((tmp_path / "cache").glob("render-*"))


async def test_render_refuses_when_the_timeline_cannot_be(shelf: Path, tmp_path: Path) -> None:
    film = timeline("one.mp4", "two.mp4", frames=30, transition=CROSSFADE)
    impossible = (
        film.model_copy(update={"overlap_frames": (31,)}),
        film.model_copy(update={"overlap_frames": (0,)}),
        film.model_copy(update={"width": 321}),
        film.model_copy(update={"clips": (film.clips[0], TimelineClip(source="gone.mp4", frames=30))}),
    )
    for case in impossible:
        sources = {name: shelf / name for name in ("one.mp4", "two.mp4")}
        with pytest.raises(BadInput):
            await render_timeline(case, sources=sources, destination=tmp_path / "film.mp4", cache_dir=tmp_path)


def test_verification_fails_loudly_when_a_film_is_not_as_planned(shelf: Path) -> None:
    with pytest.raises(MediaFailed, match="90 frames where 91"):
        verify_film(shelf / "one.mp4", frames=91, fps=30)
    with pytest.raises(MediaFailed, match="uneven"):
        verify_film(shelf / "ntsc.mkv", frames=120, fps=30)
    with pytest.raises(MediaFailed, match="no sound"):
        verify_film(shelf / "portrait25.mp4", frames=50, fps=25)
