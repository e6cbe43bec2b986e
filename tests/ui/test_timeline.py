"""Rearranging clips as plain Python: what the strip in the browser may ask for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.components.timeline import move_clip, new_order

CLIPS = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=9, unique=True)


@given(CLIPS, st.data())
def test_an_order_keeps_every_clip_once_when_it_is_accepted(ids: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.permutations(ids))
    order = new_order(ids, wanted)
    assert order == (None if wanted == ids else tuple(wanted))


@pytest.mark.parametrize("wanted", [["a", "b"], ["a", "b", "c", "c"], ["a", "b", "x"], [], None, "abc", [1, 2, 3], {}])
def test_an_order_is_refused_when_it_is_stale_or_no_order_at_all(wanted: object) -> None:
    assert new_order(["a", "b", "c"], wanted) is None


@given(CLIPS, st.integers(-12, 12), st.data())
def test_a_moved_clip_lands_where_it_was_sent_or_at_the_end(ids: list[str], by: int, data: st.DataObject) -> None:
    clip = data.draw(st.sampled_from(ids))
    order = move_clip(ids, clip, by=by)
    target = min(max(ids.index(clip) + by, 0), len(ids) - 1)
    if target == ids.index(clip):
        assert order is None
    else:
        assert order is not None
        assert order.index(clip) == target
        assert [item for item in order if item != clip] == [item for item in ids if item != clip]


def test_nothing_moves_when_the_clip_is_gone() -> None:
    assert move_clip(["a", "b"], "x", by=1) is None
