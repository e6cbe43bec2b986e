"""The state of a plan in one line, and the commands that make sense in that state."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RenderStatus
from orchestrator.schema.view import PlanView
from pages.components.shared import budget
from pages.components.shared.notices import guarded
from pages.components.shared.numbers import time_left
from pages.components.shared.prices import estimate_words, money
from pages.components.shared.words import count, plain
from pages.components.storyboard import selection
from pages.components.storyboard.plan_offers import DONE_WORDS, ICONS, Command, Offer, offers

SHOWN_AT_MOST = 3
QUIET = (Command.CANCEL, Command.PARTIAL_FILM)


def show(app: App, plan: PlanView, *, key: str) -> None:
    """The commands as buttons. Each is safe to press twice. What costs money says so before it begins."""
    for offer in offers(plan):
        if offer.command is Command.START and start_words(plan):
            _ask_to_start(app, plan, key=key)
        else:
            _show_offer(app, plan, offer, key=key)


def _show_offer(app: App, plan: PlanView, offer: Offer, *, key: str) -> None:
    has_film = plan.render is not None and plan.render.status is RenderStatus.DONE
    kind = "primary" if offer.is_primary else "tertiary" if offer.command in QUIET else "secondary"
    label = "Render again" if offer.command is Command.RENDER and has_film else offer.command.value
    if price := price_usd(app, plan, offer.command):
        label = plain(f"{label} · about {money(price)}")
    if st.button(label, icon=ICONS[offer.command], type=kind, key=f"{key}-{offer.command.name.lower()}"):
        _send(app, plan, offer.command)


def price_usd(app: App, plan: PlanView, command: Command) -> float:
    """What a command will probably spend, in US dollars; 0 for one that spends nothing."""
    spent = 0.0
    if command in (Command.RESUME, Command.RETRY_AND_GO_ON) and plan.estimate is not None:
        spent += plan.estimate.likely_usd
    if command in (Command.RETRY_FAILED, Command.RETRY_AND_GO_ON):
        failed = (clip.id for clip in plan.clips if clip.status is ClipStatus.FAILED)
        spent += sum(map(app.views.take_price_usd, failed))
    return spent


def _ask_to_start(app: App, plan: PlanView, *, key: str) -> None:
    with st.popover(Command.START.value, icon=ICONS[Command.START], type="primary"):
        makers = ", ".join(dict.fromkeys(clip.provider for clip in plan.clips if not clip.status.is_settled))
        waiting = sum(not clip.status.is_settled for clip in plan.clips)
        st.markdown(plain(f"{count(waiting, 'clip')} by {makers}. {estimate_words(plan.estimate)}."))
        budget_usd = plan.budget_usd
        st.caption(
            plain(f"It pauses when {money(budget_usd)} are spent.")
            if budget_usd is not None
            else "No budget is set. You can pause at any time; what is under way then is finished."
        )
        if st.button(
            plain(f"Start generation · {start_words(plan)}"),
            type="primary",
            icon=ICONS[Command.START],
            key=f"{key}-start",
        ):
            _send(app, plan, Command.START)


def start_words(plan: PlanView) -> str:
    """What starting will cost; empty when it costs nothing. Pure."""
    estimate = plan.estimate
    if estimate is None or not estimate.high_usd:
        return ""
    return f"about {money(estimate.likely_usd)}, at most {money(estimate.high_usd)}"


def _send(app: App, plan: PlanView, command: Command) -> None:
    with guarded():
        run(app, plan, command)
        st.toast(DONE_WORDS[command], icon=ICONS[command])
        st.rerun(scope="app")


def run(app: App, plan: PlanView, command: Command) -> None:
    """Send one command to the service."""
    match command:
        case Command.START | Command.RESUME:
            app.service.start_plan(plan.id)
        case Command.PAUSE:
            app.service.pause_plan(plan.id)
        case Command.CANCEL:
            app.service.cancel_plan(plan.id)
        case Command.RETRY_FAILED:
            app.service.retry_failed(plan.id)
        case Command.RETRY_AND_GO_ON:
            app.service.retry_failed(plan.id)
            app.service.start_plan(plan.id)
        case Command.RENDER:
            app.service.render_plan(plan.id)
        case Command.PARTIAL_FILM:
            app.service.render_plan(plan.id, has_slates=True)
            selection.choose(())


def state_line(plan: PlanView) -> str:
    """The whole state in one line of Markdown: what happened, what is left, what it cost."""
    is_said_below = budget.is_held(plan) or (plan.pause_cause is PauseCause.FAILED_CLIP and not plan.is_active)
    message = plan.message.removesuffix(f": {plan.reason}") if is_said_below else plan.message
    is_bounded = plan.budget_usd is not None
    spent = f"{money(plan.spent_usd)} of {money(plan.budget_usd or 0)} spent" if is_bounded else money(plan.cost_usd)
    parts = [f"**{plain(message)}**", time_left(plan.eta_seconds) if plan.is_active else ""]
    parts.append(plain(spent) if plan.cost_usd or is_bounded else "")
    return " · ".join(part for part in parts if part)


def show_progress(plan: PlanView) -> None:
    """The bar while there is something to wait for, and what the film lacks once there is not."""
    is_unfinished = plan.status in (PlanStatus.PAUSED, PlanStatus.CANCELLED, PlanStatus.INCOMPLETE)
    if plan.is_active or is_unfinished:
        st.progress(min(max(plan.progress, 0.0), 1.0))
    missing = () if plan.is_active else plan.missing[:SHOWN_AT_MOST]
    if missing:
        st.caption("  \n".join(f"Clip {clip.position}: {plain(clip.reason)}" for clip in missing))
