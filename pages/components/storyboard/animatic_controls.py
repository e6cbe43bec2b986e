"""A preview of the whole film before a cent is spent: asked for, watched, mended."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.animatic import AnimaticView
from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain


def show(app: App, plan: PlanView, animatic: AnimaticView, *, key: str) -> None:
    """The button while there is something to preview; how far it is while it is being made."""
    if animatic.is_active:
        st.caption(f":material/progress_activity: Preview {animatic.done} of {animatic.total}", width="content")
        return
    is_settled = all(clip.status.is_settled for clip in plan.clips)  # then nothing is left to decide by a preview
    if plan.is_active or is_settled or animatic.done >= animatic.total:
        return
    label = "Update the preview" if animatic.done else "Preview for free"
    if st.button(
        label,
        icon=":material/animation:",
        type="secondary" if plan.status is PlanStatus.PLANNED else "tertiary",
        help=plain(animatic.error) or "Draws every clip with its words and length, on this machine. Nothing is paid.",
        key=f"{key}-animatic",
    ):
        with guarded():
            app.service.make_animatic(plan.id)
            st.toast("Drawing the preview. It plays in the timeline", icon=":material/animation:")
            st.rerun(scope="app")
