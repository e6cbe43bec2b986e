"""Changing a clip that is not made yet: what is said, what is seen, how long it lasts."""

from __future__ import annotations

import hashlib

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ClipView
from pages.components.notices import guarded

FORM_PIXELS = 440


def show(app: App, clip: ClipView, *, key: str) -> None:
    """The way to the form; nothing for a clip that cannot be changed now."""
    if clip.is_editable:
        with st.popover("Change this clip", icon=":material/edit:"), st.container(width=FORM_PIXELS):
            _show_form(app, clip, key=key)


def _show_form(app: App, clip: ClipView, *, key: str) -> None:
    # Fields begin afresh when the clip was changed, here or elsewhere; until then they keep what is typed.
    form = f"{key}-{_mark_of(clip)}"
    offered = app.views.provider(clip.provider).durations_seconds
    with st.form(form, border=False):
        text = st.text_area("What is said", value=clip.text, max_chars=2_000, height=90, key=f"{form}-text")
        intent = st.text_area(
            "What is seen", value=clip.visual_intent, max_chars=2_000, height=110, key=f"{form}-intent"
        )
        criteria = st.text_area(
            "What must be seen, one thing a line", value="\n".join(clip.acceptance), height=90, key=f"{form}-criteria"
        )
        length = st.selectbox(
            "Length",
            (None, *offered),
            format_func=lambda item: f"{item} s" if item else f"{clip.seconds} s now; follows the words",
            key=f"{form}-length",
        )
        is_sent = st.form_submit_button("Save", type="primary", icon=":material/check:", key=f"{form}-save")
    st.caption("It counts for the next take. Saving costs nothing.")
    if is_sent:
        with guarded():
            app.service.edit_clip(
                clip.id,
                text=text,
                visual_intent=intent,
                acceptance=criteria.splitlines(),
                seconds=length,
            )
            st.toast("Saved. It counts for the next take", icon=":material/check:")
            st.rerun(scope="app")


def _mark_of(clip: ClipView) -> str:
    said = "\0".join((clip.text, clip.visual_intent, *clip.acceptance, str(clip.seconds)))
    return hashlib.sha256(said.encode()).hexdigest()[:12]
