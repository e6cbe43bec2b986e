"""Projects as cards: to find, to open, and to put in order."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import Library, ListedProject, ProjectState
from orchestrator.schema.status import PlanStatus, RenderStatus
from pages.components.dashboard import project_menu
from pages.components.shared import address
from pages.components.shared.notices import guarded, show_empty
from pages.components.shared.numbers import clock
from pages.components.shared.prices import money
from pages.components.shared.states import PLAN_BADGES
from pages.components.shared.words import count, plain, shorten

PER_PAGE, COLUMNS = 24, 4
STATE, SEARCH, PAGE = "state", "search", "page"
TITLES = {ProjectState.ACTIVE: "Active", ProjectState.ARCHIVED: "Archived", ProjectState.DELETED: "Deleted"}
EMPTY = {
    ProjectState.ACTIVE: ("No projects yet", "Start one in the storyboard.", "movie"),
    ProjectState.ARCHIVED: ("Nothing is archived", "Archived projects are kept here, out of sight.", "inventory_2"),
    ProjectState.DELETED: ("The bin is empty", "Deleted projects stay here until you restore or erase them.", "delete"),
}
# class of the dot before the state line
_TONES = {
    PlanStatus.PLANNED: "idle",
    PlanStatus.RUNNING: "busy",
    PlanStatus.PAUSED: "held",
    PlanStatus.COMPLETED: "good",
    PlanStatus.INCOMPLETE: "bad",
    PlanStatus.CANCELLED: "idle",
}


def show(app: App, *, key: str) -> None:
    """One page of the projects that the address asks for."""
    state, search, library = read(app)
    if not (search or any(library.counts.values())):
        _show_none(ProjectState.ACTIVE, "", are_elsewhere=False)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-tools"):
        address.search(SEARCH, label="Search by name", forget=(PAGE,), width=280, max_chars=120)
        titles = {one.value: f"{TITLES[one]} ({library.counts[one]:,})" for one in ProjectState}
        address.choose(STATE, titles, label="State", forget=(PAGE,))
    if not library.projects:
        _show_none(state, search, are_elsewhere=any(library.counts.values()))
        return
    now = datetime.now(UTC)
    with st.grid(COLUMNS, min_column_width=250):
        for project in library.projects:
            _show_card(app, project, now=now, key=f"project-card-{project.id}")
    address.show_pages(PAGE, total=library.total, size=PER_PAGE, noun="projects")


def read(app: App) -> tuple[ProjectState, str, Library]:
    """What the address asks for, and what there is of it."""
    wanted = st.query_params.get(STATE, "")
    state = ProjectState(wanted) if wanted in list(ProjectState) else ProjectState.ACTIVE
    search = st.query_params.get(SEARCH, "")
    total = app.views.library(search=search, state=state, limit=0).total
    offset = (address.page(PAGE, total=total, size=PER_PAGE) - 1) * PER_PAGE
    return state, search, app.views.library(search=search, state=state, limit=PER_PAGE, offset=offset)


def _show_none(state: ProjectState, search: str, *, are_elsewhere: bool) -> None:
    if search:
        show_empty(
            "No project of that name", f"Nothing here has “{plain(shorten(search, 60))}” in it.", icon="search_off"
        )
        return
    if state is ProjectState.ACTIVE and are_elsewhere:
        show_empty("No active project", "All of them are archived or deleted.", icon="movie")
        return
    title, text, icon = EMPTY[state]
    show_empty(title, text, icon=icon)
    if state is ProjectState.ACTIVE:
        with st.container(horizontal=True, horizontal_alignment="center"):
            label, icon = "Open the storyboard", ":material/view_timeline:"
            st.page_link("storyboard.py", label=label, icon=icon, width="content")


def _show_card(app: App, project: ListedProject, *, now: datetime, key: str) -> None:
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
    about = f"{money(project.cost_usd)} · {verb[project.state]} {ago(at, now=now)}"
    return (
        f'<div class="svo-card"><p class="{tone}">{escape(state_line(project))}</p>{bar}'
        f'<small title="{at:%Y-%m-%d %H:%M} UTC">{escape(about)}</small></div>'
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


def ago(at: datetime, *, now: datetime) -> str:
    """How long ago, as coarse as people say it. Pure."""
    seconds = max(0.0, (now - at).total_seconds())
    if seconds < 90:
        return "just now"
    for size, noun, limit in ((60, "minute", 90), (3_600, "hour", 36), (86_400, "day", 45)):
        if seconds / size < limit:
            return f"{count(round(seconds / size), noun)} ago"
    return f"on {at.day} {at:%b %Y}"
