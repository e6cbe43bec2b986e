"""How a take reads on screen: what became of it, who made it, what it took. Pure."""

from __future__ import annotations

from orchestrator.schema.assessment import Verdict
from orchestrator.schema.clip_run import TAKEN_BACK, RepairStrategy
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.schema.view import CallView, Phase, TakeView
from pages.components.shared.numbers import lasting
from pages.components.shared.prices import money
from pages.components.shared.states import CLIP_BADGES, FAILED, NEEDS_YOU, PASSED, WORKING_ICON, Badge

REPAIR_WORDS: dict[str, str] = {
    RepairStrategy.RETRY: "Asked again",
    RepairStrategy.PROMPT_PATCH: "Prompt changed",
    RepairStrategy.REMIX: "Remixed",
    RepairStrategy.FALLBACK_PROVIDER: "Another provider",
    RepairStrategy.TRIM: "Trimmed",
    RepairStrategy.RETIME: "Played at another speed",
    RepairStrategy.NEEDS_HUMAN: "Needs you",
    RepairStrategy.GIVE_UP: "Given up",
}
# How a take says that we spoke its line.
LAID_OVER = "laid over"
NEEDS_DECISION = "needs_decision"


def is_cut_off(take: TakeView) -> bool:
    """Whether its clip was settled while this take was still being made or fetched; a retry goes on with it."""
    return take.is_newest and not (take.is_active or take.is_held or take.status is RunStatus.SETTLED)


def is_answer_lost(take: TakeView) -> bool:
    """Whether a person has to find out what became of the request for this take."""
    return take.is_newest and not take.is_active and take.error_code == NEEDS_DECISION


def take_badge(take: TakeView) -> Badge:
    """What became of a take: a person's word first, then the verdict, then an error, else what it is doing."""
    if take.override == "approved" or (take.is_accepted and take.verdict is not Verdict.PASS):
        return ("Approved", ":material/thumb_up:", "green")
    if take.override == "rejected":
        return ("Rejected", ":material/thumb_down:", "red")
    if take.error_code in TAKEN_BACK:
        return (take.status_text, ":material/cancel:", "gray")
    if is_answer_lost(take):
        return NEEDS_YOU
    if is_cut_off(take):
        return ("Cut off", ":material/link_off:", "orange")
    if take.is_active:
        is_repairing = take.verdict is Verdict.FAIL or bool(take.error_message)
        return CLIP_BADGES[ClipStatus.REPAIRING] if is_repairing else (take.status_text, WORKING_ICON, "blue")
    if take.verdict is Verdict.PASS:
        return PASSED
    if take.verdict is Verdict.FAIL or (take.error_message and take.verdict is None):
        return FAILED
    if take.verdict is Verdict.NEEDS_REVIEW:
        return NEEDS_YOU
    return (take.status_text, ":material/pause_circle:", "gray")


def phase_words(phase: Phase) -> str:
    """A phase of a take with how long it took, or takes already, and what it cost."""
    spent = f", {money(phase.cost_usd)}" if phase.cost_usd else ""
    return f"{phase.name.capitalize()} {lasting(phase.seconds)}{' so far' if phase.is_open else ''}{spent}"


def maker_words(take: TakeView) -> str:
    """Who made a take."""
    return f"{take.provider} {take.model}" if take.model else take.provider


def narration_words(take: TakeView) -> str:
    """Whose voice is heard in a take; empty when it is the provider's own."""
    if not take.narration:
        return ""
    is_narrated = take.narration == LAID_OVER
    return "Narrated by our voice, the provider makes silent clips" if is_narrated else f"Silent: {take.narration}"


def call_words(call: CallView) -> str:
    """What became of a request to a provider."""
    match call.state:
        case "accepted":
            return "Made" if call.is_finished else "Being made"
        case "refused":
            return "Refused, cost nothing"
        case "needs_decision":
            return "Answer lost, needs you"
        case "answered":
            return "Answered"
        case "failed":
            return "No answer to use"
        case _:
            return "Given up" if call.is_finished else "Being asked"
