"""How one clip becomes the next, to choose: the kind and how long it lasts."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from orchestrator.schema.timeline import Transition, TransitionKind

TITLES = {
    TransitionKind.CUT: "Cut",
    TransitionKind.CROSSFADE: "Crossfade",
    TransitionKind.WIPE: "Wipe",
    TransitionKind.FADE_BLACK: "Fade to black",
}
SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 2.0


def of_kind(kind: TransitionKind, saved: Transition, *, key: str, on_change: Callable[[], None]) -> Transition:
    """A transition of this kind with the length on screen; a cut has none."""
    if kind is TransitionKind.CUT:
        return Transition()
    seconds = st.slider(
        "Transition length (s)",
        SHORTEST_SECONDS,
        LONGEST_SECONDS,
        min(max(saved.seconds, SHORTEST_SECONDS), LONGEST_SECONDS),
        step=0.1,
        key=f"{key}-transition-s",
        on_change=on_change,
    )
    return Transition(kind=kind, seconds=seconds)


def words(transition: Transition) -> str:
    """``Crossfade 0.5 s``."""
    title = TITLES[transition.kind]
    return title if transition.kind is TransitionKind.CUT else f"{title} {transition.seconds:g} s"
