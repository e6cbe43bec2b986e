"""The takes of a clip to choose from, and the chosen one to watch."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.status import ClipStatus
from orchestrator.schema.view import ClipView, TakeView
from pages.components.shared import badge, player
from pages.components.shared.states import CLIP_BADGES
from pages.components.shared.take_words import take_badge
from pages.components.takes import evidence_player, take_review


def show(clip: ClipView, takes: Sequence[TakeView], *, key: str) -> TakeView | None:
    """The chosen take; without any the free preview of the clip, else the picture it starts from."""
    take = _choose(takes, key=key)
    words = CLIP_BADGES[clip.status][0]
    if take is None:
        _show_preview(clip, words=words)
        return None
    label = f"Clip {clip.position}, take {take.attempt}"
    evidence_player.show(take, label=label, placeholder=take.status_text or words, key=f"{key}-player")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badge.show(take_badge(take))
        st.caption(take_review.facts(take, max_attempts=clip.max_attempts), width="content")
        if take.download_url and take.video_url:
            player.show_download(take.download_url, label="Download take")
    return take


def _show_preview(clip: ClipView, *, words: str) -> None:
    player.show(
        clip.animatic_url,
        poster_url=clip.reference_url,
        label=f"Preview of clip {clip.position}",
        placeholder="Not made yet" if clip.status is ClipStatus.PENDING else words,
    )
    if clip.animatic_url:
        st.caption("The free preview. No provider was asked for anything.")


def _choose(takes: Sequence[TakeView], *, key: str) -> TakeView | None:
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
        format_func=lambda index: _title(ordered, index),
        key=f"{key}-take-{len(ordered)}",
        label_visibility="collapsed",
    )
    return ordered[default if picked is None else picked]


def _title(takes: Sequence[TakeView], index: int) -> str:
    """The number of a take, and where takes come from different providers, whose it is."""
    is_mixed = len({take.provider for take in takes}) > 1
    return f"Take {takes[index].attempt}" + (f" · {takes[index].provider}" if is_mixed else "")
