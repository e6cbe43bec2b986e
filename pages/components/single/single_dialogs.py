"""What opens over the page for one take: its assessment, remixing it, taking it into a film."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from pages.components.shared.notices import guarded
from pages.components.single import composer, gathering, remix
from pages.components.takes import take_review

ASSESSMENT = "take"  # in the address, as everywhere: the take whose assessment is open
_ASKED = "single-dialog"


def open_assessment(run_id: str) -> None:
    st.session_state.pop(_ASKED, None)
    st.query_params[ASSESSMENT] = run_id


def open_remix(run_id: str) -> None:
    st.session_state[_ASKED] = (_show_remix, run_id)


def open_gathering(run_id: str) -> None:
    st.session_state[_ASKED] = (_show_gathering, run_id)


def show(app: App) -> None:
    """The dialog that was asked for, in every run until it is closed: the page is drawn anew whenever a take ends."""
    if asked := st.session_state.get(_ASKED):
        draw, run_id = asked
        draw(app, run_id)
    elif run_id := st.query_params.get(ASSESSMENT):
        take_review.open_drawer(app, run_id)


def _close() -> None:
    st.session_state.pop(_ASKED, None)


@st.dialog("Remix", icon=":material/shuffle:", on_dismiss=_close)
def _show_remix(app: App, run_id: str) -> None:
    with guarded():
        if clip_id := remix.show(app, app.views.take(run_id), key=f"remix-{run_id}"):
            _close()
            st.query_params[composer.ADDRESS] = clip_id
            st.rerun(scope="app")


@st.dialog("Add to storyboard", icon=":material/view_timeline:", on_dismiss=_close)
def _show_gathering(app: App, run_id: str) -> None:
    with guarded():
        gathering.show(app, app.views.take(run_id), key=f"gather-{run_id}")
