"""The film, whole or partial, what it took to make it, and the way to keep it."""

from __future__ import annotations

import streamlit as st

from orchestrator.schema.status import RenderStatus
from orchestrator.schema.view import PlanView, RenderView
from pages.components import badge, player
from pages.components.words import RENDER_BADGES, clock, count


def show_all(plan: PlanView) -> None:
    """The partial film somebody asked for, then the film."""
    for render in (plan.partial, plan.render):
        if render is not None:
            show(render, title=plan.project_name)


def show(render: RenderView, *, title: str) -> None:
    """Player on the left, facts and download on the right."""
    left, right = st.columns([7, 4], gap="large")
    with left:
        placeholder = f"Rendering {render.progress:.0%}" if render.status is not RenderStatus.FAILED else "No film"
        label = f"{'Partial film' if render.is_partial else 'Film'}: {title}"
        player.show(render.video_url, poster_url=render.poster_url, label=label, placeholder=placeholder)
    with right:
        st.header("Partial film" if render.is_partial else "Your film", anchor=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            badge.show(RENDER_BADGES[render.status])
            if render.is_partial:
                st.badge(f"{count(render.missing_clips, 'clip')} missing", icon=":material/hide_image:", color="orange")
            if not render.is_current:
                st.badge("Older than the clips", icon=":material/history:", color="orange")
        if render.error:
            st.error(render.error, icon=":material/error:")
        if render.duration_seconds:
            st.caption(facts(render))
        if render.download_url:
            player.show_download(
                render.download_url, label="Download partial MP4" if render.is_partial else "Download MP4"
            )


def facts(render: RenderView) -> str:
    """Length, joints and how much was kept untouched."""
    parts = [
        clock(render.duration_seconds or 0),
        render.transition.replace("_", " ").replace(":", " ") + " transitions",
    ]
    frames = render.frames_copied + render.frames_encoded
    if frames:
        parts.append(f"{render.frames_copied / frames:.0%} of {frames:,} frames kept bit for bit")
    return " · ".join(parts)
