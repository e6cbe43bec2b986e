"""Storyboard: brief and script in, clips watched while they are made, a film out."""

from __future__ import annotations

import streamlit as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.errors import NotFound
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView, ProjectDetail
from pages.components import (
    brief_form,
    budget,
    clip_inspector,
    film,
    plan_controls,
    project_picker,
    selection,
    timeline,
)
from pages.components.notices import guarded, show_empty, show_error
from pages.components.words import plain, shorten

TICK_SECONDS = 1.0


def draw() -> None:
    app = bootstrap.current()
    projects = app.views.projects()
    project_id = project_picker.chosen(projects)
    if not project_id:
        draw_welcome(app)
        return
    try:
        detail = app.views.project(project_id)
    except NotFound:
        st.title("Storyboard", anchor=False)
        project_picker.show(app, projects, project_id="", key="project")
        show_error("There is no project with that id.", hint="Choose another one above, or start a new project.")
        return
    title, picker = st.columns([3, 4], vertical_alignment="bottom")
    with title:
        st.title(plain(shorten(detail.name or "Untitled film", 80)), anchor=False)
    with picker:
        project_picker.show(app, projects, project_id=project_id, key="project")
    is_active = bool(detail.clip_plan_id) and app.views.plan(detail.clip_plan_id).is_active
    ticking = st.fragment(workspace, run_every=TICK_SECONDS if is_active else None)
    ticking(app, project_id, is_active)


def workspace(app: App, project_id: str, was_active: bool) -> None:
    """The whole project: one flat fragment that ticks while clips are made, so that no input is lost to a button."""
    with guarded():
        detail = app.views.project(project_id)
        plan = app.views.plan(detail.clip_plan_id) if detail.clip_plan_id else None
        draw_editor(app, detail, plan)
        if plan is None:
            show_empty("No clips yet", "Write a script above and generate a clip plan.", icon="view_timeline")
            return
        draw_plan(app, plan)
        if plan.is_active != was_active:
            st.rerun(scope="app")


def draw_editor(app: App, detail: ProjectDetail, plan: PlanView | None) -> None:
    key = f"edit-{detail.id}"
    with st.expander("Brief and script", expanded=plan is None, icon=":material/edit_note:", key=f"{key}-{bool(plan)}"):
        brief, script, _ = brief_form.show(app, detail, key=key)
        is_busy = plan is not None and plan.is_active
        pressed = st.button(
            "Generate Clip Plan" if plan is None else "Generate Clip Plan again",
            type="primary" if plan is None else "secondary",
            icon=":material/auto_awesome_motion:",
            disabled=is_busy,
            help="Pause or cancel the running plan first." if is_busy else None,
            key=f"{key}-plan",
        )
    if pressed:
        with guarded():
            app.service.create_plan(detail.id, script=script, brief=brief)
            st.rerun(scope="app")


def draw_plan(app: App, plan: PlanView) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="medium"):
        plan_controls.show_state(plan)
        plan_controls.show(app, plan, key=f"plan-{plan.id}")
    plan_controls.show_progress(plan)
    if budget.is_held(plan):
        budget.show_choice(app, plan, key=f"plan-{plan.id}")
    elif plan.status in (PlanStatus.PLANNED, PlanStatus.PAUSED, PlanStatus.CANCELLED):
        budget.show_estimate(plan)

    def reorder(order: tuple[str, ...]) -> None:
        with guarded():
            app.service.reorder_clips(plan.id, order)

    clip = selection.chosen(plan)
    timeline.show(
        plan.clips,
        selected=clip.id if clip else "",
        key=f"timeline-{plan.id}",
        on_select=selection.choose_clip,
        on_reorder=reorder,
    )
    if clip is None:
        film.show_all(plan)
        return
    if selection.has_film(plan):
        st.button(
            "Back to the film",
            icon=":material/arrow_back:",
            type="tertiary",
            key=f"film-{plan.id}",
            on_click=selection.choose_film,
        )
    clip_inspector.show(app, plan, clip, key=f"clip-{plan.id}", on_reorder=reorder)


def draw_welcome(app: App) -> None:
    st.title("Storyboard", anchor=False)
    with st.container(border=True):
        st.header("Turn a script into a finished film", anchor=False)
        st.markdown(
            "Paste a script. It is cut into clips an actor can speak, every take is checked on evidence, "
            "what fails is repaired, and what passes becomes one MP4."
        )
        with st.container(horizontal=True):
            if st.button("Start with the sample script", type="primary", icon=":material/article:", key="sample"):
                with guarded():
                    project_picker.start_with_sample(app)
                    st.rerun(scope="app")
            with st.popover("New project", icon=":material/add:"):
                project_picker.create_form(app, key="welcome-new")


with guarded():
    draw()
