"""A new take cut from one that is there: a part of it, or all of it at another speed. No provider is asked."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.clip_run import Edit
from orchestrator.schema.view import TakeView
from pages.components.shared.notices import guarded
from pages.components.takes import evidence_player

SHORTEST_SECONDS = 0.5


def show(app: App, take: TakeView, *, key: str) -> None:
    """Start, end and speed with the length that comes of them; nothing for a take that is not there yet."""
    length = round(evidence_player.length_seconds(take), 1)
    if not take.video_url or take.is_active or length <= SHORTEST_SECONDS:
        return
    with st.expander(f"Retime take {take.attempt}", icon=":material/speed:"):
        start, end = st.slider(
            "Keep (seconds)", 0.0, length, (0.0, length), step=0.1, format="%.1f s", key=f"{key}-{take.run_id}-span"
        )
        speed = st.slider("Speed", 0.5, 2.0, 1.0, step=0.05, format="%.2fx", key=f"{key}-{take.run_id}-speed")
        is_same = (start, end, speed) == (0.0, length, 1.0)
        is_too_short = end - start < SHORTEST_SECONDS
        seconds = Edit(start_seconds=start, end_seconds=max(end, start + 0.1), speed=speed).seconds
        st.caption(
            f"It must keep {SHORTEST_SECONDS} s at least."
            if is_too_short
            else f"A new take of {seconds:.1f} s, at no cost. The pitch stays; this take is kept."
        )
        if st.button(
            "Cut a new take",
            icon=":material/content_cut:",
            disabled=is_same or is_too_short,
            key=f"{key}-{take.run_id}-send",
        ):
            with guarded():
                app.service.retime_take(take.run_id, start_seconds=start, end_seconds=end, speed=speed)
                st.toast("A new take is being cut", icon=":material/content_cut:")
                st.rerun(scope="app")
