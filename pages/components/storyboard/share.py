"""The dialog in which a project is shared: who is in it and as what, and inviting."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import INVITED_ROLES, Person, Role
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import badge
from pages.components.shared.notices import guarded, show_empty
from pages.components.shared.rights import BADGES, TITLES
from pages.components.shared.words import plain
from pages.components.storyboard import invite_form
from pages.components.storyboard.invite_form import INVITED

_OPEN = "shared-project"


def show(app: App, detail: ProjectDetail, role: Role, *, key: str) -> None:
    """The way to the dialog, and what one is in somebody else's project. Nothing where nobody signs in."""
    if app.user is None:
        return
    if role in BADGES:
        badge.show(BADGES[role])
    words = "Share" if role is Role.OWNER else "People"
    if st.button(words, icon=":material/group_add:" if role is Role.OWNER else ":material/group:", key=f"{key}-open"):
        st.session_state[_OPEN] = detail.id
        st.session_state.pop(INVITED, None)
    if st.session_state.get(_OPEN) == detail.id:
        _show_dialog(app, detail, role, key)


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(INVITED, None)


@st.dialog("People in this project", icon=":material/group:", on_dismiss=_close)
def _show_dialog(app: App, detail: ProjectDetail, role: Role, key: str) -> None:
    with guarded():
        people = app.views.people(detail.id)
        if role is Role.OWNER:
            invite_form.show(app, detail, key=key)
        for person in people:
            _show_person(app, detail, person, is_owner=role is Role.OWNER, key=f"{key}-{person.email}")
        if role is not Role.OWNER:
            _show_leave(app, detail, key=key)
        elif len(people) == 1:
            show_empty("Nobody else is here yet", "Invite somebody by e-mail.", icon="group_add")


def _show_person(app: App, detail: ProjectDetail, person: Person, *, is_owner: bool, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-row"):
        st.html(person_words(person), width="stretch")
        if person.role is Role.OWNER or not is_owner:
            st.badge(TITLES[person.role], color="blue" if person.role is Role.OWNER else "gray")
            return
        with st.container(horizontal=True, gap="xsmall", width="content", key=f"{key}-controls"):
            _show_controls(app, detail, person, key=key)


def _show_controls(app: App, detail: ProjectDetail, person: Person, *, key: str) -> None:
    widget = f"{key}-as"
    st.session_state[widget] = person.role

    def change() -> None:
        with guarded():
            app.service.change_role(detail.id, person.email, st.session_state[widget])

    st.selectbox(
        f"Role of {person.email}",
        INVITED_ROLES,
        format_func=TITLES.__getitem__,
        key=widget,
        on_change=change,
        label_visibility="collapsed",
        width=130,
    )
    if app.service.can_mail and not person.has_joined:
        _show_again(app, detail, person, key=key)
    words = f"Remove {plain(person.email)}"
    if st.button(words, icon=":material/person_remove:", help=words, type="tertiary", key=f"icon-{key}-remove"):
        with guarded():
            app.service.remove_member(detail.id, person.email)
            st.session_state.pop(INVITED, None)
            st.rerun()


def _show_again(app: App, detail: ProjectDetail, person: Person, *, key: str) -> None:
    words = f"Send the mail to {plain(person.email)} again"
    if st.button(words, icon=":material/forward_to_inbox:", help=words, type="tertiary", key=f"icon-{key}-mail"):
        with guarded():
            invite_form.invite(app, detail, person.email, person.role)
            st.rerun()


def person_words(person: Person) -> str:
    """Who it is, as HTML: in Markdown an address would become a link. Pure."""
    beside = "you" if person.is_you and person.email else "" if person.has_joined else "invited"
    name = person.email or ("You" if person.is_you else "The owner")
    return f'<span class="svo-person">{escape(name)} <small>{beside}</small></span>'


def _show_leave(app: App, detail: ProjectDetail, *, key: str) -> None:
    with st.popover("Leave this project", icon=":material/logout:", type="tertiary"):
        st.markdown("You will not see it any more. What you did in it stays; its owner can invite you again.")
        if st.button("Yes, leave it", icon=":material/logout:", key=f"{key}-leave"):
            with guarded():
                app.service.leave(detail.id)
                _close()
                st.session_state.pop("last_project", None)
                st.query_params.clear()
                st.rerun()
