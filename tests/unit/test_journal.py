"""The journal: what differs, how it is told, and what can be written back without losing anything later."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import Conflict
from orchestrator.journal import (
    ORDER,
    describe,
    difference,
    is_arrangement,
    is_of_takes,
    merged,
    tell_order,
    write_back,
)

ORDERS = st.lists(st.sampled_from("abcdef"), min_size=1, unique=True)
FIELDS = ("clip/a/text", "clip/b/text", "transition", "scene/s/title")
STATES = st.builds(
    lambda order, values: {ORDER: order, **dict(zip(FIELDS, values, strict=True))},
    ORDERS,
    st.lists(st.integers(0, 2), min_size=len(FIELDS), max_size=len(FIELDS)),
)


@given(STATES, STATES)
def test_a_difference_leads_from_either_state_to_the_other(first: dict[str, Any], second: dict[str, Any]) -> None:
    was, now = difference(first, second)
    assert {**second, **write_back(was, expected=now, present=second, doing="undone")} == first
    assert {**first, **write_back(now, expected=was, present=first, doing="done again")} == second


@given(STATES, STATES, STATES)
def test_two_differences_make_one(first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]) -> None:
    assert merged(difference(first, second), difference(second, third)) == difference(first, third)


@given(STATES, STATES, st.sampled_from(FIELDS))
def test_nothing_is_written_back_over_a_later_change(first: dict[str, Any], second: dict[str, Any], name: str) -> None:
    was, now = difference(first, second)
    present = {**second, name: "changed since"}
    if name not in now:
        assert name not in write_back(was, expected=now, present=present, doing="undone")
        return
    with pytest.raises(Conflict, match=r"cannot be undone any more: .* changed since\. Nothing was changed"):
        write_back(was, expected=now, present=present, doing="undone")


@given(ORDERS, ORDERS, st.lists(st.sampled_from("uvw"), unique=True), st.data())
def test_clips_an_edit_does_not_know_of_stay_behind_the_same_one(
    first: list[str], second: list[str], strangers: list[str], data: st.DataObject
) -> None:
    present = list(second)
    for stranger in strangers:
        present.insert(data.draw(st.integers(0, len(present))), stranger)
    back = write_back({ORDER: first}, expected={ORDER: second}, present={ORDER: present}, doing="undone")[ORDER]
    assert [clip for clip in back if clip not in strangers] == first
    assert sorted(back) == sorted({*first, *strangers})
    for place, clip in enumerate(present[1:], start=1):
        if clip in strangers and present[place - 1] in back:
            assert back[back.index(clip) - 1] == present[place - 1]


def test_what_differs_is_told_for_people() -> None:
    state = {ORDER: ["x", "y"]}
    assert describe(["clip/y/text", "clip/y/words", "clip/y/seconds"], state) == "the words of clip 2"
    assert describe(["clip/x/seconds", "clip/x/prompt"], state) == "the length and the prompt of clip 1"
    assert describe(["clip/z/model"], state) == "the model of a clip that was taken out"
    assert describe([ORDER, "transition"], state) == "the order of the clips and the transition"
    assert describe(["script", "brief/style", "brief/tone"], {}) == "the script, the style and the brief"
    assert describe(["name", "settings/seed", "settings/size"], {}) == "the name and the settings"
    many = describe([f"clip/{clip}/text" for clip in "abcdef"], {ORDER: list("abcdef")})
    assert many == "the words of clip 1, the words of clip 2 and 4 more"


def test_a_move_is_told_with_both_places_when_one_clip_was_moved() -> None:
    assert tell_order(["a", "b", "c"], ["c", "a", "b"]) == "Moved clip 3 to place 1"
    assert tell_order(["a", "b", "c", "d"], ["d", "c", "b", "a"]) == "Moved clips"


def test_order_and_transition_leave_takes_as_they_are() -> None:
    assert [name for name in ("clip/a/text", "clip/a/transition", "clip/a/scene_id", ORDER) if is_of_takes(name)] == [
        "clip/a/text"
    ]


@pytest.mark.parametrize(
    ("before", "after", "is_it"),
    [
        ({ORDER: ["a", "b"]}, {ORDER: ["b", "a"]}, True),
        ({ORDER: ["a", "b"], "clip/a/scene_id": "s"}, {ORDER: ["b", "a"], "clip/a/scene_id": "t"}, True),
        ({ORDER: ["a", "b"]}, {ORDER: ["a"]}, False),
        ({ORDER: ["a"]}, {ORDER: ["b"]}, False),
        ({"clip/a/text": "x"}, {"clip/a/text": "y"}, False),
        ({"scene/s/title": "x"}, {"scene/s/title": "y"}, False),
        ({"script": "x"}, {"script": "y"}, False),
    ],
)
def test_an_arrangement_is_of_the_same_clips(before: dict[str, Any], after: dict[str, Any], is_it: bool) -> None:
    assert is_arrangement(before, after) is is_it
