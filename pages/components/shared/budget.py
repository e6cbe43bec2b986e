"""Money before and while clips are made: what it will cost, and the choice when the budget is used up."""

from __future__ import annotations

import math

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.status import PauseCause, PlanStatus, RenderStatus
from orchestrator.schema.view import CostEstimate, PlanView
from pages.components.shared.notices import guarded
from pages.components.shared.prices import estimate_words, money, shortfall_words
from pages.components.shared.words import count, plain


def is_held(plan: PlanView) -> bool:
    """Whether the plan was paused for want of money, by nobody."""
    return plan.status is PlanStatus.PAUSED and plan.pause_cause is PauseCause.BUDGET


def _open_clips(plan: PlanView) -> int:
    return sum(not clip.status.is_settled for clip in plan.clips)


def enough_usd(plan: PlanView) -> float:
    """A budget that will probably do for the rest, in whole dollars; always more than the present one. Pure."""
    rest = plan.estimate.likely_usd if plan.estimate else 0.0
    return float(max(math.ceil(plan.spent_usd + rest - 1e-9), math.floor(plan.budget_usd or 0.0) + 1))


def show_estimate(plan: PlanView) -> None:
    """What going on will cost, and whether the budget will do, while nothing has been started."""
    makers = ", ".join(dict.fromkeys(clip.provider for clip in plan.clips if not clip.status.is_settled))
    waiting = _open_clips(plan)
    if plan.estimate is None or not waiting:
        return
    words = estimate_words(plan.estimate) or "Free"
    st.caption(plain(f"{words} · {count(waiting, 'clip')} by {makers}"))
    left_usd = None if plan.budget_usd is None else max(0.0, plan.budget_usd - plan.spent_usd)
    show_shortfall(plan.estimate, left_usd=left_usd, advice="It pauses when that is spent, and you decide then.")


def show_shortfall(estimate: CostEstimate | None, *, left_usd: float | None, advice: str) -> None:
    """A warning where the budget will not do; nothing else."""
    if problem := shortfall_words(estimate, left_usd=left_usd):
        st.warning(plain(f"{problem} {advice}"), icon=":material/savings:")


def show_choice(app: App, plan: PlanView, *, key: str) -> None:
    """The budget is used up: raise it and go on, take what there is, or stop."""
    waiting = _open_clips(plan)
    with st.container(border=True, key=f"{key}-budget"):
        facts, choice = st.columns([6, 5], gap="large", vertical_alignment="center")
        with facts:
            st.markdown(":orange[:material/savings:] **The budget is used up**")
            st.markdown(plain(plan.reason))
            budget = "" if plan.budget_usd is None else f" of {money(plan.budget_usd)}"
            left = f" · {count(waiting, 'clip')} to go" if len(plan.clips) > 1 else ""
            st.caption(plain(f"{money(plan.spent_usd)}{budget} spent{left}"))
            if words := estimate_words(plan.estimate):
                st.caption(plain(f"The rest: {words[0].lower()}{words[1:]}"))
        with choice:
            _show_raise(app, plan, key=key)
            _show_ways_out(app, plan, key=key)


def _show_raise(app: App, plan: PlanView, *, key: str) -> None:
    # A new budget is a new question: what was typed for the last one must not answer it.
    asked = f"{key}-raise-{plan.budget_usd}"
    with st.form(asked, border=False), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        budget = st.number_input(
            "New budget (US dollars)", min_value=0.0, value=enough_usd(plan), step=1.0, key=f"{asked}-usd", width=190
        )
        is_sent = st.form_submit_button("Raise and go on", type="primary", icon=":material/play_arrow:")
    if is_sent:
        with guarded():
            seen = {"settings/budget_usd": plan.budget_usd}  # another one would have asked anew
            app.service.raise_budget(plan.id, budget_usd=budget, seen=seen)
            st.toast(f"Going on with a budget of {plain(money(budget))}", icon=":material/play_arrow:")
            st.rerun(scope="app")


def _show_ways_out(app: App, plan: PlanView, *, key: str) -> None:
    is_under_way = plan.render is not None and plan.render.status in (RenderStatus.QUEUED, RenderStatus.RENDERING)
    is_made = plan.render is not None and plan.render.status is RenderStatus.DONE and plan.render.is_current
    with st.container(horizontal=True, gap="small"):
        can_render = len(plan.clips) > 1 and plan.passed and not (is_under_way or is_made)
        render = f"{key}-render-passed"
        if can_render and st.button("Make the film from what passed", icon=":material/movie_edit:", key=render):
            with guarded():
                app.service.render_plan(plan.id)
                st.toast("Rendering started", icon=":material/movie_edit:")
                st.rerun(scope="app")
        if st.button("Cancel", icon=":material/stop:", type="tertiary", key=f"{key}-cancel-held"):
            with guarded():
                app.service.cancel_plan(plan.id)
                st.toast("Cancelled. Finished clips were kept", icon=":material/stop:")
                st.rerun(scope="app")
