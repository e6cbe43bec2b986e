"""The part of the storyboard that moves while clips are made: state, commands, progress and timeline.

It ticks while work goes on, so it is small, and nothing is typed into it; at rest ``watch`` ticks in its place. What is
looked at below it is drawn apart: when that has changed the whole page is drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator import journal
from orchestrator.bootstrap import App
from orchestrator.errors import ChangedMeanwhile
from orchestrator.schema.member import Role
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView
from pages.components.shared import budget, rights
from pages.components.shared.notices import guarded, show_changed
from pages.components.storyboard import animatic_controls, plan_controls, selection, steps, timeline, watch, workbench
from pages.components.storyboard.timeline.arrangement import Arrangement, stood, words_of

FRAGMENT, TICK_SECONDS = "live", 1.0


def show(app: App, plan: PlanView) -> bool:
    """The fragment; ``plan`` is the plan as the page was drawn from. Whether it ticks."""
    was_active = plan.is_active or app.views.animatic(plan.id).is_active
    run_every = TICK_SECONDS if was_active else None
    st.fragment(_draw, run_every=run_every, key=FRAGMENT)(app, [plan], plan.id, plan.version, was_active)
    return was_active


def _draw(app: App, at_hand: list[PlanView], plan_id: str, version: int, was_active: bool) -> None:
    """``at_hand`` is what the page has read already: good for the first drawing, and for no tick after it."""
    with guarded(), st.container(key=FRAGMENT):
        is_tick = not at_hand
        plan = app.views.lately(app.views.plan, plan_id) if is_tick else at_hand.pop()
        animatic = app.views.lately(app.views.animatic, plan_id)
        key, role = f"plan-{plan.id}", rights.role(app, plan.project_id)
        is_maker = role.covers(Role.CREATOR)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="plan-state"):
            st.markdown(plan_controls.state_line(plan), width="stretch")
            if is_maker:
                plan_controls.show(app, plan, key=key)
                animatic_controls.show(app, plan, animatic, key=key)
        with st.container():  # what comes and goes has its own place: the timeline keeps its focus and its player
            plan_controls.show_progress(plan)
            if budget.is_held(plan) and is_maker:
                budget.show_choice(app, plan, key=key)
            elif plan.status in (PlanStatus.PLANNED, PlanStatus.PAUSED, PlanStatus.CANCELLED):
                budget.show_estimate(plan)
        timeline.show(
            plan,
            selected=[clip.id for clip in selection.chosen(plan)] if _shows_clips() else [],
            key=f"timeline-{plan.id}",
            on_select=_select,
            on_arrange=(lambda *given: _do(lambda: _arrange(app, plan.id, *given)))
            if role.covers(Role.REVIEWER)
            else None,
            on_rename=(lambda *given: _do(lambda: _rename(app, *given))) if is_maker else None,
            on_remove=(lambda clip_ids: _do(lambda: _remove(app, plan, clip_ids))) if is_maker else None,
        )
        # Last: a click on a command above would be lost with the drawing it came with.
        if is_tick and plan.version != version:
            watch.draw_again()
        if is_tick and ((plan.is_active or animatic.is_active) != was_active or workbench.is_outdated(plan)):
            st.rerun(scope="app")


def _shows_clips() -> bool:
    return st.query_params.get(steps.ADDRESS, steps.Step.RENDER) == steps.Step.RENDER


def _select(clip_ids: tuple[str, ...]) -> None:
    """Only the timeline and what is looked at are drawn again, unless another step is on screen."""
    is_there = _shows_clips()
    selection.choose(clip_ids)
    steps.go(steps.Step.RENDER)
    st.rerun(scope=[FRAGMENT, workbench.FRAGMENT] if is_there else "app")


def _arrange(app: App, plan_id: str, scenes: Arrangement, before: Sequence[Arrangement]) -> None:
    present = [clip.id for clip in app.views.plan(plan_id).clips]
    app.service.arrange_clips(plan_id, scenes, seen=journal.arranged(stood(before, present)))


def _rename(app: App, scene_id: str, title: str, seen: str) -> None:
    app.service.rename_scene(scene_id, title, seen={f"scene/{scene_id}/title": seen})


def _remove(app: App, plan: PlanView, clip_ids: tuple[str, ...]) -> None:
    app.service.remove_clips(clip_ids, seen=words_of([clip for clip in plan.clips if clip.id in clip_ids]))
    selection.choose([clip.id for clip in selection.chosen(plan) if clip.id not in clip_ids])


def _do(command: Callable[[], object]) -> None:
    """What somebody else did to the same meanwhile is said, and the page shows it."""
    with guarded():
        try:
            command()
        except ChangedMeanwhile as error:
            show_changed(error)
        st.rerun(scope="app")
