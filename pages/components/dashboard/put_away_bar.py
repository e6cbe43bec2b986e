"""The way back for a project that was just archived or deleted. It stays until somebody dismisses it."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import ProjectState, PutAway
from pages.components.shared.notices import guarded
from pages.components.shared.words import count, plain, shorten

DISMISSED = "put-away-dismissed"


def show(app: App, *, key: str) -> None:
    """Drawn from the rows, so that a reload and a second tab offer it too."""
    last = app.views.last_put_away()
    if last is None or st.session_state.get(DISMISSED) == last.at:
        return

    def dismiss() -> None:
        st.session_state[DISMISSED] = last.at

    with st.container(horizontal=True, vertical_alignment="center", gap="small", border=True, key=key):
        st.markdown(words(last), width="stretch")
        if st.button("Undo", icon=":material/undo:", key=f"{key}-undo"):
            with guarded():
                undo(app, last)
                st.rerun(scope="app")
        st.button("Dismiss", type="tertiary", icon=":material/close:", key=f"{key}-dismiss", on_click=dismiss)


def undo(app: App, last: PutAway) -> None:
    if last.state is ProjectState.DELETED:
        app.service.restore_project(last.project_id)
    else:
        app.service.archive_project(last.project_id, is_archived=False)


def words(last: PutAway) -> str:
    """What happened, what was kept and what still costs, as Markdown. Pure."""
    name = plain(shorten(last.name or "Untitled film", 60))
    if last.state is ProjectState.ARCHIVED:
        return f"**{name}** is archived. It keeps everything it has."
    under_way = last.clips_under_way
    finishing = (
        f" {count(under_way, 'take')} under way {'is' if under_way == 1 else 'are'} finished, for paid takes are."
    )
    return f"**{name}** is in the bin with everything it has.{finishing if under_way else ''}"
