"""The film, whole or partial, what it took to make it, the earlier ones, and the way to keep each."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from orchestrator.schema.status import RenderStatus
from orchestrator.schema.timeline import TransitionKind
from orchestrator.schema.view import PlanView, RenderView
from pages.components.shared import badge, player, rating, rights
from pages.components.shared.notices import show_empty
from pages.components.shared.numbers import clock
from pages.components.shared.states import RENDER_BADGES
from pages.components.shared.words import count
from pages.components.storyboard import transition_choice


def show_all(app: App, plan: PlanView) -> None:
    """The partial film somebody asked for, then the film, then those from before."""
    if plan.render is None and plan.partial is None:
        show_empty(
            "No film yet", "Choose a clip above, or start: the film is made of the clips that pass.", icon="movie"
        )
        return
    for render in (plan.partial, plan.render):
        if render is not None:
            _show(app, render, plan)
    _show_earlier(app, plan)


def _show(app: App, render: RenderView, plan: PlanView) -> None:
    """Player on the left, facts and download on the right."""
    left, right = st.columns([7, 4], gap="medium")
    with left:
        placeholder = "Rendering" if render.status is not RenderStatus.FAILED else "No film"
        label = f"{'Partial film' if render.is_partial else 'Film'}: {plan.project_name}"
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
            label = "Download partial MP4" if render.is_partial else "Download MP4"
            is_wanted = render.is_current and not render.is_partial
            player.show_download(render.download_url, label=label, is_primary=is_wanted)
        is_rated = render.status is RenderStatus.DONE and not render.is_partial
        if is_rated and rights.may(app, plan.project_id, Role.REVIEWER):
            rating.show(app, render, key=f"rating-{render.id}")


def _show_earlier(app: App, plan: PlanView) -> None:
    shown = {render.id for render in (plan.partial, plan.render) if render}
    earlier = [render for render in app.views.renders(plan.id) if render.id not in shown]
    if earlier:
        with st.expander(f"Earlier films ({len(earlier)})", icon=":material/history:"):
            st.html(earlier_list(earlier))


def earlier_list(renders: list[RenderView]) -> str:
    """Films that were made before, as a list in HTML. Pure."""
    items = "".join(f"<li>{_earlier(render)}</li>" for render in renders)
    return f'<ul class="svo-menu svo-wide">{items}</ul>'


def _earlier(render: RenderView) -> str:
    what = "Partial film" if render.is_partial else "Film"
    about = f"{what}, {render.created_at:%d %b %Y %H:%M} UTC"
    if not render.video_url:
        return f"{about} <span>{escape(render.error or RENDER_BADGES[render.status][0])}</span>"
    seconds = clock(render.duration_seconds or 0)
    download = f'<a href="{escape(render.download_url)}" download aria-label="Download: {about}">MP4</a>'
    return f'<a href="{escape(render.video_url)}" target="_blank">{about}</a> <span>{seconds} · {download}</span>'


def _joints(transition: str) -> str:
    """``crossfade:0.5`` as ``crossfade of 0.5 s``."""
    kind, _, seconds = transition.partition(":")
    if kind == TransitionKind.CUT:
        return "straight cuts"
    title = (
        transition_choice.TITLES[TransitionKind(kind)].lower() if kind in set(TransitionKind) else "mixed transitions"
    )
    return f"{title} of {seconds} s" if seconds else title


def facts(render: RenderView) -> str:
    """Length, joints and how much was kept untouched."""
    parts = [
        clock(render.duration_seconds or 0),
        _joints(render.transition),
    ]
    frames = render.frames_copied + render.frames_encoded
    if frames:
        parts.append(f"{render.frames_copied / frames:.0%} of the frames untouched")
    return " · ".join(parts)
