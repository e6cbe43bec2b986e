"""Storyboard: brief and script in, clips watched while they are made, a film out."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator import journal
from orchestrator.bootstrap import App
from orchestrator.errors import NotFound
from orchestrator.schema.library import ProjectName, ProjectState
from orchestrator.schema.member import Role
from orchestrator.schema.view import PlanView, ProjectDetail
from pages.components.shared import hands, rights, visitor
from pages.components.shared.notices import guarded, show_empty, show_unread
from pages.components.storyboard import (
    absent,
    bibles,
    brief_form,
    header,
    live,
    plan_making,
    plan_settings,
    project_picker,
    reading,
    scene_board,
    script_form,
    steps,
    undo_bar,
    watch,
    welcome,
    workbench,
)
from pages.components.storyboard.steps import Step
from pages.components.storyboard.timeline.arrangement import arrangement


def draw() -> None:
    app = visitor.app()
    names = app.views.project_names()
    project_id = project_picker.chosen(names)
    if not project_id:
        welcome.show(app)
        return
    try:
        detail, state = app.views.project(project_id), app.views.listed_project(project_id).state
    except NotFound:
        absent.show_missing(app)
        return
    if state is ProjectState.DELETED:
        absent.show_deleted(app, detail)
        return
    draw_project(app, detail, names)


def draw_project(app: App, detail: ProjectDetail, names: Sequence[ProjectName]) -> None:
    plan = app.views.plan(detail.clip_plan_id) if detail.clip_plan_id else None
    history = app.views.edit_history(detail.id)
    header.show(app, detail, names, plan, history)
    with st.container():  # a place that is always there: what is below stays itself, with its focus, when a bar comes
        show_unread()
        if rights.may(app, detail.id, Role.REVIEWER):
            undo_bar.show_bar(app, detail.id, history, key="edits")
    taken = steps.done(detail, plan)
    step = steps.chosen(taken)
    steps.show(step, taken, key=f"step-{detail.id}")
    watch.tell(history)
    is_ticking = False
    if plan is not None:
        workbench.remember(plan)
        is_ticking = live.show(app, plan)
    if not is_ticking:  # one fragment of a page ticks, not two
        watch.show(app, detail.id, detail.version, plan)
    hands.show()
    draw_step(app, detail, plan, step)


def draw_step(app: App, detail: ProjectDetail, plan: PlanView | None, step: Step) -> None:
    """What belongs to the step on screen, under the timeline."""
    key = f"edit-{detail.id}"
    match step:
        case Step.BRIEF | Step.SCRIPT | Step.BIBLES | Step.PLAN if not rights.may(app, detail.id, Role.CREATOR):
            reading.show(detail, plan, step)
        case Step.BRIEF:
            brief_form.show(app, detail, key=key)
        case Step.SCRIPT:
            script_form.show(app, detail, key=key)
        case Step.BIBLES:
            bibles.show(app, detail, key=key)
        case Step.PLAN:
            plan_settings.show(app, detail, key=key)
            plan_making.show(app, detail, plan, key=key)
        case Step.RENDER if plan is not None:
            workbench.show(app, plan)
            if rights.may(app, detail.id, Role.REVIEWER):
                draw_board(app, plan)
        case Step.RENDER:
            draw_no_clips(steps.next_step(steps.done(detail, None)))
    if step not in (Step.PLAN, Step.RENDER):
        steps.show_way_on(step, is_primary=plan is None, key=key)


def draw_no_clips(missing: Step) -> None:
    """The last step before there is a plan: what it waits for, and the way there."""
    has_script = missing is Step.PLAN
    words = "The script is there; a clip plan comes next." if has_script else "They are made here of script and plan."
    show_empty("No clips yet", words, icon="movie")
    st.button(
        "Go to the plan" if has_script else "Go to the script",
        type="primary",
        icon=":material/arrow_back:",
        key="to-what-is-missing",
        on_click=steps.go,
        args=(Step.PLAN if has_script else Step.SCRIPT,),
    )


def draw_board(app: App, plan: PlanView) -> None:
    def arrange(scenes: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        with guarded():
            app.service.arrange_clips(plan.id, scenes, seen=journal.arranged(arrangement(plan)))
            st.rerun()

    with st.expander("Scene board", icon=":material/view_kanban:", key=f"board-{plan.id}", on_change="rerun") as board:
        if board.open:
            scene_board.show(plan, key=f"board-{plan.id}", on_arrange=arrange)


with guarded():
    draw()
