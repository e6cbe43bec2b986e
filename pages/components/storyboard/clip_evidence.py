"""What is known of a take, and a person's word on it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from orchestrator.schema.view import ClipView, TakeView
from pages.components.shared import rights
from pages.components.shared.words import plain
from pages.components.takes import assessment, decision_history, take_compare, take_review, take_story


def show(app: App, clip: ClipView, take: TakeView | None, takes: Sequence[TakeView], *, key: str) -> None:
    """Why it failed first, then the checks, how it came about, and what to decide."""
    if take is None:
        if clip.reason:
            st.warning(plain(clip.reason), icon=":material/visibility:")
        else:
            st.caption("Every take is listed here with what was measured on it.")
        return
    take_review.show_why(take)
    assessment.show(app, take)
    decision_history.show(take)
    if take.video_url and not take.is_active and rights.may(app, take.project_id, Role.REVIEWER):
        with st.popover("Approve or reject this take", icon=":material/gavel:", type="tertiary"):
            take_review.show_decision(app, take, key=f"{key}-{take.run_id}")
            if take.checks:
                st.markdown("**Correct one check**")
                take_review.show_override(app, take, key=f"{key}-{take.run_id}")
    take_story.show(takes)
    take_compare.show(app, takes, key=f"{key}-compare")
    take_review.show_prompt(take)
