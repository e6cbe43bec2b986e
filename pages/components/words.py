"""How numbers and states read on screen. Pure: no drawing, no input or output."""

from __future__ import annotations

from orchestrator.schema.assessment import CheckName, CheckStatus, Verdict
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus
from orchestrator.schema.view import ProviderView, TakeView

CHECK_TITLES = {
    CheckName.TRANSCRIPT_MATCH: "Transcript match",
    CheckName.VISUAL_REQUIREMENTS: "Visual requirements",
    CheckName.CONTINUITY: "Continuity",
    CheckName.NO_ARTIFACTS: "No artifacts",
    CheckName.DURATION_OK: "Duration",
}
CHECK_STATUS_WORDS = {CheckStatus.PASS: "Pass", CheckStatus.FAIL: "Fail", CheckStatus.NOT_RUN: "Not run"}

WORKING_ICON = ":material/progress_activity:"
# label, icon, colour of st.badge
Badge = tuple[str, str, str]
WAITING: Badge = ("Queued", ":material/schedule:", "gray")
PASSED: Badge = ("Passed", ":material/check_circle:", "green")
FAILED: Badge = ("Failed", ":material/error:", "red")
NEEDS_YOU: Badge = ("Needs you", ":material/visibility:", "orange")

CLIP_BADGES: dict[ClipStatus, Badge] = {
    ClipStatus.PENDING: WAITING,
    ClipStatus.GENERATING: ("Generating", WORKING_ICON, "blue"),
    ClipStatus.ASSESSING: ("Assessing", ":material/rule:", "violet"),
    ClipStatus.REPAIRING: ("Repairing", ":material/build:", "orange"),
    ClipStatus.PASSED: PASSED,
    ClipStatus.NEEDS_REVIEW: NEEDS_YOU,
    ClipStatus.FAILED: FAILED,
}
PLAN_BADGES: dict[PlanStatus, Badge] = {
    PlanStatus.PLANNED: ("Planned", ":material/edit_note:", "gray"),
    PlanStatus.RUNNING: ("Running", WORKING_ICON, "blue"),
    PlanStatus.PAUSED: ("Paused", ":material/pause_circle:", "orange"),
    PlanStatus.COMPLETED: ("Completed", ":material/check_circle:", "green"),
    PlanStatus.INCOMPLETE: ("Incomplete", ":material/error:", "red"),
    PlanStatus.CANCELLED: ("Cancelled", ":material/cancel:", "gray"),
}
RENDER_BADGES: dict[RenderStatus, Badge] = {
    RenderStatus.QUEUED: WAITING,
    RenderStatus.RENDERING: ("Rendering", WORKING_ICON, "blue"),
    RenderStatus.DONE: ("Done", ":material/check_circle:", "green"),
    RenderStatus.FAILED: FAILED,
}


def take_badge(take: TakeView) -> Badge:
    """What became of a take: a person's word first, then the verdict, then an error, else what it is doing."""
    if take.override == "approved" or (take.is_accepted and take.verdict is not Verdict.PASS):
        return ("Approved", ":material/thumb_up:", "green")
    if take.override == "rejected":
        return ("Rejected", ":material/thumb_down:", "red")
    if take.is_active:
        is_repairing = take.verdict is Verdict.FAIL or bool(take.error_message)
        return CLIP_BADGES[ClipStatus.REPAIRING] if is_repairing else (take.status_text, WORKING_ICON, "blue")
    if take.verdict is Verdict.PASS:
        return PASSED
    if take.verdict is Verdict.FAIL or take.error_message:
        return FAILED
    if take.verdict is Verdict.NEEDS_REVIEW:
        return NEEDS_YOU
    return (take.status_text, ":material/pause_circle:", "gray")


def clock(seconds: float) -> str:
    """Seconds as ``m:ss``."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def time_left(seconds: float | None) -> str:
    """Seconds to go in words, as coarse as the guess behind them; empty when nothing is known."""
    if seconds is None:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s left"
    return f"about {round(seconds / 60)} min left"


def money(usd: float) -> str:
    """US dollars; cents, or fractions of a cent where there are no whole ones."""
    return f"${usd:,.2f}" if usd == 0 or usd >= 0.01 else f"${usd:.4f}"


def count(number: int, noun: str) -> str:
    """``1 clip``, ``2 clips``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def percent(share: float) -> str:
    """A share of 0..1 as whole percent."""
    return f"{share:.0%}"


def plain(text: str) -> str:
    """``text`` as people wrote it, with Markdown's own signs made harmless."""
    return "".join(f"\\{sign}" if sign in r"\`*_{}[]<>#$|~:!" else sign for sign in text)


def shorten(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters."""
    line = " ".join(text[: limit * 4].split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def size_title(size: str) -> str:
    """``1280x720`` as ``16:9 · 1280 x 720``; sizes of an odd shape stay as they are."""
    width, height = (int(side) for side in size.split("x"))
    shapes = {(16, 9): "16:9", (9, 16): "9:16", (1, 1): "1:1", (4, 3): "4:3", (3, 4): "3:4"}
    near = next((name for (w, h), name in shapes.items() if abs(width * h - height * w) <= 0.02 * height * w), "")
    return f"{near} · {width} x {height}" if near else f"{width} x {height}"


def estimate_usd(provider: ProviderView, *, model: str, seconds: int) -> float:
    """List price of ``seconds`` of video; an unknown model counts as the dearest."""
    rates = provider.cost_usd_per_second
    return rates.get(model, max(rates.values(), default=0.0)) * seconds


def estimate_words(provider: ProviderView, *, model: str, seconds: int, clips: int = 1) -> str:
    """What ``clips`` clips of ``seconds`` in total will cost when every first take passes."""
    if provider.is_free:
        return "Free"
    cost = money(estimate_usd(provider, model=model, seconds=seconds))
    return f"About {cost}" + (" if every first take passes" if clips > 1 else "")
