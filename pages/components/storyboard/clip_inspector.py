"""The chosen clip: its takes to watch, why one failed, and everything a person can do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from orchestrator import journal
from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.view import ClipView, PlanView, TakeView
from pages.components.shared import retry, rights
from pages.components.shared.notices import guarded
from pages.components.shared.take_words import is_answer_lost
from pages.components.shared.words import count, plain
from pages.components.storyboard import (
    clip_cutting,
    clip_editor,
    clip_evidence,
    clip_making,
    clip_stage,
    plan_offers,
    take_retime,
)
from pages.components.storyboard.timeline.arrangement import arrangement, move_clip

PANELS = ("Evidence", "Words", "Making", "Cut")


def show(app: App, plan: PlanView, clip: ClipView, *, key: str) -> None:
    """Player and takes on the left; on the right what is known and what can be changed."""
    takes = app.views.takes(clip.id)
    key = f"{key}-{clip.id}"
    left, right = st.columns([5, 6], gap="medium")
    with left, st.container(key="clip-stage"):
        take = clip_stage.show(clip, takes, key=key)
    with right:
        newest = next((take for take in takes if take.is_newest), None)
        _show_head(app, plan, clip, newest, key=key)
        if clip.text:
            st.html(f'<blockquote class="svo-line">{escape(clip.text)}</blockquote>')
        st.caption(" · ".join(filter(None, (plain(clip.speaker), _length(clip), plain(clip.visual_intent)))))
        if take is not None and is_answer_lost(take) and rights.may(app, plan.project_id, Role.CREATOR):
            retry.show_lost(app, take, key=f"{key}-{take.run_id}")
        _show_panels(app, plan, clip, take, takes, key=key)


def _length(clip: ClipView) -> str:
    return f"{count(clip.words, 'word')} in {clip.seconds} s"


def _show_panels(
    app: App, plan: PlanView, clip: ClipView, take: TakeView | None, takes: Sequence[TakeView], *, key: str
) -> None:
    """Only the open one is drawn. Those who make no films here have the evidence only."""
    if not rights.may(app, plan.project_id, Role.CREATOR):
        with guarded():
            clip_evidence.show(app, clip, take, takes, key=key)
        return
    draw: tuple[Callable[[], None], ...] = (
        lambda: clip_evidence.show(app, clip, take, takes, key=key),
        lambda: clip_editor.show(app, plan, clip, key=f"{key}-edit"),
        lambda: clip_making.show(app, plan, clip, key=f"{key}-making"),
        lambda: clip_cutting.show(app, plan, clip, key=f"{key}-cut"),
    )
    # A clip that nothing was made of yet has no evidence to look at first.
    kind, first = ("made", PANELS[0]) if takes else ("planned", PANELS[1])
    panels = st.tabs(list(PANELS), key=f"clip-panel-{kind}", default=first, on_change="rerun")
    for panel, show_it in zip(panels, draw, strict=True):
        if panel.open:
            with panel, guarded():
                show_it()
                if panel is panels[-1] and take is not None:
                    take_retime.show(app, take, key=f"{key}-retime")


def _show_head(app: App, plan: PlanView, clip: ClipView, newest: TakeView | None, *, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header(f"Clip {clip.position}", width="content", anchor=False)
        role = rights.role(app, plan.project_id)
        if not role.covers(Role.REVIEWER):
            return
        with st.container(horizontal=True, width="content", gap="small"):
            for by, icon, words in ((-1, "chevron_left", "Move earlier"), (1, "chevron_right", "Move later")):
                moved = move_clip(arrangement(plan), clip.id, by=by)
                if st.button(
                    words,
                    icon=f":material/{icon}:",
                    help=words,
                    disabled=moved is None,
                    key=f"icon-{key}-move-{by}",
                ):
                    with guarded():
                        seen = journal.arranged(arrangement(plan))
                        app.service.arrange_clips(plan.id, moved or arrangement(plan), seen=seen)
                        st.rerun(scope="app")
            if not role.covers(Role.CREATOR):
                return
            has_main = any(offer.is_primary for offer in plan_offers.offers(plan))  # one thing at a time
            is_urgent = clip.status in (ClipStatus.FAILED, ClipStatus.NEEDS_REVIEW) and not has_main
            is_busy = not clip.status.is_settled
            retry.show(app, clip.id, newest, is_urgent=is_urgent, is_disabled=is_busy, key=key)
