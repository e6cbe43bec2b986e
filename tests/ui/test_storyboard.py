"""The storyboard page against the real service."""

from __future__ import annotations

import pytest

from orchestrator.bootstrap import App
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.status import ClipStatus, PlanStatus
from orchestrator.schema.view import ProjectDetail
from pages.components.storyboard import steps
from pages.components.storyboard.steps import Step
from tests.ui.conftest import SCRIPT, SMALL, OpenPage, button, field, fill, press, submit, words


@pytest.fixture
def project(app: App) -> str:
    return app.service.create_project(name="Lamp", settings=SMALL)


def test_a_first_visitor_gets_the_sample_film_with_one_press(app: App, open_page: OpenPage) -> None:
    page = press(open_page(), "Make the sample film")
    (made,) = app.views.projects()
    assert page.query_params["project"] == made.id
    assert app.views.plan(made.clip_plan_id).status is PlanStatus.RUNNING
    assert "clips passed" in words(page)


def test_a_new_project_is_opened_at_its_brief_when_it_is_created(app: App, open_page: OpenPage) -> None:
    page = submit(open_page(), "Create project", Name="Harbour")
    assert field(page, "Project name").value == "Harbour"  # type: ignore[attr-defined]
    assert field(page, "Objective").value == ""  # type: ignore[attr-defined]
    assert [item.name for item in app.views.projects()] == ["Harbour"]


def test_the_name_is_kept_when_it_is_written_over(app: App, project: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project), "Project name", "  Lamp  at dawn ")
    assert app.views.project(project).name == "Lamp at dawn"
    assert field(page, "Project name").value == "Lamp at dawn"  # type: ignore[attr-defined]


def test_words_time_clips_and_cost_are_counted_while_a_script_grows(
    app: App, project: str, open_page: OpenPage
) -> None:
    page = fill(open_page(project=project, step="script"), "Script", SCRIPT)
    assert "**11 words** · **0:08 of 5:00** · **2 clips** · **free**" in words(page).replace("\\", "")
    assert "Markdown" in words(page)


def test_what_stands_in_the_way_of_a_script_is_said(app: App, project: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project, step="script"), "Script", "word. " * 900)
    assert "a film may last 300 s" in words(page)


def test_brief_and_script_are_found_again_in_another_tab(app: App, project: str, open_page: OpenPage) -> None:
    fill(open_page(project=project, step="brief"), "Tone", "warm")
    fill(open_page(project=project, step="script"), "Script", SCRIPT)
    assert field(open_page(project=project, step="script"), "Script").value == SCRIPT  # type: ignore[attr-defined]
    assert field(open_page(project=project, step="brief"), "Tone").value == "warm"  # type: ignore[attr-defined]


def test_settings_are_kept_when_they_are_changed(app: App, project: str, open_page: OpenPage) -> None:
    page = fill(open_page(project=project, step="plan"), "Pace (words per minute)", 120)
    page = fill(page, "Budget (US dollars)", 12.5)
    fill(page, "Seed", 7)
    settings = app.views.project(project).settings
    assert (settings.words_per_minute, settings.budget_usd, settings.seed, settings.size) == (120, 12.5, 7, "320x180")


def test_settings_of_another_tab_stay_when_nothing_is_changed_here(app: App, project: str, open_page: OpenPage) -> None:
    page = open_page(project=project, step="plan")
    app.service.update_project(project, settings=SMALL.model_copy(update={"seed": 99}))
    page.run()
    assert app.views.project(project).settings.seed == 99


# --- steps ---


def test_the_next_step_is_shown_and_the_way_leads_from_one_to_the_other(
    app: App, project: str, open_page: OpenPage
) -> None:
    page = open_page(project=project)
    assert field(page, "Objective")
    page = press(page, "Next: Script")
    assert page.query_params["step"] == ["script"] or page.query_params["step"] == "script"
    page = fill(page, "Script", SCRIPT)
    page = press(press(page, "Next: Bibles"), "Next: Plan")
    page = press(page, "Generate Clip Plan")
    assert app.views.project(project).clip_plan_id
    assert button(page, "Start generation")


