"""The way from an idea to a film in five steps: which are done, which is next, and which one the page shows."""

from __future__ import annotations

from enum import StrEnum

import streamlit as st

from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.view import PlanView, ProjectDetail

ADDRESS = "step"


class Step(StrEnum):
    BRIEF = "brief"
    SCRIPT = "script"
    BIBLES = "bibles"
    PLAN = "plan"
    RENDER = "render"


TITLES = {step: step.value.capitalize() for step in Step}


def done(detail: ProjectDetail, plan: PlanView | None) -> frozenset[Step]:
    """The steps that have been taken. Pure."""
    brief = detail.brief
    is_done = {
        Step.BRIEF: any((brief.objective, brief.audience, brief.tone, brief.call_to_action)),
        Step.SCRIPT: bool(detail.script.strip()),
        Step.BIBLES: bool(brief.characters) or brief.style != ContentBrief().style,
        Step.PLAN: plan is not None,
        Step.RENDER: bool(plan and plan.render and plan.render.video_url and plan.render.is_current),
    }
    return frozenset(step for step in Step if is_done[step])


def next_step(taken: frozenset[Step]) -> Step:
    """Where most people want to go on. A script is all that a plan needs, so the rest may be passed over. Pure."""
    if Step.PLAN in taken:
        return Step.RENDER
    if Step.SCRIPT in taken:
        return Step.PLAN
    return Step.SCRIPT if Step.BRIEF in taken else Step.BRIEF


def chosen(taken: frozenset[Step]) -> Step:
    """The step in the address, else the next one, which stands there from then on: a page must not turn under the hands
    of somebody who has just filled in the first field of it."""
    wanted = st.query_params.get(ADDRESS, "")
    step = Step(wanted) if wanted in set(Step) else next_step(taken)
    if step is not Step.RENDER:
        go(step)
    return step


def go(step: Step) -> None:
    """Show this step from now on."""
    st.query_params[ADDRESS] = step.value


def show(current: Step, taken: frozenset[Step], *, key: str) -> None:
    """The steps as a switch; those that are done carry a check."""

    def title(step: Step) -> str:
        icon = ":green[:material/check_circle:]" if step in taken else ":material/radio_button_unchecked:"
        return f"{icon} {TITLES[step]}"

    st.session_state[key] = current
    with st.container(key="steps"):
        st.segmented_control(
            "Step",
            list(Step),
            format_func=title,
            required=True,
            key=key,
            label_visibility="collapsed",
            on_change=lambda: go(Step(st.session_state[key])),
        )


def show_way_on(step: Step, *, is_primary: bool, key: str) -> None:
    """The way to the step after this one; the main one until there are clips to make."""
    following = list(Step)[list(Step).index(step) + 1]
    st.button(
        f"Next: {TITLES[following]}",
        type="primary" if is_primary else "secondary",
        icon=":material/arrow_forward:",
        icon_position="right",
        key=f"{key}-next-{step.value}",
        on_click=go,
        args=(following,),
    )
