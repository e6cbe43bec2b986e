"""What somebody may do in a project, so that nothing is offered that would be refused."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from pages.components.shared.notices import guarded, show_empty
from pages.components.shared.states import Badge

TITLES = {Role.OWNER: "Owner", Role.CREATOR: "Creator", Role.REVIEWER: "Reviewer", Role.VIEWER: "Viewer"}
# What each may do, as one reads it who invites.
MEANS = {
    Role.CREATOR: "Makes the film: writes, plans, starts, spends",
    Role.REVIEWER: "Approves and rejects takes, rates, arranges; spends nothing",
    Role.VIEWER: "Watches and reads",
}
BADGES: dict[Role, Badge] = {
    Role.CREATOR: ("You make films here", ":material/group:", "blue"),
    Role.REVIEWER: ("You review this", ":material/rate_review:", "blue"),
    Role.VIEWER: ("You may look at this", ":material/visibility:", "gray"),
}
_TAKEN_UP = "invitations-taken-up"


def role(app: App, project_id: str) -> Role:
    """What whoever looks is in this project: its owner where nobody signs in."""
    return Role.OWNER if app.user is None else app.views.lately(app.views.my_role, project_id)


def may(app: App, project_id: str, wanted: Role) -> bool:
    """Whether whoever looks may do what asks for ``wanted``."""
    return role(app, project_id).covers(wanted)


def show_admins_only() -> None:
    """In the place of what only an admin of this installation changes."""
    show_empty(
        "Only an admin of this installation changes this",
        "Its admins are named by the setting ADMINS. Your own projects have settings of their own, in the storyboard.",
        icon="admin_panel_settings",
    )


def take_up_invitations(app: App) -> None:
    """Join what one was invited to: once a visit, on its first page."""
    if app.user is None or st.session_state.get(_TAKEN_UP) == app.user.id:
        return
    with guarded():
        joined = app.service.take_up_invitations()
        st.session_state[_TAKEN_UP] = app.user.id
        if joined:
            words = "A project was shared with you" if joined == 1 else f"{joined} projects were shared with you"
            st.toast(words, icon=":material/group:")
