"""The timeline strip: clips as wide as they are long, in playing order, to look at, pick and rearrange.

Mouse: drag. Touch: hold, then drag. Keyboard: Space picks up, arrows move, Space drops, Esc cancels; Alt + arrows
move at once; Enter opens. What happens is said aloud through a live region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from orchestrator.schema.clip_plan import MAX_TOTAL_SECONDS
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.view import ClipView
from pages.components.words import CLIP_BADGES, clock, count, shorten

HERE = Path(__file__).parent
_mount = component(
    "timeline",
    html='<div class="timeline"></div>\n',
    css=(HERE / "timeline.css").read_text(encoding="utf-8"),
    js=(HERE / "timeline.js").read_text(encoding="utf-8"),
)


def show(
    clips: Sequence[ClipView],
    *,
    selected: str,
    key: str,
    on_select: Callable[[str], None],
    on_reorder: Callable[[tuple[str, ...]], None],
) -> None:
    """Draw the strip. ``on_select`` gets a clip id, ``on_reorder`` all clip ids in their new order."""
    ids = [clip.id for clip in clips]

    def selected_changed() -> None:
        clip_id = st.session_state[key].select
        if clip_id in ids:
            on_select(clip_id)

    def order_changed() -> None:
        order = new_order(ids, st.session_state[key].reorder)
        if order is not None:
            on_reorder(order)

    _mount(
        key=key,
        data=describe(clips, selected=selected),
        on_select_change=selected_changed,
        on_reorder_change=order_changed,
    )


def describe(clips: Sequence[ClipView], *, selected: str) -> dict[str, Any]:
    """What the strip draws, as plain JSON."""
    total = sum(clip.seconds for clip in clips)
    return {
        "selected": selected,
        "summary": f"{count(len(clips), 'clip')} · {clock(total)} of {clock(MAX_TOTAL_SECONDS)}",
        "clips": [_describe_clip(clip) for clip in clips],
    }


def _describe_clip(clip: ClipView) -> dict[str, Any]:
    label, _, _ = CLIP_BADGES[clip.status]
    is_working = not clip.status.is_settled and clip.status is not ClipStatus.PENDING
    return {
        "id": clip.id,
        "position": clip.position,
        "scene": clip.scene_position,
        "sceneTitle": shorten(clip.scene_title, 40),
        "seconds": clip.seconds,
        "status": clip.status.value,
        "label": label,
        "text": shorten(clip.text or clip.visual_intent, 90),
        "score": "" if clip.score is None else f"{clip.score:.2f}",
        "progress": (clip.progress or 0.0) if is_working else None,
        "poster": clip.poster_url,
    }


def new_order(current: Sequence[str], wanted: object) -> tuple[str, ...] | None:
    """``wanted`` as an order of ``current``; None when it is none (a stale strip) or no change."""
    if not isinstance(wanted, list | tuple) or not all(isinstance(item, str) for item in wanted):
        return None
    order = tuple(str(item) for item in wanted)
    return order if sorted(order) == sorted(current) and order != tuple(current) else None


def move_clip(current: Sequence[str], clip_id: str, *, by: int) -> tuple[str, ...] | None:
    """``current`` with one clip ``by`` places later (earlier when negative), kept inside; None when nothing moves."""
    if clip_id not in current:
        return None
    rest = [item for item in current if item != clip_id]
    place = min(max(list(current).index(clip_id) + by, 0), len(rest))
    return new_order(current, [*rest[:place], clip_id, *rest[place:]])
