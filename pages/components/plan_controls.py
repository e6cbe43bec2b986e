"""The state of a plan in one line, and the commands that make sense in that state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.status import PauseCause, PlanStatus, RenderStatus
from orchestrator.schema.view import PlanView
from pages.components import budget, selection
from pages.components.notices import guarded
from pages.components.words import money, plain, time_left

SHOWN_AT_MOST = 3


class Command(StrEnum):
    START = "Start generation"
    PAUSE = "Pause"
    RESUME = "Resume"
    CANCEL = "Cancel"
    RETRY_FAILED = "Retry failed"
    RETRY_AND_GO_ON = "Retry failed and go on"
    RENDER = "Render film"
    PARTIAL_FILM = "Partial film"


ICONS = {
    Command.START: ":material/play_arrow:",
    Command.PAUSE: ":material/pause:",
    Command.RESUME: ":material/play_arrow:",
    Command.CANCEL: ":material/stop:",
    Command.RETRY_FAILED: ":material/refresh:",
    Command.RETRY_AND_GO_ON: ":material/refresh:",
    Command.RENDER: ":material/movie_edit:",
    Command.PARTIAL_FILM: ":material/movie_info:",
}
DONE_WORDS = {
    Command.START: "Generation started",
    Command.PAUSE: "Paused. Clips already paid for are finished first",
    Command.RESUME: "Resumed",
    Command.CANCEL: "Cancelled. What is paid is finished and kept",
    Command.RETRY_FAILED: "Trying the failed clips again",
    Command.RETRY_AND_GO_ON: "Going on, and trying the failed clips again",
    Command.RENDER: "Rendering started",
    Command.PARTIAL_FILM: "Rendering what is there, with a slate for every clip that is missing",
}


@dataclass(frozen=True)
class Offer:
    """A command on offer; the primary one is what most people want next."""

    command: Command
    is_primary: bool = False


def offers(plan: PlanView) -> tuple[Offer, ...]:
    """Which commands make sense now, the likeliest first. Pure."""
    return (*_plan_offers(plan), *_partial_offers(plan))


def _partial_offers(plan: PlanView) -> tuple[Offer, ...]:
    """A partial film, while clips are missing and the newest one is neither under way nor still true."""
    partial = plan.partial
    is_there = partial is not None and (not partial.status.is_over or (bool(partial.video_url) and partial.is_current))
    return (Offer(Command.PARTIAL_FILM),) if 0 < plan.passed < len(plan.clips) and not is_there else ()


def _plan_offers(plan: PlanView) -> tuple[Offer, ...]:
    is_rendering = plan.render is not None and plan.render.status in (RenderStatus.QUEUED, RenderStatus.RENDERING)
    has_film = plan.render is not None and plan.render.status is RenderStatus.DONE and plan.render.is_current
    render = (Offer(Command.RENDER, is_primary=not has_film),) if plan.passed and not is_rendering else ()
    match plan.status:
        case PlanStatus.PLANNED:
            return (Offer(Command.START, is_primary=True),)
        case PlanStatus.RUNNING:
            return (Offer(Command.PAUSE), Offer(Command.CANCEL))
        case PlanStatus.PAUSED if budget.is_held(plan):
            return ()  # to go on means to raise the budget: see budget.show_choice
        case PlanStatus.PAUSED if plan.pause_cause is PauseCause.FAILED_CLIP:
            again = (Offer(Command.RETRY_AND_GO_ON, is_primary=True),) if plan.failed else ()
            return (*again, Offer(Command.RESUME, is_primary=not again), Offer(Command.CANCEL))
        case PlanStatus.PAUSED:
            return (Offer(Command.RESUME, is_primary=True), Offer(Command.CANCEL))
        case PlanStatus.CANCELLED:
            return (Offer(Command.START, is_primary=True),)
        case PlanStatus.COMPLETED:
            return render
        case PlanStatus.INCOMPLETE:
            retry = (Offer(Command.RETRY_FAILED, is_primary=True),) if plan.failed else ()
            return retry + tuple(Offer(offer.command, is_primary=not retry) for offer in render)


def show(app: App, plan: PlanView, *, key: str) -> None:
    """The commands as buttons. Each is safe to press twice."""
    has_film = plan.render is not None and plan.render.status is RenderStatus.DONE
    with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
        for offer in offers(plan):
            kind = "primary" if offer.is_primary else "tertiary" if offer.command is Command.CANCEL else "secondary"
            label = "Render again" if offer.command is Command.RENDER and has_film else offer.command.value
            pressed = st.button(label, icon=ICONS[offer.command], type=kind, key=f"{key}-{offer.command.name.lower()}")
            if pressed:
                with guarded():
                    run(app, plan, offer.command)
                    st.toast(DONE_WORDS[offer.command], icon=ICONS[offer.command])
                    st.rerun(scope="app")


def run(app: App, plan: PlanView, command: Command) -> None:
    """Send one command to the service."""
    match command:
        case Command.START:
            app.service.start_plan(plan.id)
        case Command.PAUSE:
            app.service.pause_plan(plan.id)
        case Command.RESUME:
            app.service.start_plan(plan.id)
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
            selection.choose_film()


def state_line(plan: PlanView) -> str:
    """The whole state in one line of Markdown: what happened, what is left, what it cost."""
    is_said_below = budget.is_held(plan) or (plan.pause_cause is PauseCause.FAILED_CLIP and not plan.is_active)
    message = plan.message.removesuffix(f": {plan.reason}") if is_said_below else plan.message
    is_bounded = plan.budget_usd is not None
    spent = f"{money(plan.spent_usd)} of {money(plan.budget_usd or 0)} spent" if is_bounded else money(plan.cost_usd)
    parts = [f"**{plain(message)}**", time_left(plan.eta_seconds) if plan.is_active else ""]
    parts.append(plain(spent) if plan.cost_usd or is_bounded else "")
    return " · ".join(part for part in parts if part)


def show_state(plan: PlanView) -> None:
    st.markdown(state_line(plan), width="content")


def show_progress(plan: PlanView) -> None:
    """The bar while there is something to wait for, and what the film lacks once there is not."""
    is_unfinished = plan.status in (PlanStatus.PAUSED, PlanStatus.CANCELLED, PlanStatus.INCOMPLETE)
    if plan.is_active or is_unfinished:
        st.progress(min(max(plan.progress, 0.0), 1.0))
    for clip in plan.missing[:SHOWN_AT_MOST] if not plan.is_active else ():
        st.caption(f"Clip {clip.position}: {plain(clip.reason)}")
