"""The sound of a take as a picture: where it is loud, where nothing is heard, and what the checks marked in it.

A press anywhere leads the player of that take there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from orchestrator.schema.assessment import CheckName
from orchestrator.schema.view import TakeView
from pages.components.shared.check_words import UNSEEN_FINDINGS
from pages.components.takes import evidence
from pages.components.takes.evidence_player import length_seconds

HERE = Path(__file__).parent
BINS = 320
# findings that lie in the sound -> what they are called under it
_MARKS = {
    "clipped_sound": "Clipped",
    "clicks": "Click",
    "click": "Click",
    "dropout": "Drops out",
    "silence": "Silence",
    "no_speech": "No words",
    "music_only": "Music only",
    "wrong_words": "Wrong words",
    "missing_words": "Missing words",
    "extra_words": "Added words",
}
_mount = component(
    "waveform",
    html='<div class="wave"></div>\n',
    css=(HERE / "waveform.css").read_text(encoding="utf-8"),
    js=(HERE / "waveform.js").read_text(encoding="utf-8"),
)


def show(take: TakeView, *, key: str) -> None:
    """Nothing for a take without a video."""
    if take.video_url:
        _mount(key=f"{key}-{take.run_id}", data=describe(take), height="content")


def describe(take: TakeView) -> dict[str, Any]:
    """What is drawn besides the sound itself, as plain JSON. Pure."""
    heard = take.checks.get(CheckName.TRANSCRIPT_MATCH)
    return {
        "src": take.video_url,
        "peaks": f"{take.video_url}/peaks?bins={BINS}",
        "seconds": length_seconds(take),
        "voice": evidence.spans(heard, "speech") if heard else [],
        "marks": marks(take),
    }


def marks(take: TakeView) -> list[dict[str, Any]]:
    """Every finding that lies in the sound and has a place, in order of time."""
    found = [
        {
            "start": finding.start_seconds,
            "end": max(finding.end_seconds or 0.0, finding.start_seconds),
            "label": _MARKS.get(finding.code, "Sound"),
            "title": finding.message,
        }
        for check in take.checks.values()
        for finding in check.findings
        if finding.start_seconds is not None and (finding.code in _MARKS or finding.code in UNSEEN_FINDINGS)
    ]
    return sorted(found, key=lambda mark: (mark["start"], mark["end"]))
