"""Rearranging clips as plain Python: what the timeline and the scene board in the browser may ask for."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from orchestrator.schema.status import ClipStatus
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ClipView, PlanView, SceneView
from pages.components.storyboard import scene_board
from pages.components.storyboard.timeline import Arrangement, arrangement, describe, move_clip, new_arrangement
from pages.components.storyboard.timeline.arrangement import as_arrangement
from tests.ui.cases import plan_view


def make_clip(position: int, *, scene: int, **given: object) -> ClipView:
    facts = {
        "id": f"clip-{position}",
        "position": position,
        "scene_id": f"scene-{scene}",
        "scene_position": scene,
        "scene_title": f"Title {scene}",
        "text": "The lamp is lit before dawn.",
        "words": 6,
        "seconds": 4,
        "visual_intent": "A lamp.",
        "acceptance": (),
        "status": ClipStatus.PENDING,
        "status_text": "Waiting",
        "max_attempts": 3,
    }
    return ClipView.model_validate(facts | given)


def make_plan(*scenes: int, clips: tuple[ClipView, ...] = ()) -> PlanView:
    """A plan whose scene n, from 1 on, has so many clips; or with these ``clips``."""
    made = clips or tuple(
        make_clip(position, scene=scene)
        for position, scene in enumerate((s for s, n in enumerate(scenes, 1) for _ in range(n)), 1)
    )
    return plan_view(
        clips=made,
        scenes=tuple(SceneView(id=f"scene-{n}", position=n, title=f"Title {n}") for n in range(1, len(scenes) + 1)),
        total_seconds=sum(clip.seconds for clip in made),
    )


@st.composite
def arrangements(draw: st.DrawFn) -> Arrangement:
    sizes = draw(st.lists(st.integers(0, 4), min_size=1, max_size=4).filter(any))
    return arrangement(make_plan(*sizes))


@st.composite
def rearranged(draw: st.DrawFn, current: Arrangement) -> list[list[object]]:
    """The same clips shuffled over the same scenes, as JSON brings it."""
    clips = draw(st.permutations([clip for _, ids in current for clip in ids]))
    cuts = sorted(draw(st.lists(st.integers(0, len(clips)), min_size=len(current) - 1, max_size=len(current) - 1)))
    ends = [0, *cuts, len(clips)]
    return [[scene, list(clips[ends[i] : ends[i + 1]])] for i, (scene, _) in enumerate(current)]


@given(st.data())
def test_every_shuffle_of_the_clips_over_the_scenes_is_an_arrangement(data: st.DataObject) -> None:
    current = data.draw(arrangements())
    wanted = data.draw(rearranged(current))
    expected = tuple((scene, tuple(clips)) for scene, clips in wanted)  # type: ignore[arg-type]
    assert as_arrangement(current, wanted) == expected
    assert new_arrangement(current, wanted) == (None if expected == current else expected)


@given(st.data())
def test_an_arrangement_is_refused_when_a_clip_is_missing_twice_there_or_foreign(data: st.DataObject) -> None:
    current = data.draw(arrangements())
    wanted = data.draw(rearranged(current))
    clips = next(ids for _, ids in wanted if ids)
    assert isinstance(clips, list)
    match data.draw(st.sampled_from(("missing", "twice", "foreign"))):
        case "missing":
            clips.pop()
        case "twice":
            clips.append(clips[0])
        case _:
            clips[0] = "another"
    assert new_arrangement(current, wanted) is None


NO_ARRANGEMENTS: list[object] = [
    *(None, "ab", 7, {}, []),
    *([["scene-1"]], [["scene-1", "clip-1"]], [[1, ["clip-1"]]], [["scene-1", [1]]]),
    [["scene-9", ["clip-1", "clip-2", "clip-3"]]],
    [["scene-1", ["clip-1"]], ["scene-1", ["clip-2", "clip-3"]]],
]


@pytest.mark.parametrize("wanted", NO_ARRANGEMENTS)
def test_an_arrangement_is_refused_when_it_is_of_another_form_or_of_other_scenes(wanted: object) -> None:
    assert new_arrangement(arrangement(make_plan(2, 1)), wanted) is None


def test_a_scene_that_is_not_named_is_left_without_clips() -> None:
    wanted = [["scene-2", ["clip-3", "clip-1", "clip-2"]]]
    assert new_arrangement(arrangement(make_plan(2, 1)), wanted) == (
        ("scene-2", ("clip-3", "clip-1", "clip-2")),
        ("scene-1", ()),
    )


@given(st.data(), st.integers(-8, 8))
def test_a_moved_clip_goes_step_by_step_and_the_others_stay_in_order(data: st.DataObject, by: int) -> None:
    current = data.draw(arrangements())
    clip = data.draw(st.sampled_from([clip for _, ids in current for clip in ids]))
    moved = move_clip(current, clip, by=by)
    stepwise = current
    for _ in range(abs(by)):
        stepwise = move_clip(stepwise, clip, by=1 if by > 0 else -1) or stepwise
    assert (moved or current) == stepwise
    assert [c for _, ids in stepwise for c in ids if c != clip] == [c for _, ids in current for c in ids if c != clip]


def test_a_clip_moved_past_the_end_of_its_scene_begins_the_next() -> None:
    moved = move_clip(arrangement(make_plan(2, 1)), "clip-2", by=1)
    assert moved == (("scene-1", ("clip-1",)), ("scene-2", ("clip-2", "clip-3")))


def test_nothing_moves_when_the_clip_is_gone() -> None:
    assert move_clip((("scene-1", ("a", "b")),), "x", by=1) is None


# --- what is drawn ---


def test_a_scene_without_clips_is_drawn_at_its_place() -> None:
    groups = describe(make_plan(1, 0, 1), selected=())["groups"]
    assert [(group["id"], len(group["clips"])) for group in groups] == [("scene-1", 1), ("scene-2", 0), ("scene-3", 1)]


def test_groups_follow_the_film_when_a_scene_is_split_by_another() -> None:
    clips = tuple(make_clip(n, scene=scene) for n, scene in enumerate((1, 2, 1), 1))
    groups = describe(make_plan(2, 1, clips=clips), selected=())["groups"]
    assert [clip["id"] for group in groups for clip in group["clips"]] == ["clip-1", "clip-2", "clip-3"]
    assert [group["id"] for group in groups] == ["scene-1", "scene-2", "scene-1"]


def test_a_clip_says_what_sets_it_apart_and_nothing_else() -> None:
    fade = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)
    plain = make_clip(1, scene=1)
    special = make_clip(
        2,
        scene=1,
        status=ClipStatus.GENERATING,
        progress=0.25,
        own_prompt="A harbour",
        own_provider="mock",
        transition=fade,
        has_own_transition=True,
        animatic_url="/api/v1/media/a",
    )
    drawn = describe(make_plan(2, clips=(plain, special)), selected=("clip-2",))
    first, second = drawn["groups"][0]["clips"]
    assert drawn["joint"] == {"kind": "cut", "seconds": 0.0}
    assert set(first) == {"id", "seconds", "status", "text"}
    assert second["ownJoint"] == {"kind": "crossfade", "seconds": 0.5}
    assert (second["progress"], second["ownPrompt"], second["ownProvider"]) == (0.25, True, "mock")
    assert second["poster"].startswith("/api/v1/media/a/still")


def test_describing_the_longest_film_is_quick_and_small() -> None:
    plan = make_plan(*[4] * 18, 3)
    assert len(plan.clips) == 75
    took = []
    for _ in range(5):
        started = time.process_time()
        json.dumps(describe(plan, selected=()))
        took.append(time.process_time() - started)
    assert min(took) < 0.02  # about a millisecond at rest
    assert len(json.dumps(describe(plan, selected=()))) < 20_000


# --- the scene board ---


def test_the_board_reads_back_what_it_shows_when_texts_are_alike() -> None:
    plan = make_plan(2, 1, 0)
    columns = scene_board.board(plan)
    assert len({card for column in columns for card in column["items"]}) == 3
    assert scene_board.read(plan, columns) is None
    columns[2]["items"].append(columns[0]["items"].pop(0))
    assert scene_board.read(plan, columns) == (
        ("scene-1", ("clip-2",)),
        ("scene-2", ("clip-3",)),
        ("scene-3", ("clip-1",)),
    )


def test_the_board_changes_nothing_when_its_clips_are_no_longer_these() -> None:
    stale = scene_board.board(make_plan(2, 1))
    assert scene_board.read(make_plan(2, 2), stale) is None


def _draw_both() -> None:
    import streamlit as st

    from pages.components.storyboard import scene_board, timeline
    from tests.ui.test_timeline import make_plan

    def refuse(*given: object) -> None:
        raise AssertionError(given)

    plan = make_plan(2, 1, 0)
    timeline.show(plan, selected=("clip-2", "gone"), key="timeline", on_select=refuse, on_arrange=refuse)
    scene_board.show(plan, key="board", on_arrange=refuse)
    st.caption("drawn")


def test_drawing_alone_moves_nothing() -> None:
    page = AppTest.from_function(_draw_both, default_timeout=30).run()
    assert not page.exception
    assert page.caption[-1].value == "drawn"
    assert not page.run().exception
