"""The scene board: every scene a column of cards, to move clips from one to another with more room than the timeline
gives. By keyboard the same is done on the timeline."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from streamlit_sortables import sort_items

from orchestrator.schema.view import PlanView
from pages.components.shared.words import shorten
from pages.components.storyboard.timeline.arrangement import Arrangement, arrangement, new_arrangement

CARD_CHARACTERS, TITLE_CHARACTERS = 64, 48
_TURNS = "scene-board-turns"
_COLOURS = {
    "light": {"page": "#fbfbfd", "column": "#f1f2f7", "card": "#ffffff", "edge": "#c9cdd9", "text": "#151722"},
    "dark": {"page": "#0e1016", "column": "#171a23", "card": "#242938", "edge": "#3b4152", "text": "#eceef5"},
}


def show(plan: PlanView, *, key: str, on_arrange: Callable[[Arrangement], None]) -> None:
    """Draw the board; ``on_arrange`` gets all clips in their scenes once somebody moved one."""
    columns = board(plan)
    st.caption(
        "Drag a clip to another place or scene; on a touch screen hold it first. "
        "By keyboard, use the timeline: Space picks a clip up, arrows move it, Space drops it."
    )
    # A board keeps what was done to it under its key, so each arrangement, and each one reached again, has its own.
    turns: dict[str, int] = st.session_state.setdefault(_TURNS, {})
    turn = turns.get(key, 0)
    facts = json.dumps([arrangement(plan), columns, st.context.theme.type])
    moved = sort_items(
        columns,
        multi_containers=True,
        direction="vertical",
        custom_style=_style("dark" if st.context.theme.type == "dark" else "light"),
        key=f"{key}-{turn}-{hashlib.sha256(facts.encode()).hexdigest()[:16]}",
    )
    if moved == columns:
        return
    turns[key] = turn + 1
    wanted = read(plan, moved)
    if wanted is None:
        st.rerun()  # made of what is no longer so: a fresh board
    else:
        on_arrange(wanted)


def board(plan: PlanView) -> list[dict[str, Any]]:
    """The columns as the board wants them; every text on it is another, for the text is all it knows of a card."""
    titles = {clip.scene_id: (clip.scene_position, clip.scene_title) for clip in plan.clips}
    titles |= {scene.id: (scene.position, scene.title) for scene in plan.scenes}
    cards = {clip.id: _card(clip.position, clip.text or clip.visual_intent, clip.seconds) for clip in plan.clips}
    return [
        {"header": _header(*titles[scene_id]), "items": [cards[clip_id] for clip_id in clips]}
        for scene_id, clips in arrangement(plan)
    ]


def read(plan: PlanView, moved: Sequence[dict[str, Any]]) -> Arrangement | None:
    """The arrangement a board shows; None when it is not one of this plan's clips, or none that is new."""
    current = arrangement(plan)
    scenes = {column["header"]: scene_id for column, (scene_id, _) in zip(board(plan), current, strict=True)}
    clips = {
        card: clip_id
        for column, (_, ids) in zip(board(plan), current, strict=True)
        for card, clip_id in zip(column["items"], ids, strict=True)
    }
    return new_arrangement(
        current,
        [
            (scenes.get(column.get("header", ""), ""), [clips.get(card, "") for card in column.get("items", ())])
            for column in moved
        ],
    )


def _header(position: int, title: str) -> str:
    return f"{position} · {shorten(title, TITLE_CHARACTERS)}" if title.strip() else f"Scene {position}"


def _card(position: int, text: str, seconds: int) -> str:
    return f"{position} · {shorten(text, CARD_CHARACTERS)} ({seconds} s)"


def _style(theme: str) -> str:
    """The board stands in a frame of its own, which knows nothing of the page."""
    colour = _COLOURS[theme]
    return f"""
    @font-face {{ font-family: Inter; src: url("/app/static/inter-latin-wght-normal.woff2"); font-weight: 100 900; }}
    body {{ background: {colour["page"]}; }}
    .sortable-component {{ gap: 10px; padding: 2px; font-family: Inter, system-ui, sans-serif; }}
    .sortable-component.vertical .sortable-container {{ padding: 0; flex: 1 1 220px; max-width: 420px; }}
    .sortable-container {{ align-self: flex-start; border-radius: 12px; overflow: hidden; }}
    .sortable-container-header {{
      padding: 8px 12px 2px; font-size: 13px; font-weight: 650; background: {colour["column"]}; color: {colour["text"]};
    }}
    .sortable-container-body {{
      min-height: 64px; padding: 6px 6px 10px; border-radius: 0; background: {colour["column"]};
    }}
    .sortable-item, .sortable-item:hover {{
      height: auto; margin: 4px; padding: 8px 10px; border: 1px solid {colour["edge"]}; border-radius: 9px;
      font-size: 13px; line-height: 1.4; white-space: normal; text-align: left;
      background: {colour["card"]}; color: {colour["text"]};
    }}
    .sortable-item:focus-visible {{ outline: 3px solid #6673fa; outline-offset: 1px; }}
    """
