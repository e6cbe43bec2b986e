from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.media.house import HouseClip
from orchestrator.media.joints import Joint, body_range
from orchestrator.media.packets import VideoIndex
from orchestrator.schema.timeline import TransitionKind


@st.composite
def indexes(draw: st.DrawFn) -> VideoIndex:
    """Any video of closed groups: a keyframe, then mini-groups of a P frame decoded before its 0..3 B frames."""
    positions: list[int] = []
    keys: list[int] = []
    for _ in range(draw(st.integers(1, 6))):
        keys.append(len(positions))
        positions.append(len(positions))
        for b_frames in draw(st.lists(st.integers(0, 3), max_size=6)):
            first = len(positions)
            positions += [first + b_frames, *range(first, first + b_frames)]
    return VideoIndex(b"", 320, 180, tuple(positions), tuple(keys))


@st.composite
def cases(draw: st.DrawFn) -> tuple[VideoIndex, int, int]:
    index = draw(indexes())
    head = draw(st.integers(0, index.frames))
    return index, head, draw(st.integers(0, index.frames - head))


@given(cases())
def test_body_is_copyable_and_clear_of_the_overlaps_whatever_the_groups(case: tuple[VideoIndex, int, int]) -> None:
    index, head, tail = case
    start, stop = body_range(index, head=head, tail=tail)
    assert head <= start <= stop
    assert stop <= index.frames - tail
    if start < stop:
        assert start in index.keys
        assert sorted(index.positions[start:stop]) == list(range(start, stop))


@given(cases())
def test_clean_cuts_split_the_picture_as_they_split_the_file(case: tuple[VideoIndex, int, int]) -> None:
    index = case[0]
    for cut in index.clean_cuts:
        assert set(index.positions[:cut]) == set(range(cut))
    assert index.clean_cuts[-1] == index.frames
    assert index.delay == max(i - p for i, p in enumerate(index.positions))


@given(st.lists(indexes(), min_size=2, max_size=5), st.data())
def test_bodies_and_joints_add_up_to_the_film_whatever_the_overlaps(
    clips: list[VideoIndex], data: st.DataObject
) -> None:
    overlaps = [0]
    for left, right in pairwise(clips):
        overlaps.append(data.draw(st.integers(0, min(left.frames - overlaps[-1], right.frames))))
    overlaps.append(0)
    ranges = [body_range(c, head=overlaps[i], tail=overlaps[i + 1]) for i, c in enumerate(clips)]
    house = [HouseClip(Path("clip.mp4"), index, "", is_original=True) for index in clips]
    joints = [
        Joint(house[i], ranges[i][1], house[i + 1], ranges[i + 1][0], TransitionKind.WIPE, overlap).frames
        for i, overlap in enumerate(overlaps[1:-1])
        if overlap
    ]
    total = sum(c.frames for c in clips) - sum(overlaps)
    assert sum(stop - start for start, stop in ranges) + sum(joints) == total
