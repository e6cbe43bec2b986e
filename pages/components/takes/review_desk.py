"""One clip that waits, with all there is to decide it by: its take, what was found in it, and the way to say so."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.reviewing import NeedKind, NeedView
from orchestrator.schema.view import TakeView
from pages.components.shared import badge, retry
from pages.components.shared.states import Badge
from pages.components.shared.take_words import take_badge
from pages.components.shared.words import plain, shorten
from pages.components.takes import (
    assessment,
    decision_history,
    evidence_player,
    take_decision,
    take_review,
    take_story,
    waveform,
)
from pages.components.takes.review_list import KIND_WORDS

KIND_BADGES: dict[NeedKind, Badge] = {
    NeedKind.REVIEW: (KIND_WORDS[NeedKind.REVIEW], ":material/visibility:", "orange"),
    NeedKind.LOST: (KIND_WORDS[NeedKind.LOST], ":material/contact_support:", "violet"),
    NeedKind.FAILED: (KIND_WORDS[NeedKind.FAILED], ":material/error:", "red"),
}


def show(app: App, need: NeedView, *, key: str, on_decided: Callable[[], None]) -> None:
    """The take on the left, why it waits and the decision on the right, all evidence below."""
    takes = app.views.takes(need.clip_id)
    take = next((take for take in takes if take.run_id == need.run_id), None)
    _show_head(need, take)
    if take is None:
        st.warning(plain(need.why), icon=":material/visibility:")
        retry.show(app, need.clip_id, None, is_urgent=True, is_disabled=False, key=f"{key}-retry-{need.clip_id}")
        return
    seen, decision = st.columns([7, 5], gap="medium")
    with seen:
        with st.container(key=f"{key}-player"):
            label = f"Clip {need.position}, take {take.attempt}"
            evidence_player.show(take, label=label, placeholder=take_badge(take)[0], key=f"{key}-player")
        waveform.show(take, key=f"{key}-wave")
    with decision:
        take_review.show_why(take)
        if need.kind is NeedKind.LOST:
            retry.show_lost(app, takes[0], key=f"{key}-{take.run_id}")
        elif take.video_url:
            take_decision.show_decision(app, take, key=key, on_decided=on_decided)
        if need.kind is NeedKind.FAILED:
            retry.show(app, need.clip_id, takes[0], is_urgent=False, is_disabled=False, key=f"{key}-{need.clip_id}")
        decision_history.show(take)
    with st.container(key=f"{key}-evidence"):
        assessment.show(app, take)
    if take.checks:
        with st.container(key=f"{key}-correct"), st.expander("Correct one check", icon=":material/rule:"):
            take_decision.show_override(app, take, key=f"{key}-{take.run_id}")
    take_story.show(takes)
    take_review.show_prompt(take)


def _show_head(need: NeedView, take: TakeView | None) -> None:
    """What it is, and the line it is to say."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = "Single clip" if need.is_single else f"{plain(shorten(need.project_name, 60))} · clip {need.position}"
        st.subheader(title, anchor=False, width="content")
        badge.show(KIND_BADGES[need.kind])
        if take is not None:
            st.caption(take_review.facts(take), width="content")
        _show_way(need)
    st.html(f'<p class="svo-line">{escape(shorten(need.line, 400))}</p>')


def _show_way(need: NeedView) -> None:
    """To where the clip was made."""
    page, label, query = "storyboard.py", "Open in storyboard", {"project": need.project_id, "clip": need.clip_id}
    if need.is_single:
        page, label, query = "single_gen.py", "Open in Single Gen", {"clip": need.clip_id}
    st.page_link(page, label=label, icon=":material/open_in_new:", query_params=query, width="content")
