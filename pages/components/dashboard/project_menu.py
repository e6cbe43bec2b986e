"""What can be done with a project in the list. What cannot be undone asks first."""

from __future__ import annotations

from enum import StrEnum

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import ListedProject, ProjectState
from orchestrator.schema.member import Role
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.words import plain, shorten


class Action(StrEnum):
    RENAME = "Rename"
    DUPLICATE = "Duplicate"
    ARCHIVE = "Archive"
    TAKE_OUT = "Take out of the archive"
    DELETE = "Delete"
    RESTORE = "Restore"
    ERASE = "Delete for good"


ACTIONS = {
    ProjectState.ACTIVE: (Action.RENAME, Action.DUPLICATE, Action.ARCHIVE, Action.DELETE),
    ProjectState.ARCHIVED: (Action.RENAME, Action.DUPLICATE, Action.TAKE_OUT, Action.DELETE),
    ProjectState.DELETED: (Action.RESTORE, Action.ERASE),
}
# Who may; whoever sees a project may copy it.
ROLES = {
    Action.RENAME: Role.CREATOR,
    Action.ARCHIVE: Role.CREATOR,
    Action.TAKE_OUT: Role.CREATOR,
    Action.DELETE: Role.OWNER,
    Action.RESTORE: Role.OWNER,
    Action.ERASE: Role.OWNER,
}
_ICONS = {
    Action.RENAME: ":material/edit:",
    Action.DUPLICATE: ":material/content_copy:",
    Action.ARCHIVE: ":material/archive:",
    Action.TAKE_OUT: ":material/unarchive:",
    Action.DELETE: ":material/delete:",
    Action.RESTORE: ":material/restore_from_trash:",
    Action.ERASE: ":material/delete_forever:",
}
# (what is asked, project id) of the dialog that is open
OPEN = "project-dialog"


def show(app: App, project: ListedProject, *, key: str) -> None:
    """The menu of one project: what whoever looks may do with it."""
    chosen = st.menu_button(
        "More",
        [action for action in ACTIONS[project.state] if project.role.covers(ROLES.get(action, Role.VIEWER))],
        format_func=lambda action: f"{_ICONS[action]} {action}",
        type="tertiary",
        key=key,
    )
    if chosen is not None:
        with guarded():
            act(app, project.id, chosen)
            st.rerun()


def act(app: App, project_id: str, action: Action) -> None:
    """Do it, or open the dialog that asks for what is needed."""
    match action:
        case Action.RENAME | Action.ERASE:
            st.session_state[OPEN] = (action, project_id)
        case Action.DUPLICATE:
            app.service.duplicate_project(project_id)
            st.toast("Duplicated with brief, script, bibles, settings and plan, without takes", icon=_ICONS[action])
        case Action.ARCHIVE | Action.TAKE_OUT:
            app.service.archive_project(project_id, is_archived=action is Action.ARCHIVE)
        case Action.DELETE:
            app.service.delete_project(project_id)
        case Action.RESTORE:
            app.service.restore_project(project_id)
            st.toast("Restored", icon=_ICONS[action])


def show_dialog(app: App) -> None:
    """The dialog that was asked for; once a page."""
    asked: tuple[Action, str] | None = st.session_state.get(OPEN)
    if asked is None:
        return
    action, project_id = asked
    with guarded():
        project = app.views.listed_project(project_id)
        body = _rename if action is Action.RENAME else _erase
        st.dialog(f"{action} “{plain(shorten(project.name, 40))}”", on_dismiss=_close)(body)(app, project)


def _close() -> None:
    st.session_state.pop(OPEN, None)


def _rename(app: App, project: ListedProject) -> None:
    with st.form("project-rename", border=False):
        name = st.text_input("Name", project.name, max_chars=120, key=f"rename-{project.id}")
        if st.form_submit_button("Rename", type="primary"):
            with guarded():
                app.service.update_project(project.id, name=name)
                _close()
                st.rerun()


def _erase(app: App, project: ListedProject) -> None:
    st.markdown(
        "This deletes its words, takes and films with their files. It cannot be undone, and the "
        f"{plain(money(project.cost_usd))} it cost are no longer counted in the numbers."
    )
    with st.form("project-erase", border=False):
        name = st.text_input(f"To go on, write its name: {plain(project.name)}", key=f"erase-{project.id}")
        if st.form_submit_button("Delete for good", icon=":material/delete_forever:"):
            with guarded():
                app.service.erase_project(project.id, name=name)
                _close()
                st.rerun()
