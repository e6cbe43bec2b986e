"""Which project a page is about: the one in the address, else the last one seen, else the newest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import ProjectName
from pages.components.shared.notices import guarded
from pages.components.shared.words import shorten
from pages.components.storyboard import selection, steps

ADDRESS = "project"


def chosen(projects: Sequence[ProjectName]) -> str:
    """The project id of this page, kept in the address so that a reload and a second tab show the same; or ``""``."""
    wanted = st.query_params.get(ADDRESS) or st.session_state.get("last_project", "")
    known = [project.id for project in projects]
    project_id = wanted if wanted in known or st.query_params.get(ADDRESS) else next(iter(known), "")
    if project_id:
        st.session_state.last_project = project_id
        if st.query_params.get(ADDRESS) != project_id:
            st.query_params[ADDRESS] = project_id
    return project_id


def open_project(project_id: str) -> None:
    """Make this the project of the page; what was looked at in another one is no part of it."""
    st.session_state.last_project = project_id
    if st.query_params.get(ADDRESS) != project_id:
        st.query_params[ADDRESS] = project_id
        for name in (selection.ADDRESS, steps.ADDRESS):
            st.query_params.pop(name, None)


def show(app: App, projects: Sequence[ProjectName], *, project_id: str, key: str) -> None:
    """The picker and the way to a new project; to be drawn in a row."""
    names = distinct({project.id: shorten(project.name or "Untitled film", 60) for project in projects})
    if names:
        widget = f"{key}-select"
        st.session_state[widget] = project_id if project_id in names else None
        st.selectbox(
            "Project",
            list(names),
            format_func=lambda item: names[item],
            key=widget,
            label_visibility="collapsed",
            placeholder="Choose a project",
            on_change=lambda: open_project(st.session_state[widget]),
            width=200,
        )
    # Another project is another popover, so that this one closes when its project was created.
    with st.popover("New project", icon=":material/add:", key=f"{key}-new-for-{project_id}"):
        create_form(app, key=f"{key}-new")


def distinct(names: Mapping[str, str]) -> dict[str, str]:
    """The names by id; equal ones get a number, for a select box knows its options by their words. Pure."""
    told: dict[str, str] = {}
    used: set[str] = set()
    for item, name in names.items():
        labels = (f"{name} ({n})" if n > 1 else name for n in count(1))
        told[item] = next(label for label in labels if label not in used)
        used.add(told[item])
    return told


def create_form(app: App, *, key: str) -> None:
    """Name a new project and open it."""
    with st.form(key, border=False, clear_on_submit=True):
        name = st.text_input("Name", placeholder="Launch film", max_chars=120, key=f"{key}-name")
        if st.form_submit_button("Create project", type="primary", icon=":material/add:"):
            with guarded():
                open_project(app.service.create_project(name=name.strip()))
                st.rerun(scope="app")
