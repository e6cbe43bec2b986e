"""Single Gen: one prompt, one clip, its history."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from pages.components import composer, take_history, wishes
from pages.components.notices import guarded

TICK_SECONDS = 1.0
HISTORY_LIMIT = 50


def draw() -> None:
    app = bootstrap.current()
    st.title("Single generation", anchor=False)
    is_active = any(take.is_active for take in app.views.history(limit=HISTORY_LIMIT))
    ticking = st.fragment(workspace, run_every=TICK_SECONDS if is_active else None)
    ticking(app, is_active)


def ask_for(app: App, wish: composer.Wish) -> None:
    """Ask for the clip and open it."""

    def make(request_key: str) -> str:
        return app.service.generate_single(**asdict(wish), request_key=request_key)

    clip_id, is_new = wishes.ask(app, wish, key="single-asked", make=make)
    st.query_params[take_history.ADDRESS] = clip_id
    st.toast("Generation started" if is_new else "This clip is being made already", icon=":material/play_arrow:")
    st.rerun(scope="app")


def workspace(app: App, was_active: bool) -> None:
    """Composer, player and history: one flat fragment that ticks while a clip is being made."""
    with guarded():
        left, right = st.columns([5, 6], gap="large")
        with left:
            wish = composer.show(app, key="single")
        if wish is not None:
            with guarded():
                ask_for(app, wish)
        takes = app.views.history(limit=HISTORY_LIMIT)
        with right, st.container(key="single-stage"):
            take_history.show_chosen(app, takes, key="single-chosen")
        with left:
            if takes:
                st.header("History", anchor=False)
            take_history.show_list(takes, key="single-history")
        if any(take.is_active for take in takes) != was_active:
            st.rerun(scope="app")


with guarded():
    draw()
