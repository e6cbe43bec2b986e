"""Changes taken back and done again: two buttons, and a bar that offers the way back after each change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.edits import EditEntry, EditHistory
from pages.components.shared import rights
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain
from pages.components.storyboard import selection

OFFERED_FOR = timedelta(minutes=10)
_DISMISSED = "edit-dismissed"


def show_buttons(app: App, project_id: str, history: EditHistory, *, key: str) -> None:
    """Undo and redo, each with what it would do as its tooltip."""
    ways = (
        ("Undo", "undo", history.undo_label, history.undo_id, history.undo_role),
        ("Redo", "redo", history.redo_label, history.redo_id, history.redo_role),
    )
    for word, icon, label, edit_id, role in ways:
        is_theirs = rights.may(app, project_id, role)
        words = f"{word}: {label}" if label else f"Nothing to {word.lower()}"
        words += "" if is_theirs else " (for the owner and the creators)"
        is_off = not label or not is_theirs
        if st.button(
            word, icon=f":material/{icon}:", help=plain(words), disabled=is_off, key=f"icon-{key}-{word.lower()}"
        ):
            _go(app, project_id, edit_id, is_redo=word == "Redo")


def show_bar(app: App, project_id: str, history: EditHistory, *, key: str) -> None:
    """What was changed last in the storyboard, until it is dismissed, replaced or ten minutes old."""
    entry = offered(history, dismissed=st.session_state.get(_DISMISSED, ""), now=datetime.now(UTC))
    if entry is None or not rights.may(app, project_id, history.undo_role):
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="undo-bar"):
        st.markdown(f":material/check: {plain(entry.label)}", width="stretch")
        if st.button("Undo", icon=":material/undo:", type="tertiary", key=f"{key}-bar-undo-{entry.id}"):
            _go(app, project_id, entry.id, is_redo=False)
        if st.button(
            "Dismiss", icon=":material/close:", help="Dismiss", type="tertiary", key=f"icon-{key}-dismiss-{entry.id}"
        ):
            st.session_state[_DISMISSED] = entry.id
            st.rerun()


def offered(history: EditHistory, *, dismissed: str, now: datetime) -> EditEntry | None:
    """The change to offer the way back from: the last one, if it was of the plan and not long ago. Pure."""
    last = next((entry for entry in history.entries if entry.id == history.undo_id), None)
    if last is None or last.kind != "plan" or last.id == dismissed:
        return None
    at = last.at if last.at.tzinfo else last.at.replace(tzinfo=UTC)
    return last if now - at < OFFERED_FOR else None


def _go(app: App, project_id: str, edit_id: str, *, is_redo: bool) -> None:
    """The change is named, so that a second click takes back nothing more."""
    with guarded():
        change = app.service.redo if is_redo else app.service.undo
        label = change(project_id, edit_id=edit_id)
        plan_id = app.views.project(project_id).clip_plan_id
        if plan_id and selection.is_foreign(app.views.plan(plan_id)):
            selection.choose(())  # what was looked at went with it
        if label:
            st.toast(plain(f"{'Done again' if is_redo else 'Undone'}: {label}"), icon=":material/undo:")
        st.rerun()
