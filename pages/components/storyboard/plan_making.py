"""The plan made of brief and script, and what becomes of the one there is already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.journal import draft_values
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView, ProjectDetail
from pages.components.shared import field_memory
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.words import count, plain
from pages.components.storyboard import selection, steps
from pages.components.storyboard.timeline.arrangement import plan_values


def show(app: App, detail: ProjectDetail, plan: PlanView | None, *, key: str) -> None:
    """The button; over a plan that somebody worked on it asks first."""
    seen = field_memory.drawn(f"{key}-plan", {**draft_values(detail.brief, detail.script), **plan_values(plan)})
    if plan is None:
        if st.button("Generate Clip Plan", type="primary", icon=":material/auto_awesome_motion:", key=f"{key}-make"):
            _make(app, detail, seen)
        return
    if plan.is_active:
        st.button(
            "Generate Clip Plan again",
            icon=":material/auto_awesome_motion:",
            disabled=True,
            help="Pause or cancel the running plan first.",
            key=f"{key}-busy",
        )
        return
    with st.popover("Generate Clip Plan again", icon=":material/auto_awesome_motion:"):
        st.markdown(plain(consequence(plan)))
        if st.button("Yes, make a new plan", type="primary", icon=":material/check:", key=f"{key}-again"):
            _make(app, detail, seen)


def consequence(plan: PlanView) -> str:
    """What a new plan does to the one there is. Pure."""
    takes = sum(clip.attempts for clip in plan.clips)
    if not takes and plan.status is PlanStatus.PLANNED:
        return (
            f"A new plan takes the place of the {count(len(plan.clips), 'clip')} below. What you changed in them goes."
        )
    paid = f" ({money(plan.cost_usd)})" if plan.cost_usd else ""
    return (
        f"A new plan takes the place of the {count(len(plan.clips), 'clip')} below, and its clips are made anew. "
        f"The {count(takes, 'take')}{paid} and every film made so far are kept: the dashboard lists them."
    )


def _make(app: App, detail: ProjectDetail, seen: Mapping[str, Any]) -> None:
    with guarded():
        app.service.create_plan(detail.id, script=detail.script, brief=detail.brief, seen=seen)
        selection.choose(())
        steps.go(steps.Step.RENDER)
        st.rerun()
