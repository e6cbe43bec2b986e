"""Control on screen: a second click buys nothing, a clip is changed in its place, a halted plan says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.models import ClipRow, PlanRow
from orchestrator.db.records import fetch
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.project import OnFailed
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus
from tests.fakes.swift import House, open_house
from tests.ui.conftest import SCRIPT, SMALL, OpenPage, button, field, fill, press, submit, words


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Clips that are made when told, and never before."""
    with open_house(tmp_path, video_provider="obedient") as house:
        house.provider.held.add("")
        bootstrap.use(house.app)
        yield house
        bootstrap.use(None)


def planned(app: App) -> tuple[str, str]:
    project_id = app.service.create_project(name="Lamp", settings=SMALL)
    return project_id, app.service.create_plan(project_id, script=SCRIPT, brief=ContentBrief())


def test_one_clip_is_paid_when_generate_is_pressed_again_before_it_is_there(house: House, open_page: OpenPage) -> None:
    page = fill(open_page("single_gen.py"), "Prompt", "A quay at night")
    page = press(page, "Generate")
    page = press(page, "Generate")
    assert len(house.app.views.history()) == 1
    page = press(fill(page, "Prompt", "A quay at noon"), "Generate")
    assert len(house.app.views.history()) == 2, "another wish is another clip"
    house.provider.held.clear()
    deadline_id = house.app.views.history()[0].clip_plan_id
    house.wait(deadline_id)
    press(page.run(), "Generate")
    assert len(house.app.views.history()) == 3, "once a clip is there, the same wish is a new one"


def test_a_clip_is_changed_and_shown_so_when_the_form_is_saved(app: App, open_page: OpenPage) -> None:
    project_id, plan_id = planned(app)
    clip = app.views.plan(plan_id).clips[1]
    page = open_page(project=project_id, clip=clip.id)
    page = submit(page, "Save", What_is_said="Nobody waits beside the water any more.", What_is_seen="An empty quay")
    changed = app.views.plan(plan_id).clips[1]
    assert (changed.text, changed.visual_intent) == ("Nobody waits beside the water any more.", "An empty quay")
    assert "An empty quay" in words(page)
    assert field(page, "What is said").value == changed.text  # type: ignore[attr-defined]


def test_what_was_typed_stays_and_the_reason_is_said_when_a_change_does_not_fit(app: App, open_page: OpenPage) -> None:
    project_id, plan_id = planned(app)
    clip = app.views.plan(plan_id).clips[0]
    page = open_page(project=project_id, clip=clip.id)
    page = submit(page, "Save", What_is_said="word " * 31)
    assert "holds 30 at 150 words per minute" in words(page)
    assert field(page, "What is said").value.startswith("word word")  # type: ignore[attr-defined]
    assert app.views.plan(plan_id).clips[0] == clip


def test_no_form_is_offered_when_the_clip_has_an_accepted_take(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    first, second = app.views.plan(app.views.project(project_id).clip_plan_id).clips
    page = open_page(project=project_id, clip=first.id)
    page.session_state["clip-panel-made"] = "Words"
    assert "Reject it first" in words(page.run())
    assert "What is said" not in [item.label for item in page.text_area]
    assert second.is_editable == (second.status is ClipStatus.FAILED)


def test_a_halted_plan_says_why_and_goes_on_with_its_failed_clip(app: App, open_page: OpenPage) -> None:
    project_id, plan_id = planned(app)
    with app.database.write() as session:
        plan = fetch(session, PlanRow, plan_id)
        plan.status, plan.pause_cause = PlanStatus.PAUSED, PauseCause.FAILED_CLIP
        plan.reason = "Clip 1 failed: It broke."
        clip = fetch(session, ClipRow, plan.clips[0].id)
        clip.status, clip.reason = ClipStatus.FAILED, "It broke."
    page = open_page(project=project_id)
    assert "0 of 2 clips passed · 1 failed · paused**" in words(page)
    assert "Clip 1: It broke." in words(page)
    assert button(page, "Resume") is not None
    press(page, "Retry failed and go on")
    plan = app.views.plan(plan_id)
    assert (plan.status, plan.failed, plan.pause_cause) == (PlanStatus.RUNNING, 0, None)


def test_what_follows_a_failed_clip_is_kept_with_the_settings(app: App, open_page: OpenPage) -> None:
    project_id = app.service.create_project(name="Lamp", settings=SMALL)
    fill(open_page(project=project_id, step="plan"), "When a clip fails for good", OnFailed.HALT)
    assert app.views.project(project_id).settings.on_failed is OnFailed.HALT
