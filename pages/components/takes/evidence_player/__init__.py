"""A take to watch with its evidence on a time bar: every finding that has a place is a mark, and leads there.

Links made by ``link`` anywhere on the page lead there too: the player of that video catches them. Without a player they
open the video at that second, as any link with a media fragment does.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.view import TakeView
from pages.components.shared import player
from pages.components.shared.check_words import CHECK_TITLES
from pages.components.shared.numbers import span_words
from pages.components.takes import evidence

HERE = Path(__file__).parent
LANES_AT_MOST = 4
NARROWEST = 0.02  # of the bar: what a mark takes up however short its finding is
_mount = component(
    "evidence_player",
    html='<div class="player"></div>\n',
    css=(HERE / "evidence_player.css").read_text(encoding="utf-8"),
    js=(HERE / "evidence_player.js").read_text(encoding="utf-8"),
)


def show(take: TakeView, *, label: str, placeholder: str, key: str) -> None:
    """The player, or a calm frame that says why there is nothing to play."""
    if not take.video_url:
        player.show("", poster_url="", label=label, placeholder=placeholder)
        return
    _mount(key=f"{key}-{take.run_id}", data=describe(take, label=label), height="content")


def link(video_url: str, seconds: float | None, content: str) -> str:
    """``content`` (HTML) as a link to that second of the video; plain where there is no video or no second."""
    if not video_url or seconds is None:
        return content
    title = f"Play from {seconds:.1f} s"
    return f'<a class="svo-seek" href="{escape(video_url)}#t={seconds:.2f}" title="{title}">{content}</a>'


def describe(take: TakeView, *, label: str) -> dict[str, Any]:
    """What the player draws, as plain JSON."""
    length = length_seconds(take)
    heard = take.checks.get(CheckName.TRANSCRIPT_MATCH)
    return {
        "src": take.video_url,
        "poster": take.poster_url,
        "label": label,
        "seconds": length,
        "speech": evidence.spans(heard, "speech") if heard else [],
        "marks": marks(take, length_seconds=length),
    }


def length_seconds(take: TakeView) -> float:
    """How long the take is, as measured, else as ordered."""
    duration = take.checks.get(CheckName.DURATION_OK)
    measured = evidence.figure(duration, "actual_seconds") if duration else None
    return measured if measured and measured > 0 else float(take.seconds)


def marks(take: TakeView, *, length_seconds: float) -> list[dict[str, Any]]:
    """Every finding that has a place, in order of time, in lanes so that none hides another. Pure."""
    placed = [
        (finding.start_seconds, finding.end_seconds or finding.start_seconds, name, check.status, finding)
        for name, check in take.checks.items()
        for finding in check.findings
        if finding.start_seconds is not None
    ]
    lanes: list[float] = []
    drawn = []
    for start, end, name, status, finding in sorted(placed, key=lambda item: item[:2]):
        start, end = (min(max(0.0, second), length_seconds) for second in (start, end))
        free = next((lane for lane, until in enumerate(lanes) if until <= start), min(len(lanes), LANES_AT_MOST - 1))
        lanes[free : free + 1] = [max(end, start + NARROWEST * length_seconds)]
        drawn.append(
            {
                "start": start,
                "end": end,
                "lane": free,
                "tone": "fail" if status is CheckStatus.FAIL else "note",
                "title": f"{CHECK_TITLES[name]}: {finding.message} ({span_words(start, end)})",
            }
        )
    return drawn
