"""A person's word on a take: approve, reject, or correct one check. A reason is always asked for and kept; the usual
ones are offered as buttons that decide at once, for every decision can be taken back."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.member import Role
from orchestrator.schema.view import TakeView
from pages.components.shared import rights
from pages.components.shared.check_words import CHECK_STATUS_WORDS, CHECK_TITLES
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain

APPROVE_REASONS = ("Looks right", "Words are right, heard wrong", "Artifact is meant")
REJECT_REASONS = ("Wrong words", "Does not match the look", "Artifact spoils it", "Sound is bad")
Decided = Callable[[], None] | None


def show_decision(app: App, take: TakeView, *, key: str, on_decided: Decided = None) -> None:
    """Reasons to press, one to write, and two buttons. ``on_decided`` runs before the page is drawn anew."""
    if not rights.may(app, take.project_id, Role.REVIEWER):
        st.caption(":material/visibility: You may look at this project; its reviewers decide about takes.")
        return
    _show_reasons(app, take, APPROVE_REASONS, is_approval=True, key=key, on_decided=on_decided)
    _show_reasons(app, take, REJECT_REASONS, is_approval=False, key=key, on_decided=on_decided)
    with st.form(f"{key}-decision", border=False):
        reason = st.text_input(
            "Your reason",
            placeholder="Or in your own words",
            max_chars=400,
            key=f"{key}-reason",
            icon=":material/edit:",
        )
        with st.container(horizontal=True):
            approve = st.form_submit_button("Approve", icon=":material/thumb_up:", type="primary", key=f"{key}-approve")
            reject = st.form_submit_button("Reject", icon=":material/thumb_down:", key=f"{key}-reject")
    if approve or reject:
        _decide(app, take, reason or "", is_approval=bool(approve), on_decided=on_decided)


def _show_reasons(
    app: App, take: TakeView, reasons: tuple[str, ...], *, is_approval: bool, key: str, on_decided: Decided
) -> None:
    name, icon = ("approve", "thumb_up") if is_approval else ("reject", "thumb_down")
    with st.container(gap="xxsmall"):
        st.caption(f":material/{icon}: {name.capitalize()}, because")
        with st.container(horizontal=True, gap="xsmall", key=f"{key}-{name}-why"):
            for number, reason in enumerate(reasons):
                if st.button(reason, key=f"{key}-{name}-{number}"):
                    _decide(app, take, reason, is_approval=is_approval, on_decided=on_decided)


def _decide(app: App, take: TakeView, reason: str, *, is_approval: bool, on_decided: Decided) -> None:
    if not reason.strip():
        st.warning("Give a reason: it is kept with the take.", icon=":material/edit:")
        return
    with guarded():
        if is_approval:
            app.service.approve_take(take.run_id, reason=reason.strip())
        else:
            app.service.reject_take(take.run_id, reason=reason.strip())
        st.toast("Approved" if is_approval else "Rejected", icon=":material/check:")
        if on_decided:
            on_decided()
        st.rerun(scope="app")


def show_override(app: App, take: TakeView, *, key: str) -> None:
    """Correct one check; the verdict follows from the corrected checks."""
    if not rights.may(app, take.project_id, Role.REVIEWER):
        return
    st.caption(
        "The verdict follows. A clip without a take gets this one if it passes then, and loses it if not any more, "
        "unless you approved or rejected the whole take."
    )
    with st.form(f"{key}-override", border=False):
        check = st.selectbox(
            "Check", list(take.checks), format_func=lambda item: CHECK_TITLES[CheckName(item)], key=f"{key}-check"
        )
        status = st.selectbox(
            "Is really",
            list(CheckStatus),
            format_func=lambda item: CHECK_STATUS_WORDS[CheckStatus(item)],
            key=f"{key}-status",
        )
        reason = st.text_input("Why", max_chars=400, key=f"{key}-override-reason")
        is_sent = st.form_submit_button("Correct this check", icon=":material/rule:", key=f"{key}-override-send")
    if not is_sent:
        return
    if not (reason or "").strip():
        st.warning("Give a reason: it is kept with the take.", icon=":material/edit:")
        return
    with guarded():
        outcome = app.service.override_check(
            take.run_id, check=CheckName(check), status=CheckStatus(status), reason=reason.strip()
        )
        st.toast(plain(outcome), icon=":material/rule:")
        st.rerun(scope="app")
