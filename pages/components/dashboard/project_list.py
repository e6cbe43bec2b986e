"""Projects as cards: to find, to open, and to put in order."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import Library, ProjectState
from pages.components.dashboard import project_card
from pages.components.shared import address
from pages.components.shared.notices import show_empty
from pages.components.shared.words import plain, shorten

PER_PAGE, COLUMNS = 24, 4
STATE, SEARCH = "state", "search"
TITLES = {ProjectState.ACTIVE: "Active", ProjectState.ARCHIVED: "Archived", ProjectState.DELETED: "Deleted"}
EMPTY = {
    ProjectState.ACTIVE: ("No projects yet", "Start one in the storyboard.", "movie"),
    ProjectState.ARCHIVED: ("Nothing is archived", "Archived projects are kept here, out of sight.", "inventory_2"),
    ProjectState.DELETED: ("The bin is empty", "Deleted projects stay here until you restore or erase them.", "delete"),
}


def show(app: App, *, key: str) -> None:
    """One page of the projects that the address asks for."""
    state, search, library = read(app)
    if not (search or any(library.counts.values())):
        _show_none(ProjectState.ACTIVE, "", are_elsewhere=False)
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-tools"):
        address.search(SEARCH, label="Search by name", forget=(address.AFTER,), width=280, max_chars=120)
        titles = {one.value: f"{TITLES[one]} ({library.counts[one]:,})" for one in ProjectState}
        address.choose(STATE, titles, label="State", forget=(address.AFTER,))
    if not library.projects:
        _show_none(state, search, are_elsewhere=any(library.counts.values()))
        return
    now = datetime.now(UTC)
    with st.grid(COLUMNS, min_column_width=250):
        for project in library.projects:
            project_card.show(app, project, now=now, key=f"project-card-{project.id}")
    address.show_pages(library, f"{library.total:,} projects")


def read(app: App) -> tuple[ProjectState, str, Library]:
    """What the address asks for, and what there is of it."""
    wanted = st.query_params.get(STATE, "")
    state = ProjectState(wanted) if wanted in list(ProjectState) else ProjectState.ACTIVE
    search = st.query_params.get(SEARCH, "")
    found = address.read_page(lambda after: app.views.library(search=search, state=state, limit=PER_PAGE, after=after))
    return state, search, found


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
