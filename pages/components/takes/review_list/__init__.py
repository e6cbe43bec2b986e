"""What waits for a person as a list to choose from: picture, what it is, why it waits and how long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from orchestrator.schema.reviewing import NeedKind, NeedView
from pages.components.shared.words import shorten

HERE = Path(__file__).parent
KIND_WORDS = {NeedKind.REVIEW: "To decide", NeedKind.LOST: "Answer lost", NeedKind.FAILED: "Failed"}
_mount = component(
    "review_list",
    html='<ol class="list"></ol>\n',
    css=(HERE / "review_list.css").read_text(encoding="utf-8"),
    js=(HERE / "review_list.js").read_text(encoding="utf-8"),
)


def show(items: Sequence[NeedView], *, chosen: str, key: str, on_choose: Callable[[str], None]) -> None:
    """``chosen`` is a clip id; ``on_choose`` gets the one that was pressed."""

    def choose() -> None:
        clip_id = st.session_state[key].choose
        if any(item.clip_id == clip_id for item in items):
            on_choose(clip_id)

    _mount(key=key, data=describe(items, chosen=chosen, now=datetime.now(UTC)), on_choose_change=choose)


def describe(items: Sequence[NeedView], *, chosen: str, now: datetime) -> dict[str, Any]:
    """What the list draws, as plain JSON. Pure."""
    return {
        "chosen": chosen,
        "items": [
            {
                "id": item.clip_id,
                "poster": item.poster_url,
                "where": _where(item),
                "line": shorten(item.line, 90),
                "why": shorten(item.why, 110),
                "kind": item.kind.value,
                "kind_words": KIND_WORDS[item.kind],
                "score": "" if item.score is None else f"{item.score:.2f}",
                "since": waiting_words((now - item.since).total_seconds()),
            }
            for item in items
        ],
    }


def waiting_words(seconds: float) -> str:
    """How long somebody has kept a clip waiting, as coarse as people say it."""
    minutes = max(0.0, seconds) / 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes:.0f} min"
    if minutes < 60 * 36:
        return f"{minutes / 60:.0f} h"
    return f"{minutes / 60 / 24:.0f} days"


def _where(item: NeedView) -> str:
    return "Single clip" if item.is_single else f"{shorten(item.project_name, 34)} · clip {item.position}"
