"""Which clips are looked at: kept in the address, so that a reload and a shared link show the same."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.status import ClipStatus
from orchestrator.schema.view import ClipView, PlanView

ADDRESS = "clip"
URGENT = (ClipStatus.NEEDS_REVIEW, ClipStatus.FAILED)


def chosen(plan: PlanView) -> tuple[ClipView, ...]:
    """The clips in the address, in playing order; without any the film if there is one (nothing), else the clip most
    worth a look."""
    wanted = _wanted()
    picked = tuple(clip for clip in plan.clips if clip.id in wanted)
    if picked or wanted or has_film(plan):
        return picked
    urgent = most_urgent(plan)
    return (urgent,) if urgent else ()


def is_foreign(plan: PlanView) -> bool:
    """Whether the address names clips, and none of this plan's."""
    wanted = _wanted()
    return bool(wanted) and not any(clip.id in wanted for clip in plan.clips)


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


def choose(clip_ids: Sequence[str]) -> None:
    """Look at these clips; at the film when there are none."""
    if clip_ids:
        st.query_params[ADDRESS] = ",".join(clip_ids)
    else:
        st.query_params.pop(ADDRESS, None)


def _wanted() -> frozenset[str]:
    return frozenset(filter(None, st.query_params.get(ADDRESS, "").split(",")))
