"""Which commands of a plan make sense now. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.schema.status import PauseCause, PlanStatus, RenderStatus
from orchestrator.schema.view import PlanView
from pages.components.shared import budget


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
    """Which commands make sense now, the likeliest first. While clips are made Pause and Cancel stay where they are, at
    the end of the row, when a partial film comes to be on offer."""
    found, partial = _plan_offers(plan), _partial_offers(plan)
    return (*partial, *found) if plan.status is PlanStatus.RUNNING else (*found, *partial)


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
        case PlanStatus.COMPLETED | PlanStatus.INCOMPLETE:
            # Clips that were added or changed since wait to be made.
            start = (Offer(Command.START),) if any(not clip.status.is_settled for clip in plan.clips) else ()
            retry = (Offer(Command.RETRY_FAILED),) if plan.failed else ()
            first, *others = (*start, *retry, *render) or (None,)
            is_wanted = first is not None and (first.command is not Command.RENDER or first.is_primary)
            return (Offer(first.command, is_primary=is_wanted), *_secondary(others)) if first else ()


def _secondary(found: Iterable[Offer]) -> tuple[Offer, ...]:
    return tuple(Offer(offer.command) for offer in found)
