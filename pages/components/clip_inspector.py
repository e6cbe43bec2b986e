"""The chosen clip: its takes to watch, why one failed, what was measured, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.view import ClipView, PlanView, TakeView
from pages.components import (
    assessment,
    badge,
    clip_editor,
    decision_history,
    evidence_player,
    player,
    retry,
    take_compare,
    take_review,
    take_story,
)
from pages.components.timeline import move_clip
from pages.components.words import CLIP_BADGES, count, is_answer_lost, plain, take_badge


def show(app: App, plan: PlanView, clip: ClipView, *, key: str, on_reorder: Callable[[tuple[str, ...]], None]) -> None:
    """Player and takes on the left, evidence and decisions on the right."""
    takes = app.views.takes(clip.id)
    left, right = st.columns([5, 6], gap="large")
    with left, st.container(key="clip-stage"):
        take = _choose_take(takes, key=f"{key}-{clip.id}")
        _show_picture(clip, take, key=f"{key}-player")
    with right:
        newest = next((take for take in takes if take.is_newest), None)
        _show_head(app, plan, clip, newest, key=f"{key}-{clip.id}", on_reorder=on_reorder)
        if clip.text:
            st.html(f'<blockquote class="svo-line">{_escape(clip.text)}</blockquote>')
        st.caption(f"{count(clip.words, 'word')} in {clip.seconds} s · {plain(clip.visual_intent)}")
        clip_editor.show(app, clip, key=f"{key}-{clip.id}-edit")
        if take is None:
            if clip.reason:
                st.warning(plain(clip.reason), icon=":material/visibility:")
            return
        take_review.show_why(take)
        if is_answer_lost(take):
            retry.show_lost(app, take, key=f"{key}-{take.run_id}")
        assessment.show(app, take)
        decision_history.show(take)
        take_story.show(takes)
        if take.video_url and not take.is_active:
            with st.popover("Approve or reject this take", icon=":material/gavel:"):
                take_review.show_decision(app, take, key=f"{key}-{take.run_id}")
                if take.checks:
                    st.markdown("**Correct one check**")
                    take_review.show_override(app, take, key=f"{key}-{take.run_id}")
        take_review.show_prompt(take)
    take_compare.show(app, takes, key=f"{key}-{clip.id}-compare")


def _choose_take(takes: Sequence[TakeView], *, key: str) -> TakeView | None:
    """The accepted take, else the newest, unless another is picked. A new take is a new choice."""
    if not takes:
        return None
    ordered = sorted(takes, key=lambda take: take.attempt)
    default = next((index for index, take in enumerate(ordered) if take.is_accepted), len(ordered) - 1)
    if len(ordered) == 1:
        return ordered[0]
    picked = st.segmented_control(
        "Takes",
        range(len(ordered)),
        default=default,
        required=True,
        format_func=lambda index: _take_title(ordered, index),
        key=f"{key}-take-{len(ordered)}",
        label_visibility="collapsed",
    )
    return ordered[default if picked is None else picked]


def _take_title(takes: Sequence[TakeView], index: int) -> str:
    """The number of a take, and where takes come from different providers, whose it is."""
    is_mixed = len({take.provider for take in takes}) > 1
    return f"Take {takes[index].attempt}" + (f" · {takes[index].provider}" if is_mixed else "")


def _show_picture(clip: ClipView, take: TakeView | None, *, key: str) -> None:
    words = CLIP_BADGES[clip.status][0]
    if take is None:
        player.show("", poster_url="", label="", placeholder=words)
        return
    evidence_player.show(
        take, label=f"Clip {clip.position}, take {take.attempt}", placeholder=take.status_text or words, key=key
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge.show(take_badge(take))
        st.caption(take_review.facts(take, max_attempts=clip.max_attempts), width="content")
        if take.download_url:
            player.show_download(take.download_url, label="Download take")


def _show_head(
    app: App,
    plan: PlanView,
    clip: ClipView,
    newest: TakeView | None,
    *,
    key: str,
    on_reorder: Callable[[tuple[str, ...]], None],
) -> None:
    ids = [other.id for other in plan.clips]
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(f"Clip {clip.position}", width="content", anchor=False)
        with st.container(horizontal=True, width="content", gap="small"):
            for step, icon, words in ((-1, "chevron_left", "Move earlier"), (1, "chevron_right", "Move later")):
                order = move_clip(ids, clip.id, by=step)
                if st.button(
                    "", icon=f":material/{icon}:", help=words, disabled=order is None, key=f"{key}-move-{step}"
                ):
                    on_reorder(order or tuple(ids))
                    st.rerun(scope="fragment")
            is_urgent = clip.status in (ClipStatus.FAILED, ClipStatus.NEEDS_REVIEW)
            is_busy = not clip.status.is_settled
            retry.show(app, clip.id, newest, is_urgent=is_urgent, is_disabled=is_busy, key=key)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