def test_what_is_done_carries_a_check() -> None:
    detail = ProjectDetail(id="p", name="", settings=SMALL, brief=ContentBrief(), script="")
    assert steps.done(detail, None) == frozenset()
    told = detail.model_copy(update={"brief": ContentBrief(tone="calm"), "script": "A line."})
    assert steps.done(told, None) == {Step.BRIEF, Step.SCRIPT}
    assert [steps.next_step(steps.done(item, None)) for item in (detail, told)] == [Step.BRIEF, Step.PLAN]
    assert steps.next_step(frozenset({Step.PLAN})) is Step.RENDER


def test_a_step_of_another_world_leads_to_the_next_one(app: App, project: str, open_page: OpenPage) -> None:
    assert field(open_page(project=project, step="<b>"), "Objective")


# --- the plan ---


def test_a_plan_goes_through_its_life_when_the_buttons_are_pressed(app: App, project: str, open_page: OpenPage) -> None:
    app.service.save_draft(project, brief=ContentBrief(), script=SCRIPT)
    page = press(open_page(project=project), "Generate Clip Plan")
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
    page = open_page(project=project, step="plan")
    assert button(page, "Generate Clip Plan again").disabled  # type: ignore[attr-defined]


def test_a_new_plan_asks_first_when_there_is_one(app: App, project: str, open_page: OpenPage) -> None:
    plan_id = app.service.create_plan(project, script=SCRIPT, brief=ContentBrief())
    app.service.save_draft(project, brief=ContentBrief(), script="Another line is said.")
    page = open_page(project=project, step="plan")
    assert "takes the place of the 2 clips" in words(page)
    page = press(page, "Yes, make a new plan")
    newer = app.views.project(project).clip_plan_id
    assert newer != plan_id
    assert [clip.text for clip in app.views.plan(newer).clips] == ["Another line is said."]


def test_a_message_is_shown_when_the_script_is_empty(app: App, project: str, open_page: OpenPage) -> None:
    page = press(open_page(project=project, step="plan"), "Generate Clip Plan")
    assert "no words to speak" in words(page)
    assert app.views.project(project).clip_plan_id == ""


@pytest.mark.parametrize("wanted", ["00000000-dead-beef", "../../etc/passwd", "<script>alert(1)</script>", "x" * 5000])
def test_a_message_and_a_way_on_are_shown_when_the_project_is_unknown(
    app: App, project: str, wanted: str, open_page: OpenPage
) -> None:
    page = open_page(project=wanted)
    assert "no project with that id" in words(page)
    page = field(page, "Project").set_value(project).run()  # type: ignore[attr-defined]
    assert field(page, "Project name").value == "Lamp"  # type: ignore[attr-defined]


def test_a_project_deleted_in_another_tab_can_be_restored_here(app: App, project: str, open_page: OpenPage) -> None:
    page = open_page(project=project)
    app.service.delete_project(project)
    page.run()
    assert "in the bin" in words(page)
    page = press(page, "Restore it")
    assert field(page, "Project name").value == "Lamp"  # type: ignore[attr-defined]


def test_a_clip_of_another_project_is_not_shown(app: App, project: str, open_page: OpenPage) -> None:
    other = app.service.create_project(name="Harbour", settings=SMALL)
    foreign = app.service.create_plan(other, script=SCRIPT, brief=ContentBrief())
    app.service.create_plan(project, script=SCRIPT, brief=ContentBrief())
    page = open_page(project=project, clip=app.views.plan(foreign).clips[0].id)
    assert "not part of this film" in words(page)
    assert "No film yet" in words(page)


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
    page = fill(open_page(project=project, step="script"), "Script", script)
    words(page)
    page = press(press(press(page, "Next: Bibles"), "Next: Plan"), "Generate Clip Plan")
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
