"""Which frames of a take are looked at: some of every scene, sharp ones, spread over its length."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from orchestrator.errors import UnreadableMedia
from orchestrator.media.frames import grab_stills
from orchestrator.media.glimpses import Glimpse, choose
from tests.media.conftest import make_clip


def glimpse(second: float, *, shade: float = 100.0, sharpness: float = 10.0, contrast: float = 30.0) -> Glimpse:
    picture = np.full((9, 16, 3), shade, np.float32)
    return Glimpse(at_seconds=second, sharpness=sharpness, contrast=contrast, thumbnail=picture)


GLIMPSES = st.lists(
    st.tuples(st.floats(0, 255, width=16), st.floats(0, 500, width=16), st.sampled_from([0.0, 0.5, 20.0, 60.0])),
    min_size=1,
    max_size=40,
).map(lambda rows: [glimpse(n / 2, shade=a, sharpness=b, contrast=c) for n, (a, b, c) in enumerate(rows)])


@given(glimpses=GLIMPSES, count=st.integers(1, 8))
def test_choice_is_in_order_and_of_the_asked_count_whatever_is_shown(glimpses: list[Glimpse], count: int) -> None:
    chosen = choose(glimpses, count=count)
    with_picture = [i for i, g in enumerate(glimpses) if g.contrast > 10] or list(range(len(glimpses)))
    assert chosen == sorted(set(chosen))
    assert len(chosen) == min(count, len(with_picture))
    assert set(chosen) <= set(with_picture)  # nothing empty, as long as there is something else
    if count > 1 and len(chosen) > 1:
        first, last = with_picture[0] / 2, with_picture[-1] / 2
        part = (last - first) / count
        assert glimpses[chosen[0]].at_seconds <= first + part
        assert glimpses[chosen[-1]].at_seconds >= last - part


@given(sharpness=st.lists(st.floats(1, 500, width=16), min_size=12, max_size=48), count=st.integers(2, 6))
def test_choice_is_spread_when_there_is_one_scene_that_moves(sharpness: list[float], count: int) -> None:
    glimpses = [glimpse(n / 4, shade=100 + n, sharpness=value) for n, value in enumerate(sharpness)]
    chosen = [glimpses[i].at_seconds for i in choose(glimpses, count=count)]
    part = glimpses[-1].at_seconds / count
    gaps = [later - earlier for earlier, later in pairwise(chosen)]
    assert max(gaps) <= 2 * part
    assert min(gaps) >= 0.25


def test_choice_takes_the_sharpest_of_its_neighbourhood() -> None:
    glimpses = [glimpse(n, shade=100 + n, sharpness=90 if n % 6 == 3 else 10) for n in range(24)]
    assert choose(glimpses, count=4) == [3, 9, 15, 21]


def test_choice_covers_a_short_scene_between_long_ones() -> None:
    shades = [50.0] * 10 + [200.0] + [120.0] * 13
    glimpses = [glimpse(n, shade=shade + n * 0.6, sharpness=50 - n) for n, shade in enumerate(shades)]
    assert 10 in choose(glimpses, count=4)


def test_choice_passes_over_what_stands_still_when_there_is_something_else() -> None:
    glimpses = [glimpse(n, shade=100 + n if n < 6 else 106) for n in range(24)]
    assert len({glimpses[i].thumbnail[0, 0, 0] for i in choose(glimpses, count=4)}) == 4


# --- files ---


def mean_colours(path: Path, *, count: int = 4) -> list[tuple[int, ...]]:
    stills = grab_stills(path, count=count, max_side=160)
    pictures = [np.asarray(Image.open(io.BytesIO(still.jpeg)), np.float32) for still in stills]
    return [tuple((picture.mean(axis=(0, 1)) > 90).tolist()) for picture in pictures]


@pytest.mark.parametrize("options", [(), ("-g", "6"), ("-bf", "0")], ids=["few keyframes", "many", "no B frames"])
def test_stills_show_every_scene_and_no_black_when_a_take_has_both(tmp_path: Path, options: tuple[str, ...]) -> None:
    colours = (("black", 0, 0.6), ("red", 0.6, 1.5), ("green", 1.5, 2.1), ("blue", 2.1, 3))
    boxes = ",".join(f"drawbox=enable='between(t,{a},{b})':c={c}@0.8:t=fill" for c, a, b in colours if c != "black")
    fade = f"{boxes},drawbox=enable='lt(t,0.6)':c=black:t=fill"
    seen = mean_colours(make_clip(tmp_path / "scenes.mp4", seconds=3, picture_filter=fade, options=options))
    assert len(seen) == 4
    assert {(True, False, False), (False, False, True)} <= set(seen)
    assert (False, False, False) not in seen[1:]  # green is dark, black is darker


def test_stills_are_as_many_as_there_are_when_a_take_has_few_frames(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "short.mp4", seconds=0.09)
    assert [still.at_seconds for still in grab_stills(clip, count=4, max_side=160)] == pytest.approx(
        [0, 1 / 30, 2 / 30]
    )


def test_stills_come_from_what_can_be_read_when_the_middle_is_damaged(damaged: Path) -> None:
    assert grab_stills(damaged, count=4, max_side=160)


def test_stills_stand_upright_when_the_file_says_it_lies_on_its_side(shelf: Path, tmp_path: Path) -> None:
    import av

    turned = tmp_path / "turned.mp4"
    with av.open(str(shelf / "one.mp4")) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.dts is not None]
        for packet in packets:
            packet.stream = stream
            target.mux(packet)
    data = bytearray(turned.read_bytes())
    upright = (0x10000).to_bytes(4) + bytes(12) + (0x10000).to_bytes(4)
    place = data.find(upright, data.find(b"tkhd"))
    data[place : place + 20] = bytes(4) + (0x10000).to_bytes(4) + bytes(4) + (0xFFFF0000).to_bytes(4) + bytes(4)
    turned.write_bytes(data)
    (still,) = grab_stills(turned, count=1, max_side=160)
    assert Image.open(io.BytesIO(still.jpeg)).size == (90, 160)


def test_stills_refuse_when_the_file_is_cut_off(shelf: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.mp4").write_bytes((shelf / "one.mp4").read_bytes()[:2000])
    with pytest.raises(UnreadableMedia):
        grab_stills(tmp_path / "cut.mp4", count=4, max_side=160)
