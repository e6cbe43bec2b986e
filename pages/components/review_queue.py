"""Takes that wait for a person, as cards with the evidence in reach."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import TakeView
from pages.components import player, retry, take_review
from pages.components.notices import show_empty
from pages.components.words import is_answer_lost, plain, shorten

COLUMNS = 3
SHOWN_AT_MOST = 12


def show(app: App, takes: Sequence[TakeView], *, key: str) -> None:
    """One card per take: picture, why it waits, and the way to decide."""
    if not takes:
        show_empty("Nothing waits for you", "Takes that the checks cannot decide on appear here.", icon="task_alt")
        return
    shown = takes[:SHOWN_AT_MOST]
    cells = [cell for _ in range(0, len(shown), COLUMNS) for cell in st.columns(COLUMNS, gap="small")]
    for cell, take in zip(cells, shown, strict=False):
        with cell, st.container(border=True, gap="small"):
            player.show_poster(take.poster_url, seconds=take.seconds, placeholder="No picture")
            st.caption(f"{plain(shorten(take.project_name, 40))} · clip {take.position} · take {take.attempt}")
            st.markdown(f"**{plain(shorten(take.line or take.prompt, 80))}**")
            st.caption(plain(shorten(take.summary or take.error_message or take.status_text, 160)))
            with st.container(horizontal=True, gap="small"):
                if st.button(
                    "Assessment", icon=":material/fact_check:", type="primary", key=f"{key}-open-{take.run_id}"
                ):
                    take_review.open_drawer(app, take.run_id)
                with st.popover("Decide", icon=":material/gavel:"):
                    if is_answer_lost(take):
                        retry.show_lost(app, take, key=f"{key}-{take.run_id}")
                    else:
                        take_review.show_decision(app, take, key=f"{key}-{take.run_id}")
    if len(takes) > len(shown):
        st.caption(f"{len(takes) - len(shown)} more follow once these are decided.")
