"""One project as a card: its picture, how it stands, and what may be done with it."""

from __future__ import annotations

from datetime import datetime
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import ListedProject, ProjectState
from orchestrator.schema.member import Role
from orchestrator.schema.status import PlanStatus, RenderStatus
from pages.components.dashboard import project_menu
from pages.components.shared.notices import guarded
from pages.components.shared.numbers import clock
from pages.components.shared.prices import money
from pages.components.shared.states import PLAN_BADGES
from pages.components.shared.words import ago, plain, shorten

# class of the dot before the state line
_TONES = {
    PlanStatus.PLANNED: "idle",
    PlanStatus.RUNNING: "busy",
    PlanStatus.PAUSED: "held",
    PlanStatus.COMPLETED: "good",
    PlanStatus.INCOMPLETE: "bad",
    PlanStatus.CANCELLED: "idle",
}

_ROLE_WORDS = {
    Role.CREATOR: "you make films here",
    Role.REVIEWER: "you review it",
    Role.VIEWER: "you may look at it",
}


def show(app: App, project: ListedProject, *, now: datetime, key: str) -> None:
    with st.container(border=True, gap=None, height="stretch", key=key):
        st.html(picture(project))
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"project-head-{project.id}"):
            name = plain(shorten(project.name or "Untitled film", 70))
            if project.state is ProjectState.DELETED:
                st.markdown(f"**{name}**", width="stretch")
            else:
                target = {"project": project.id}
                st.page_link("storyboard.py", label=f"**{name}**", query_params=target, width="stretch")
            with guarded():
                project_menu.show(app, project, key=f"project-menu-{project.id}")
        st.html(facts(project, now=now))


def picture(project: ListedProject) -> str:
    """The poster with the film's length, as HTML. Pure."""
    inside = (
        f'<img src="{escape(project.poster_url)}" alt="" loading="lazy">' if project.poster_url else "No picture yet"
    )
    empty = "" if project.poster_url else " svo-frame-empty"
    seconds = f"<span>{clock(project.total_seconds)}</span>" if project.total_seconds else ""
    return f'<div class="svo-frame svo-poster{empty}">{inside}{seconds}</div>'


def facts(project: ListedProject, *, now: datetime) -> str:
    """How it stands, how much of it passed, what it cost and when it changed, as HTML. Pure."""
    tone = _TONES[project.plan_status] if project.plan_status else "idle"
    share = project.clips_passed / project.clips_total if project.clips_total else 0.0
    bar = f'<i class="svo-bar"><b style="width:{share:.1%}"></b></i>' if project.clips_total else ""
    at = project.put_away_at or project.updated_at
    verb = {ProjectState.ACTIVE: "changed", ProjectState.ARCHIVED: "archived", ProjectState.DELETED: "deleted"}
    whose = "" if project.role is Role.OWNER else f"by {project.shared_by}" if project.shared_by else "shared with you"
    shared = f'<small class="svo-shared">{escape(whose)} · {escape(_ROLE_WORDS[project.role])}</small>' if whose else ""
    about = f"{money(project.cost_usd)} · {verb[project.state]} {ago(at, now=now)}"
    return (
        f'<div class="svo-card"><p class="{tone}">{escape(state_line(project))}</p>{bar}'
        f'<small title="{at:%Y-%m-%d %H:%M} UTC">{escape(about)}</small>{shared}</div>'
    )


def state_line(project: ListedProject) -> str:
    """How a project stands, in one line. Pure."""
    if project.plan_status is None:
        return "Draft, no clips yet"
    parts = [PLAN_BADGES[project.plan_status][0], f"{project.clips_passed} of {project.clips_total} passed"]
    if project.needs_review:
        parts.append(f"{project.needs_review} need{'s' if project.needs_review == 1 else ''} you")
    if project.clips_failed:
        parts.append(f"{project.clips_failed} failed")
    if project.render in (RenderStatus.QUEUED, RenderStatus.RENDERING):
        parts.append("film is being made")
    elif project.film_url and project.plan_status is not PlanStatus.COMPLETED:
        parts.append("film ready")
    return " · ".join(parts)
