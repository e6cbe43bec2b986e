"""The words of a clip: what is said and by whom, what is seen, what must be seen, how long it lasts."""

from __future__ import annotations

import hashlib

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ClipView, PlanView
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain


def show(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    """The form; for a clip that cannot be changed now what it says and why that stands."""
    if not clip.is_editable:
        st.caption(why_fixed(clip))
        for criterion in clip.acceptance:
            st.markdown(f":material/check_small: {plain(criterion)}")
        return
    # Fields begin afresh when the clip was changed, here or elsewhere; until then they keep what is typed.
    form = f"{key}-{_mark_of(clip)}"
    offered = app.views.provider(clip.own_provider or clip.provider, model=clip.own_model).durations_seconds
    with st.form(form, border=False):
        text = st.text_area("What is said", value=clip.text, max_chars=2_000, height=90, key=f"{form}-text")
        left, right = st.columns(2, gap="small")
        speaker = left.selectbox(
            "Who says it",
            speakers(plan, clip),
            index=speakers(plan, clip).index(clip.speaker),
            format_func=lambda name: name or "A voice, unseen or unnamed",
            accept_new_options=True,
            key=f"{form}-speaker",
        )
        length = right.selectbox(
            "Length",
            (None, *offered),
            format_func=lambda item: f"{item} s" if item else f"{clip.seconds} s now; follows the words",
            key=f"{form}-length",
        )
        intent = st.text_area(
            "What is seen", value=clip.visual_intent, max_chars=2_000, height=110, key=f"{form}-intent"
        )
        criteria = st.text_area(
            "What must be seen, one thing a line", value="\n".join(clip.acceptance), height=90, key=f"{form}-criteria"
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
                speaker=(speaker or "") if (speaker or "") != clip.speaker else None,
            )
            st.toast("Saved. It counts for the next take", icon=":material/check:")
            st.rerun(scope="app")


def speakers(plan: PlanView, clip: ClipView) -> list[str]:
    """Who may say it: nobody named, everybody who speaks in the film. Pure."""
    return sorted({"", clip.speaker, *(other.speaker for other in plan.clips)})


def why_fixed(clip: ClipView) -> str:
    """Why the words stand as they are, and what to do first. Pure."""
    if clip.status.is_settled:
        return "This clip has an accepted take. Reject it first to change the words, then retry the clip."
    return "A take of this clip is being made. Wait for it, or cancel the plan, to change the words."


def _mark_of(clip: ClipView) -> str:
    said = "\0".join((clip.text, clip.speaker, clip.visual_intent, *clip.acceptance, str(clip.seconds)))
    return hashlib.sha256(said.encode()).hexdigest()[:12]
