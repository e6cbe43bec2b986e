"""The newest decision, and the way to take it back: a bar that stays until it is dismissed or another one is made."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.reviewing import LastDecision
from orchestrator.schema.view import DecisionView
from pages.components.shared.check_words import decision_words
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain, shorten


def show(app: App, *, key: str, on_undone: Callable[[str], None] | None = None) -> None:
    """Nothing where there is none that can be taken back. ``on_undone`` gets the take's run id."""
    last = app.views.last_decision()
    if last is None or st.session_state.get(f"{key}-dismissed") == last.id:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-bar"):
        st.markdown(f":material/history: {plain(told(last))}", width="stretch")
        if st.button("Undo", icon=":material/undo:", key=f"{key}-undo", help="The decision before stands again"):
            _undo(app, last, on_undone)
        st.button(
            "Dismiss",
            icon=":material/close:",
            type="tertiary",
            key=f"{key}-dismiss",
            on_click=lambda: st.session_state.update({f"{key}-dismissed": last.id}),
        )


def told(last: LastDecision) -> str:
    """What was decided, of which clip and why, in one line."""
    said = decision_words(DecisionView(at=last.at, by=last.by, check=last.check, old="", new=last.new, reason=""))
    return f"{said} · clip {last.clip_position}: “{shorten(last.reason, 80)}”"


def _undo(app: App, last: LastDecision, on_undone: Callable[[str], None] | None) -> None:
    with guarded():
        app.service.take_back_decision(last.run_id)
        st.toast("Taken back. Both stay on record.", icon=":material/undo:")
        if on_undone:
            on_undone(last.run_id)
        st.rerun(scope="app")
