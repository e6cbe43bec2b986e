"""Inviting somebody into a project: the form, what became of the mail, and a link to send."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import INVITED_ROLES, InvitationMail, MailState
from orchestrator.schema.view import ProjectDetail
from pages.components.shared.notices import guarded
from pages.components.shared.rights import MEANS, TITLES
from pages.components.shared.words import plain

INVITED, _ROUND = "invited-last", "invited-times"


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """Whom to invite, and what came of the last time. What was typed stays until it was of use."""
    number = st.session_state.get(_ROUND, 0)
    with st.form(f"{key}-invite", border=False):
        email = st.text_input(
            "E-mail address", placeholder="name@example.com", max_chars=254, key=f"{key}-email-{number}"
        )
        role = st.radio(
            "Role",
            INVITED_ROLES[::-1],
            format_func=TITLES.__getitem__,
            captions=[MEANS[one] for one in INVITED_ROLES[::-1]],
            key=f"{key}-role-{number}",
        )
        is_sent = st.form_submit_button("Invite", type="primary", icon=":material/person_add:", key=f"{key}-send")
    if is_sent:
        st.session_state.pop(INVITED, None)
        with guarded():
            invite(app, detail, email, role)
            st.session_state[_ROUND] = number + 1
            st.rerun()
    if told := st.session_state.get(INVITED):
        invited, mail = told
        st.success(
            plain(f"{invited} is invited, and sees the project once they sign in with that address."),
            icon=":material/check:",
        )
        if words := mail_words(invited, mail):
            if mail.state is MailState.SENT:
                st.markdown(f":material/mail: {plain(words)}")
            else:
                st.warning(plain(words), icon=":material/mail:")
        st.caption("You can send them this link yourself:")
        st.code(_link(app, detail.id), language=None, wrap_lines=True)


def invite(app: App, detail: ProjectDetail, email: str, role: str) -> None:
    parts = urlsplit(st.context.url or "")
    address = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    mail = app.service.invite(detail.id, email, role, address=address)
    st.session_state[INVITED] = email.strip().lower(), mail


def mail_words(email: str, mail: InvitationMail) -> str:
    """What became of the mail, as whoever invites reads it; empty where none is sent from here. Pure."""
    match mail.state:
        case MailState.SENT:
            return f"Mail sent to {email}."
        case MailState.HAS_ACCOUNT | MailState.FAILED:
            return f"No mail was sent to {email}. {mail.reason}"
        case MailState.NONE:
            return ""


def _link(app: App, project_id: str) -> str:
    folder = (st.context.url or "").rpartition("/")[0]
    return project_link(f"{app.settings.found_at(folder)}/", project_id)


def project_link(page_url: str, project_id: str) -> str:
    """The address of a project, beside the page that is at ``page_url``. Pure."""
    parts = urlsplit(page_url)
    folder = parts.path.rpartition("/")[0]
    return f"{parts.scheme}://{parts.netloc}{folder}/storyboard?project={project_id}" if parts.netloc else ""
