from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from orchestrator.errors import UnreadableMedia
from orchestrator.media import ffmpeg
from orchestrator.media.house import COLOUR, HouseFormat, house_parameters, normalise, prepare, video_arguments
from orchestrator.media.packets import read_index
from orchestrator.media.probe import count_decoded_frames, probe
from tests.media.conftest import make_clip

HOUSE = HouseFormat(width=320, height=180)


def pixels(path: Path, frame: int) -> np.ndarray:
    """One decoded frame as RGB, shape (height, width, 3)."""
    with av.open(str(path)) as container:
        decoded = next(f for i, f in enumerate(container.decode(video=0)) if i == frame)
        return decoded.to_ndarray(format="rgb24").astype(int)


@pytest.mark.parametrize("name", ["one.mp4", "two.mp4", "portrait25.mp4", "ntsc.mkv"])
@pytest.mark.parametrize("frames", [47, 130])
async def test_any_source_becomes_exactly_the_asked_frames_when_normalised(
    shelf: Path, cache: Path, name: str, frames: int
) -> None:
    path = await normalise(shelf / name, house=HOUSE, frames=frames, cache_dir=cache)
    index = read_index(path, fps=30)
    assert index is not None
    assert count_decoded_frames(path) == index.frames == frames
    assert index.parameters == await house_parameters(HOUSE, cache_dir=cache)
    assert {0, 15, 30} <= set(index.clean_keys)
    assert (index.width, index.height) == (320, 180)


async def test_source_is_used_as_it_is_when_it_is_in_house_format(shelf: Path, cache: Path) -> None:
    made = await normalise(shelf / "one.mp4", house=HOUSE, frames=90, cache_dir=cache)
    again = await prepare(made, house=HOUSE, frames=90, cache_dir=cache)
    assert again.is_original
    assert again.path == made


async def test_source_is_encoded_when_only_its_options_differ(tmp_path: Path, cache: Path) -> None:
    """Same codec, size, rate and length as the house, but other decoder parameters."""
    other = make_clip(tmp_path / "other.mp4", seconds=3, options=("-g", "30", "-video_track_timescale", "15360"))
    assert not (await prepare(other, house=HOUSE, frames=90, cache_dir=cache)).is_original


async def test_source_is_encoded_when_its_keyframes_are_far_apart(shelf: Path, tmp_path: Path, cache: Path) -> None:
    """All as in the house, with 31 frames between keyframes where a joint wants 30 at most."""
    picture = f"color=gray:s=320x180:r=30,{COLOUR}"
    sparse = tmp_path / "sparse.mp4"
    options = ["31" if before == "-g" else o for before, o in pairwise(["", *video_arguments(HOUSE)])]
    await ffmpeg.run(["-f", "lavfi", "-i", picture, *ffmpeg.write_to(sparse, *options, "-frames:v", "95")])
    clip = await prepare(sparse, house=HOUSE, frames=95, cache_dir=cache)
    assert probe(sparse).frames == 95
    assert not clip.is_original
    sparse_index = read_index(sparse, fps=30)
    assert sparse_index is not None
    assert sparse_index.parameters == clip.index.parameters


async def test_last_frame_is_held_when_the_source_is_short(shelf: Path, cache: Path) -> None:
    path = await normalise(shelf / "one.mp4", house=HOUSE, frames=130, cache_dir=cache)
    assert np.abs(pixels(path, 129) - pixels(path, 89)).mean() < 3
    assert np.abs(pixels(path, 60) - pixels(path, 89)).mean() > 10


async def test_picture_is_letterboxed_when_the_shape_differs(shelf: Path, cache: Path) -> None:
    path = await normalise(shelf / "portrait25.mp4", house=HOUSE, frames=47, cache_dir=cache)
    picture = pixels(path, 10)
    assert picture[:, :100].max() < 24
    assert picture[:, 130:190].max() > 100


@pytest.mark.parametrize(("matrix", "tag"), [("smpte170m", "unknown"), ("smpte170m", "smpte170m"), ("bt709", "bt709")])
async def test_colours_stay_when_the_source_is_coded_otherwise(
    tmp_path: Path, cache: Path, matrix: str, tag: str
) -> None:
    red = f"color=c=0xC03020:s=320x180:r=30,format=rgb24,scale=out_color_matrix={matrix},format=yuv420p"
    source = make_clip(tmp_path / "red.mp4", seconds=0.5, picture=f"{red},setparams=colorspace={tag}", sound=None)
    path = await normalise(source, house=HOUSE, frames=15, cache_dir=cache)
    picture = tmp_path / "red.rgb"
    output = ("-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo")
    await ffmpeg.run(["-v", "error", *ffmpeg.read_from(path), *ffmpeg.write_to(picture, *output)])
    assert np.fromfile(picture, dtype=np.uint8).reshape(-1, 3).mean(axis=0) == pytest.approx([0xC0, 0x30, 0x20], abs=4)


async def test_second_time_costs_no_encoding_when_the_cache_is_whole(shelf: Path, tmp_path: Path) -> None:
    made = await normalise(shelf / "three.mp4", house=HOUSE, frames=30, cache_dir=tmp_path)
    written_at = made.stat().st_mtime_ns
    assert await normalise(shelf / "three.mp4", house=HOUSE, frames=30, cache_dir=tmp_path) == made
    assert made.stat().st_mtime_ns == written_at
    made.write_bytes(made.read_bytes()[:500])
    await normalise(shelf / "three.mp4", house=HOUSE, frames=30, cache_dir=tmp_path)
    assert count_decoded_frames(made) == 30


async def test_two_at_once_agree_when_they_share_a_cache(shelf: Path, tmp_path: Path) -> None:
    both = await asyncio.gather(
        *(normalise(shelf / "three.mp4", house=HOUSE, frames=40, cache_dir=tmp_path) for _ in range(2))
    )
    assert both[0] == both[1]
    assert count_decoded_frames(both[0]) == 40
    assert not list(tmp_path.rglob("*.part"))


async def test_source_is_refused_when_it_is_no_video(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("not a film")
    with pytest.raises(UnreadableMedia):
        await normalise(tmp_path / "text.mp4", house=HOUSE, frames=30, cache_dir=tmp_path)


def test_level_grows_when_the_picture_does() -> None:
    assert HouseFormat(width=1920, height=1080).level == "4.0"
    assert HouseFormat(width=1920, height=1080, fps=60).level == "4.2"
    assert HouseFormat(width=3840, height=2160).level == "5.1"
