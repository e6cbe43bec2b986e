"""Two people at the same thing: what each changed is kept, and nothing is written over unseen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.journal import ORDER, basis, combine, unseen

NAMES = ("script", "brief/tone", "clip/a/text", "scene/s/title")
ORDERS = st.lists(st.sampled_from("abcdef"), min_size=1, unique=True)
# who, whether they look first, and what they make of which names
STEPS = st.lists(
    st.tuples(st.integers(0, 1), st.booleans(), st.dictionaries(st.sampled_from(NAMES), st.integers(0, 3), min_size=1)),
    max_size=30,
)


@dataclass
class Person:
    """``seen`` is what stands on their screen."""

    seen: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))


@given(STEPS)
def test_no_change_is_lost_without_somebody_being_told(steps: list[tuple[int, bool, dict[str, int]]]) -> None:
    people, present = [Person(), Person()], dict.fromkeys(NAMES, 0)
    for who, is_looking, changes in steps:
        person = people[who]
        if is_looking:
            person.seen = dict(present)
        wanted = {**person.seen, **changes}  # their whole screen is sent, as forms are
        values, clashing = combine(wanted, seen=person.seen, present=present)
        for name in NAMES:
            is_mine, is_theirs = wanted[name] != person.seen[name], present[name] != person.seen[name]
            is_clash = is_mine and is_theirs and wanted[name] != present[name]
            assert (name in clashing) is is_clash
            if not is_clash:
                assert values[name] == (wanted[name] if is_mine else present[name])
        if clashing:
            assert set(unseen(present, wanted, seen=person.seen)) >= set(clashing)
            continue  # they are told, and nothing was written
        assert not unseen(present, values, seen=person.seen)
        present = values
        person.seen = dict(present)


@given(ORDERS, st.data())
def test_orders_are_combined_where_clips_only_came_or_went(seen: list[str], data: st.DataObject) -> None:
    wanted = data.draw(st.permutations(seen))
    present = [clip for clip in seen if data.draw(st.booleans())] or list(seen)
    for stranger in data.draw(st.lists(st.sampled_from("uvw"), unique=True)):
        present.insert(data.draw(st.integers(0, len(present))), stranger)
    values, clashing = combine({ORDER: wanted}, seen={ORDER: seen}, present={ORDER: present})
    assert not clashing
    assert sorted(values[ORDER]) == sorted(present)  # nobody's clip is lost, and none comes back
    if wanted != seen:
        assert [c for c in values[ORDER] if c in seen] == [c for c in wanted if c in present]
    else:
        assert values[ORDER] == present


@given(ORDERS, st.data())
def test_two_who_move_clips_differently_are_told(seen: list[str], data: st.DataObject) -> None:
    mine, theirs = data.draw(st.permutations(seen)), data.draw(st.permutations(seen))
    values, clashing = combine({ORDER: mine}, seen={ORDER: seen}, present={ORDER: theirs})
    assert clashing == ((ORDER,) if len({tuple(seen), tuple(mine), tuple(theirs)}) == 3 else ())
    if not clashing:
        assert values[ORDER] == (theirs if mine == seen else mine)


def test_a_style_is_changed_by_two_people_in_different_fields() -> None:
    seen = {"brief/style": {"palette": "blue", "mood": "calm", "rules": ["one"]}}
    mine = {"brief/style": {"palette": "red", "mood": "calm", "rules": ("one",)}}
    theirs = {"brief/style": {"palette": "blue", "mood": "loud", "rules": ["one", "two"], "picture": "p"}}
    assert combine(mine, seen=seen, present=theirs) == (
        {"brief/style": {"palette": "red", "mood": "loud", "rules": ["one", "two"], "picture": "p"}},
        (),
    )
    clash = {"brief/style": {"palette": "green", "mood": "calm", "rules": ["one"]}}
    assert combine(mine, seen=seen, present=clash)[1] == ("brief/style",)


def test_a_cast_is_changed_by_two_people_unless_it_became_another_one() -> None:
    def cast(*people: tuple[str, str, str]) -> dict[str, Any]:
        return {"brief/characters": [{"name": n, "voice": v, "wardrobe": w} for n, v, w in people]}

    seen, mine = cast(("Mara", "", ""), ("Jon", "", "")), cast(("Mara", "low", ""), ("Jon", "", ""))
    theirs = cast(("Mara", "", "coat"), ("Jon", "high", ""))
    both = cast(("Mara", "low", "coat"), ("Jon", "high", ""))
    assert combine(mine, seen=seen, present=theirs) == (both, ())
    moved = cast(("Jon", "", ""), ("Mara", "", ""))
    assert combine(mine, seen=seen, present=moved)[1] == ("brief/characters",)
    assert combine(seen, seen=seen, present=moved) == (moved, ())


def test_a_clip_that_goes_takes_its_fields_along() -> None:
    before = {ORDER: ["a", "b"], "clip/a/text": "new", "clip/b/text": "same"}
    seen = {"clip/a/text": "old", "clip/b/text": "same"}
    assert unseen(before, {**before, ORDER: ["b"]}, seen=seen) == ("clip/a/text",)
    assert unseen(before, {**before, ORDER: ["a"]}, seen=seen) == ()
    assert unseen(before, {**before, "clip/b/text": "mine"}, seen=seen) == ()


def test_a_move_is_made_of_the_newest_order_that_the_present_one_comes_from() -> None:
    first, second = ["a", "b", "c"], ["b", "a", "c"]
    assert basis([first, second], second) == second
    assert basis([first, second], first) == first  # the first move never arrived
    assert basis([first, second], ["b", "new", "a"]) == second
    assert basis([first, second], ["c", "b", "a"]) == first
