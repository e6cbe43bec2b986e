"""The storyboard page against the real service."""

from __future__ import annotations

import pytest

from orchestrator.bootstrap import App
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.status import ClipStatus, PlanStatus
from tests.ui.conftest import SCRIPT, SMALL, OpenPage, button, field, fill, press, submit, words


@pytest.fixture
def project(app: App) -> str:
    return app.service.create_project(name="Lamp", settings=SMALL)


def test_a_first_visitor_is_offered_the_sample(app: App, open_page: OpenPage) -> None:
    page = press(open_page(), "Start with the sample script")
    assert field(page, "Script").value == app.service.sample_script()  # type: ignore[attr-defined]
    assert page.query_params["project"] == app.views.projects()[0].id


def test_a_new_project_is_opened_when_it_is_created(app: App, open_page: OpenPage) -> None:
    page = submit(open_page(), "Create project", Name="Harbour")
    assert "Harbour" in words(page)
    assert [item.name for item in app.views.projects()] == ["Harbour"]


def test_words_are_counted_while_a_script_grows(app: App, project: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project), "Script", SCRIPT)
    assert "**11 words**" in words(page)
    assert "**2 clips**" in words(page)


def test_brief_and_script_are_found_again_in_another_tab(app: App, project: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project), "Tone", "warm")
    fill(page, "Script", SCRIPT)
    other = open_page(project=project)
    assert field(other, "Script").value == SCRIPT  # type: ignore[attr-defined]
    assert field(other, "Tone").value == "warm"  # type: ignore[attr-defined]


def test_settings_are_kept_when_they_are_changed(app: App, project: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project), "Pace (words per minute)", 120)
    page = fill(page, "Budget (US dollars)", 12.5)
    fill(page, "Seed", 7)
    settings = app.views.project(project).settings
    assert (settings.words_per_minute, settings.budget_usd, settings.seed, settings.size) == (120, 12.5, 7, "320x180")


def test_settings_of_another_tab_stay_when_nothing_is_changed_here(app: App, project: str, open_page: OpenPage) -> None:
    page = open_page(project=project)
    app.service.update_project(project, settings=SMALL.model_copy(update={"seed": 99}))
    page.run()
    assert app.views.project(project).settings.seed == 99


def test_a_plan_goes_through_its_life_when_the_buttons_are_pressed(app: App, project: str, open_page: OpenPage) -> None:
    page = press(fill(open_page(project=project), "Script", SCRIPT), "Generate Clip Plan")
    plan_id = app.views.project(project).clip_plan_id
    assert "0 of 2 clips passed" in words(page)
    assert "Free · 2 clips" in words(page)
    page = press(page, "Start generation")
    assert app.views.plan(plan_id).status is PlanStatus.RUNNING
    page = press(page, "Pause")
    assert app.views.plan(plan_id).status is PlanStatus.PAUSED
    page = press(page, "Resume")
    assert app.views.plan(plan_id).status is PlanStatus.RUNNING
    page = press(page, "Cancel")
    assert app.views.plan(plan_id).status is PlanStatus.CANCELLED
    assert "cancelled" in words(page)


def test_the_plan_cannot_be_replaced_while_it_runs(app: App, project: str, open_page: OpenPage) -> None:
    plan_id = app.service.create_plan(project, script=SCRIPT, brief=ContentBrief())
    app.service.start_plan(plan_id)
    page = open_page(project=project)
    assert button(page, "Generate Clip Plan again").disabled  # type: ignore[attr-defined]


def test_a_message_is_shown_when_the_script_is_empty(app: App, project: str, open_page: OpenPage) -> None:
    page = press(open_page(project=project), "Generate Clip Plan")
    assert "no words to speak" in words(page)
    assert app.views.project(project).clip_plan_id == ""


def test_a_message_is_shown_when_the_project_is_unknown(app: App, project: str, open_page: OpenPage) -> None:
    page = open_page(project="00000000-dead-beef")
    assert "no project with that id" in words(page)


@pytest.mark.parametrize(
    "script",
    [
        "🚀 Launch day! 👩‍🚀🎬 We go up.",
        "مرحبا بكم في فيلمنا القصير. هذه هي البداية.",
        "<script>alert(1)</script> **bold** $x$ [link](javascript:alert(1)) :red[x]",
        "zero\x00byte and \u202eright to left\u202c over",
        "word " * 100_000,
        "x" * 10_000_000,
    ],
    ids=["emoji", "rtl", "markup", "control", "half-megabyte", "ten-megabytes"],
)
def test_hostile_scripts_end_in_a_plan_or_a_message(app: App, project: str, script: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project), "Script", script)
    words(page)
    page = press(page, "Generate Clip Plan")
    shown = words(page)
    has_plan = bool(app.views.project(project).clip_plan_id)
    assert has_plan != bool(page.error), shown
    assert "Something went wrong" not in shown


def test_a_failed_clip_says_why_and_can_be_approved_with_a_reason(made: tuple[App, str], open_page: OpenPage) -> None:
    app, project_id = made
    plan = app.views.plan(app.views.project(project_id).clip_plan_id)
    failed = plan.clips[1]
    assert failed.status is ClipStatus.FAILED
    page = open_page(project=project_id, clip=failed.id)
    assert "1 of 2 clips passed" in words(page)
    assert "silent" in words(page)
    assert [item.label for item in page.button if item.label in ("Retry failed", "Render film")] == [
        "Retry failed",
        "Render film",
    ]
    page = press(page, "Approve")
    assert "Give a reason" in words(page)
    assert app.views.plan(plan.id).clips[1].status is ClipStatus.FAILED
    page = submit(page, "Approve", Your_reason="Silence is meant here")
    assert app.views.plan(plan.id).clips[1].status is ClipStatus.PASSED
    words(page)
