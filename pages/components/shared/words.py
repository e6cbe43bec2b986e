"""How numbers and states read on screen. Pure: no drawing, no input or output."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.schema.assessment import CheckName, CheckStatus, Verdict
from orchestrator.schema.clip_run import TAKEN_BACK, RepairStrategy
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus, RunStatus
from orchestrator.schema.view import CallView, CostEstimate, DecisionView, Phase, TakeView

CHECK_TITLES = {
    CheckName.TRANSCRIPT_MATCH: "Transcript match",
    CheckName.VISUAL_REQUIREMENTS: "Visual requirements",
    CheckName.CONTINUITY: "Continuity",
    CheckName.NO_ARTIFACTS: "No artifacts",
    CheckName.DURATION_OK: "Duration",
}
CHECK_STATUS_WORDS = {
    CheckStatus.PASS: "Pass",
    CheckStatus.FAIL: "Fail",
    CheckStatus.NOT_RUN: "Not run",
    CheckStatus.NOT_APPLICABLE: "Not applicable",
}

SHAPES = ((16, 9), (9, 16), (1, 1), (4, 3), (3, 4), (21, 9))
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
UNDONE = "taken_back"  # what a decision says that takes back the one before it
DECISION_WORDS = {
    "approved": "Approved",
    "rejected": "Rejected",
    "adopted": "Lost generation found",
    UNDONE: "Taken back",
}
SECOND_WITNESS_WORDS = {
    "agrees": "Agrees",
    "overrules": "Overrules: said right, spelled otherwise",
    "doubts": "Doubts that these words were said",
}
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "pl": "Polish",
    "ru": "Russian",
    "tr": "Turkish",
    "ar": "Arabic",
    "hi": "Hindi",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Chinese",
}
# sign and word of an answer about the picture
ANSWER_SIGNS = {"yes": ("✓", "Yes"), "no": ("✕", "No"), "unsure": ("?", "Unsure")}
ALIGNED_FINDINGS = frozenset(("wrong_words", "missing_words", "extra_words"))
# findings that are heard or read off the file: a still shows nothing of them
UNSEEN_FINDINGS = frozenset(
    (
        "silent",
        "silence",
        "no_speech",
        "clipped_sound",
        "clicks",
        "click",
        "music_only",
        "decode_errors",
        "wrong_length",
        "length_off",
        "audio_longer",
        "audio_shorter",
    )
)
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


def clock(seconds: float) -> str:
    """Seconds as ``m:ss``."""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def lasting(seconds: float) -> str:
    """How long something took, to about two digits."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def span_words(start_seconds: float, end_seconds: float | None) -> str:
    """A place in a take: ``3.2 s`` or ``3.2 to 4.0 s``."""
    is_moment = end_seconds is None or end_seconds - start_seconds < 0.05
    return f"{start_seconds:.1f} s" if is_moment else f"{start_seconds:.1f} to {end_seconds:.1f} s"


def joint_words(measured: Mapping[str, float]) -> dict[str, str]:
    """How a take differs from the one beside it at their joint; what was not measured is left out."""
    likeness, palette = measured.get("similarity"), measured.get("palette_distance")
    words = {
        "Likeness": "" if likeness is None else f"{likeness:.2f} of 1",
        "Palette": "" if palette is None else f"{palette:.1f} of 100 apart",
        "Light": _more_or_less(measured.get("light_jump"), "%", "brighter", "darker"),
        "Loudness": _more_or_less(measured.get("loudness_jump_lu"), "LU", "louder", "quieter"),
        "Noise floor": _more_or_less(measured.get("noise_jump_db"), "dB", "louder", "quieter"),
    }
    return {title: said for title, said in words.items() if said}


def _more_or_less(jump: float | None, unit: str, more: str, less: str) -> str:
    if jump is None:
        return ""
    return f"{abs(jump):.1f} {unit} {more if jump > 0 else less}" if abs(jump) >= 0.05 else "the same"


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


def rate(usd: float) -> str:
    """US dollars a second, to a hundredth of a cent where it matters."""
    text = f"{usd:.4f}".rstrip("0")
    return f"${text if len(text.partition('.')[2]) >= 2 else f'{usd:.2f}'}"


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
    near = shape(width, height)
    return f"{near} · {width} x {height}" if near else f"{width} x {height}"


def shape(width: int, height: int) -> str:
    """The shape of a frame within 2 percent, like ``16:9``; empty for an odd one."""
    return next((f"{w}:{h}" for w, h in SHAPES if abs(width * h - height * w) <= 0.02 * height * w), "")


def estimate_words(estimate: CostEstimate | None) -> str:
    """What making the clips that are left will cost and how that is known; empty when it costs nothing."""
    if estimate is None or not estimate.high_usd:
        return ""
    known = "as counted in this workspace" if estimate.is_from_history else "a guess until more were made here"
    return (
        f"About {money(estimate.likely_usd)}, between {money(estimate.low_usd)} and {money(estimate.high_usd)}; "
        f"{estimate.takes_per_clip:g} takes a clip, {known}"
    )


def shortfall_words(estimate: CostEstimate | None, *, left_usd: float | None) -> str:
    """Why a budget of which ``left_usd`` is left will not do, None being no budget; empty when it probably will."""
    if estimate is None or left_usd is None or estimate.likely_usd <= left_usd + 1e-9:
        return ""
    left = f"The budget leaves {money(left_usd)}"
    if estimate.low_usd > left_usd + 1e-9:
        return f"{left}, and at least {money(estimate.low_usd)} is needed."
    return f"{left}, and probably {money(estimate.likely_usd)} is needed."


def cost_words(take: TakeView) -> str:
    """What a take cost, marked as long as it is not known for sure; empty when it cost nothing."""
    return money(take.cost_usd) + ("" if take.is_cost_final else " estimated") if take.cost_usd else ""


def phase_words(phase: Phase) -> str:
    """A phase of a take with how long it took, or takes already, and what it cost."""
    spent = f", {money(phase.cost_usd)}" if phase.cost_usd else ""
    return f"{phase.name.capitalize()} {lasting(phase.seconds)}{' so far' if phase.is_open else ''}{spent}"


def decision_words(decision: DecisionView) -> str:
    """What was decided, about the whole take or one check of it."""
    if not decision.check:
        said = DECISION_WORDS.get(decision.new, decision.new.replace("_", " ").capitalize())
        return f"{said}: {DECISION_WORDS.get(decision.old, decision.old).lower()}" if decision.new == UNDONE else said
    title = next((title for name, title in CHECK_TITLES.items() if name == decision.check), decision.check)
    states = {status.value: words for status, words in CHECK_STATUS_WORDS.items()}
    if decision.new == UNDONE:
        return f"{title}: {states.get(decision.old, decision.old)} was taken back"
    changed = f"{states.get(decision.old, decision.old)} → " if decision.old else ""
    return f"{title}: {changed}{states.get(decision.new, decision.new)}"


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
