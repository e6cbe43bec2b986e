"""The clip timeline: clips as wide as they are long, in their scenes and in playing order, to look at, choose, arrange
and play.

Mouse and pen: drag. Touch: hold, then drag. Keyboard: Space picks up, arrows move, Space drops, Esc puts back; Alt +
arrows move at once; Shift or Ctrl choose several; K plays the cut. What happens is said aloud through a live region.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.schema.view import PlanView
from pages.components.storyboard.timeline import script
from pages.components.storyboard.timeline.arrangement import (
    Arrangement,
    arrangement,
    as_move,
    move_clip,
    new_arrangement,
)
from pages.components.storyboard.timeline.drawing import describe

__all__ = ["Arrangement", "arrangement", "describe", "move_clip", "new_arrangement", "show"]


def show(
    plan: PlanView,
    *,
    selected: Sequence[str],
    key: str,
    on_select: Callable[[tuple[str, ...]], None],
    on_arrange: Callable[[Arrangement, Sequence[Arrangement]], None] | None = None,
    on_rename: Callable[[str, str, str], None] | None = None,
    on_remove: Callable[[tuple[str, ...]], None] | None = None,
) -> None:
    """Draw the timeline. ``on_select`` gets the chosen clips, ``on_arrange`` all clips in their scenes, and how
    they stood before each move in it; ``on_rename`` a scene, its new title and the former, ``on_remove`` clips. Without
    one of the last three nothing can be moved, renamed or removed: clips are looked at and chosen."""
    known, scenes = {clip.id for clip in plan.clips}, {scene_id for scene_id, _ in arrangement(plan)}

    def chosen(ids: object) -> tuple[str, ...]:
        return tuple(i for i in ids if i in known) if isinstance(ids, list) else ()

    def select_changed() -> None:
        if clips := chosen(st.session_state[key].select):
            on_select(clips)

    def arrange_changed() -> None:
        # also one that looks unchanged: with two moves in quick succession ``plan`` is from before the first
        if on_arrange and (move := as_move(st.session_state[key].arrange)) is not None:
            st.session_state[f"{key}-heard"] = st.session_state[key].arrange.get("mark")
            on_arrange(*move)

    def rename_changed() -> None:
        match st.session_state[key].rename:
            case {"scene": str(scene), "title": str(new), "seen": str(seen)} if on_rename and scene in scenes:
                on_rename(scene, new, seen)

    def remove_changed() -> None:
        clips = chosen(st.session_state[key].remove)
        if on_remove and clips:
            on_remove(clips)

    acts = (("arrange", on_arrange), ("rename", on_rename), ("remove", on_remove))
    heard = st.session_state.get(f"{key}-heard")
    drawn = describe(plan, selected=selected, can=[name for name, act in acts if act], heard=heard)
    with st.container(gap=None):
        script.place_code(key=f"{key}-code")
        script.place(
            key=key,
            data=json.dumps(drawn, ensure_ascii=False, separators=(",", ":")).encode(),  # bytes go as they are
            on_select_change=select_changed,
            on_arrange_change=arrange_changed,
            on_rename_change=rename_changed,
            on_remove_change=remove_changed,
        )
