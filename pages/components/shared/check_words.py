"""How checks, findings and decisions about them read on screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.view import DecisionView

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
