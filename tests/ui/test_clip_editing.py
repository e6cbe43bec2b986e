"""The chosen clip on the storyboard: cut, joined, moved, made elsewhere, and every change taken back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from orchestrator.bootstrap import App
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import PlanConstraints
from orchestrator.schema.edits import EditEntry, EditHistory
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ClipView
from pages.components.shared import exports_menu
from pages.components.shared.scene_choice import moved_to
from pages.components.storyboard import undo_bar
from pages.components.storyboard.clip_cutting import halves
from tests.ui.conftest import SCRIPT, SMALL, OpenPage, button, field, fill, press, submit, words

Planned = tuple[str, str]


@pytest.fixture
def planned(app: App) -> Planned:
    """(project id, plan id) of two clips in two scenes that nothing was made of yet."""
    project_id = app.service.create_project(name="Lamp", settings=SMALL)
    return project_id, app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief())


def open_panel(open_page: OpenPage, name: str, **query: str) -> AppTest:
    page = open_page(**query)
    page.session_state["clip-panel-planned"] = name
    return page.run()


def clips(app: App, planned: Planned) -> tuple[ClipView, ...]:
    return app.views.plan(planned[1]).clips


# --- the cut ---


def test_a_clip_is_split_at_the_chosen_word_and_the_change_taken_back(
    app: App, planned: Planned, open_page: OpenPage
) -> None:
    before = clips(app, planned)
    page = open_panel(open_page, "Cut", project=planned[0], clip=before[0].id)
    page = fill(page, "Words that stay in this clip", 2)
    assert {"The lamp", "is lit before dawn."} <= {item.value for item in page.text}
    page = press(page, "Split here")
    assert [clip.text for clip in clips(app, planned)[:2]] == ["The lamp", "is lit before dawn."]
    page = press(page, "Undo")
    assert clips(app, planned) == before
    press(page, "Redo")
    assert len(clips(app, planned)) == 3


def test_neighbours_are_merged_and_one_is_duplicated(app: App, planned: Planned, open_page: OpenPage) -> None:
    first, second = clips(app, planned)
    page = press(open_panel(open_page, "Cut", project=planned[0], clip=first.id), "Duplicate")
    assert [clip.text for clip in clips(app, planned)] == [first.text, first.text, second.text]
    press(page, "Merge with clip 3")
    assert [clip.text for clip in clips(app, planned)] == [first.text, f"{first.text} {second.text}"]


def test_a_removed_clip_comes_back_from_the_bar(app: App, planned: Planned, open_page: OpenPage) -> None:
    before = clips(app, planned)
    page = press(open_panel(open_page, "Cut", project=planned[0], clip=before[1].id), "Remove")
    assert [clip.id for clip in clips(app, planned)] == [before[0].id]
    (bar,) = [item for item in page.button if (item.key or "").startswith("edits-bar-undo")]
    page = bar.click().run()
    assert clips(app, planned) == before
    assert "not part of this film" not in words(page)


def test_the_bar_goes_when_it_is_dismissed(app: App, planned: Planned, open_page: OpenPage) -> None:
    app.service.remove_clips((clips(app, planned)[1].id,))
    page = open_page(project=planned[0])
    page = press(page, "Dismiss")
    assert "Dismiss" not in [item.label for item in page.button]
    assert not button(page, "Undo").disabled  # type: ignore[attr-defined]


def test_a_transition_of_its_own_is_kept_and_given_back_to_the_plan(
    app: App, planned: Planned, open_page: OpenPage
) -> None:
    first = clips(app, planned)[0]
    page = open_panel(open_page, "Cut", project=planned[0], clip=first.id)
    page = fill(page, "Transition to the next clip", TransitionKind.WIPE)
    assert clips(app, planned)[0].transition == Transition(kind=TransitionKind.WIPE, seconds=0.5)
    page = fill(page, "Transition length (s)", 1.2)
    assert clips(app, planned)[0].transition.seconds == 1.2
    fill(page, "Transition to the next clip", "plan")
    assert not clips(app, planned)[0].has_own_transition


def test_a_clip_moves_later_into_the_next_scene(app: App, planned: Planned, open_page: OpenPage) -> None:
    first, second = clips(app, planned)
    page = open_page(project=planned[0], clip=first.id)
    assert button(page, "Move earlier").disabled  # type: ignore[attr-defined]
    press(page, "Move later")
    assert [(clip.id, clip.scene_id) for clip in clips(app, planned)] == [
        (first.id, second.scene_id),
        (second.id, second.scene_id),
    ]


# --- how it is made ---


def test_a_prompt_of_its_own_is_kept_until_the_crafted_one_is_wanted_back(
    app: App, planned: Planned, open_page: OpenPage
) -> None:
    first = clips(app, planned)[0]
    page = open_panel(open_page, "Making", project=planned[0], clip=first.id)
    crafted = field(page, "Prompt, as crafted from the plan").value  # type: ignore[attr-defined]
    assert crafted == app.views.crafted_prompt(first.id)
    field(page, "Prompt, as crafted from the plan").set_value("A lamp. <b>Nothing</b> else.")  # type: ignore[attr-defined]
    page = press(page, "Use this prompt")
    assert clips(app, planned)[0].own_prompt == "A lamp. <b>Nothing</b> else."
    assert crafted in [item.value for item in page.code]
    press(page, "Back to the crafted prompt")
    assert clips(app, planned)[0].own_prompt == ""


def test_a_clip_is_asked_of_the_providers_that_are_set_up(app: App, planned: Planned, open_page: OpenPage) -> None:
    first = clips(app, planned)[0]
    page = open_panel(open_page, "Making", project=planned[0], clip=first.id)
    assert field(page, "Made by").options == ["As the plan", "Mock (free animatic)"]  # type: ignore[attr-defined]
    assert button(page, "Make it as the plan says").disabled  # type: ignore[attr-defined]
    page = press(fill(page, "Made by", "mock"), "Make it there")
    assert not page.error
    assert clips(app, planned)[0].provider == "mock"


# --- several at once ---


def test_several_clips_are_removed_at_once_and_brought_back(app: App, planned: Planned, open_page: OpenPage) -> None:
    app.service.duplicate_clip(clips(app, planned)[0].id)
    before = clips(app, planned)
    page = open_page(project=planned[0], clip=",".join(clip.id for clip in before[:2]))
    assert "2 clips selected" in [item.value for item in page.header]
    page = press(page, "Remove 2 clips")
    assert [clip.id for clip in clips(app, planned)] == [before[2].id]
    press(page, "Undo")
    assert clips(app, planned) == before


def test_only_neighbours_are_offered_to_be_merged(app: App, planned: Planned, open_page: OpenPage) -> None:
    app.service.duplicate_clip(clips(app, planned)[0].id)
    first, second, third = clips(app, planned)
    apart = open_page(project=planned[0], clip=f"{first.id},{third.id}")
    assert "Merge into one" not in [item.label for item in apart.button]
    press(open_page(project=planned[0], clip=f"{first.id},{second.id}"), "Merge into one")
    assert len(clips(app, planned)) == 2


def test_a_transition_is_set_after_each_of_several(app: App, planned: Planned, open_page: OpenPage) -> None:
    ids = ",".join(clip.id for clip in clips(app, planned))
    page = open_page(project=planned[0], clip=ids)
    field(page, "Transition after each").set_value(TransitionKind.CROSSFADE)  # type: ignore[attr-defined]
    submit(page, "Set")
    assert {clip.transition.kind for clip in clips(app, planned)} == {TransitionKind.CROSSFADE}


# --- pure ---


@given(st.lists(st.text("abc", min_size=1, max_size=5), min_size=2, max_size=40), st.data())
def test_two_halves_say_every_word_once(said: list[str], data: st.DataObject) -> None:
    at_word = data.draw(st.integers(1, len(said) - 1))
    constraints = PlanConstraints(durations_seconds=(4, 8, 12))
    first, second = halves(" ".join(said), at_word, constraints)
    assert f"{first.text} {second.text}".split() == said
    assert (first.words, second.words) == (at_word, len(said) - at_word)
    for half in (first, second):
        assert half.words <= constraints.max_words(half.seconds) or half.seconds == 12


def test_clips_moved_to_a_scene_stand_at_its_end_in_their_order() -> None:
    current = (("one", ("a", "b")), ("two", ("c", "d")))
    assert moved_to(current, ["d", "a"], "two") == (("one", ("b",)), ("two", ("c", "a", "d")))
    assert moved_to(current, ["a"], "new") == (("one", ("b",)), ("two", ("c", "d")), ("new", ("a",)))


def test_the_bar_offers_only_the_last_change_of_the_plan_and_not_for_ever() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    entry = EditEntry(id="e", kind="plan", label="Removed clip 2", by="", at=now)
    history = EditHistory(undo_label=entry.label, undo_id="e", entries=(entry,))
    assert undo_bar.offered(history, dismissed="", now=now) == entry
    assert undo_bar.offered(history, dismissed="e", now=now) is None
    assert undo_bar.offered(history, dismissed="", now=now + timedelta(minutes=11)) is None
    typed = history.model_copy(update={"entries": (entry.model_copy(update={"kind": "draft"}),)})
    assert undo_bar.offered(typed, dismissed="", now=now) is None


def test_everything_that_can_be_taken_along_is_a_link(app: App, planned: Planned) -> None:
    plan = app.views.plan(planned[1])
    menu = exports_menu.menu(plan)
    assert "not rendered yet" in menu
    for name in ("otio", "fcpxml", "fcp7xml", "edl", "srt", "vtt", "json", "package"):
        assert f"/api/v1/video/clip-plans/{plan.id}/export?format={name}" in menu
