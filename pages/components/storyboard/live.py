"""The part of the storyboard that moves while clips are made: state, commands, progress and timeline.

It ticks, so it is small, and nothing is typed into it. What is looked at below it is drawn apart: when that has changed
the whole page is drawn again.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView
from pages.components.shared import budget
from pages.components.shared.notices import guarded
from pages.components.storyboard import animatic_controls, plan_controls, selection, steps, timeline, workbench

FRAGMENT, TICK_SECONDS = "live", 1.0
REST_SECONDS = 5.0  # between two looks at a plan at rest: somebody else may start or change it


def show(app: App, plan: PlanView) -> None:
    """The fragment; ``plan`` is the plan as the page was drawn from."""
    was_active = plan.is_active or app.views.animatic(plan.id).is_active
    run_every = TICK_SECONDS if was_active else REST_SECONDS
    st.fragment(_draw, run_every=run_every, key=FRAGMENT)(app, [plan], plan.id, was_active)


def _draw(app: App, at_hand: list[PlanView], plan_id: str, was_active: bool) -> None:
    """``at_hand`` is what the page has read already: good for the first drawing, and for no tick after it."""
    with guarded(), st.container(key=FRAGMENT):
        is_tick = not at_hand
        plan = app.views.lately(app.views.plan, plan_id) if is_tick else at_hand.pop()
        animatic = app.views.lately(app.views.animatic, plan_id)
        key = f"plan-{plan.id}"
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="plan-state"):
            st.markdown(plan_controls.state_line(plan), width="stretch")
            plan_controls.show(app, plan, key=key)
            animatic_controls.show(app, plan, animatic, key=key)
        with st.container():  # what comes and goes has its own place: the timeline keeps its focus and its player
            plan_controls.show_progress(plan)
            if budget.is_held(plan):
                budget.show_choice(app, plan, key=key)
            elif plan.status in (PlanStatus.PLANNED, PlanStatus.PAUSED, PlanStatus.CANCELLED):
                budget.show_estimate(plan)
        timeline.show(
            plan,
            selected=[clip.id for clip in selection.chosen(plan)] if _shows_clips() else [],
            key=f"timeline-{plan.id}",
            on_select=_select,
            on_arrange=lambda scenes: _do(lambda: app.service.arrange_clips(plan.id, scenes)),
            on_rename=lambda scene_id, title: _do(lambda: app.service.rename_scene(scene_id, title)),
            on_remove=lambda clip_ids: _do(lambda: _remove(app, plan, clip_ids)),
        )
        # Last: a click on a command above would be lost with the drawing it came with.
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


def _remove(app: App, plan: PlanView, clip_ids: tuple[str, ...]) -> None:
    app.service.remove_clips(clip_ids)
    selection.choose([clip.id for clip in selection.chosen(plan) if clip.id not in clip_ids])


def _do(command: Callable[[], object]) -> None:
    with guarded():
        command()
        st.rerun(scope="app")
