"""Which clip is looked at: kept in the address, so that a reload and a shared link show the same."""

from __future__ import annotations

import streamlit as st

from orchestrator.schema.status import ClipStatus
from orchestrator.schema.view import ClipView, PlanView

ADDRESS = "clip"
URGENT = (ClipStatus.NEEDS_REVIEW, ClipStatus.FAILED)


def chosen(plan: PlanView) -> ClipView | None:
    """The clip in the address; without one the film if there is one (None), else the clip most worth a look."""
    wanted = st.query_params.get(ADDRESS)
    picked = next((clip for clip in plan.clips if clip.id == wanted), None)
    return picked or (None if has_film(plan) else most_urgent(plan))


def most_urgent(plan: PlanView) -> ClipView | None:
    """The first clip that needs a person, else the first with a picture, else the first. Pure."""
    candidates = (
        next((clip for clip in plan.clips if clip.status in URGENT), None) if not plan.is_active else None,
        next((clip for clip in plan.clips if clip.video_url), None),
        next(iter(plan.clips), None),
    )
    return next((clip for clip in candidates if clip is not None), None)


def has_film(plan: PlanView) -> bool:
    """Whether there is a film to show, or a partial one that somebody asked for."""
    return plan.partial is not None or bool(plan.render and (plan.render.video_url or plan.render.error))


def choose_clip(clip_id: str) -> None:
    st.query_params[ADDRESS] = clip_id


def choose_film() -> None:
    st.query_params.pop(ADDRESS, None)
