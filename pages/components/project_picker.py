"""Which project a page is about: the one in the address, else the last one seen, else the newest."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProjectView
from pages.components.notices import guarded
from pages.components.words import shorten

ADDRESS = "project"


def chosen(projects: Sequence[ProjectView]) -> str:
    """The project id of this page, kept in the address so that a reload and a second tab show the same; or ``""``."""
    wanted = st.query_params.get(ADDRESS) or st.session_state.get("last_project", "")
    known = [project.id for project in projects]
    project_id = wanted if wanted in known or st.query_params.get(ADDRESS) else next(iter(known), "")
    if project_id:
        open_project(project_id)
    return project_id


def open_project(project_id: str) -> None:
    """Make this the project of the page."""
    st.session_state.last_project = project_id
    if st.query_params.get(ADDRESS) != project_id:
        st.query_params[ADDRESS] = project_id


def show(app: App, projects: Sequence[ProjectView], *, project_id: str, key: str) -> None:
    """The picker, the name and the way to a new project, in one row."""
    names = {project.id: shorten(project.name or "Untitled film", 60) for project in projects}
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="right", gap="small"):
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
                width=190,
            )
        with st.popover("New project", icon=":material/add:"):
            create_form(app, key=f"{key}-new")


def create_form(app: App, *, key: str) -> None:
    """Name a new project and open it."""
    with st.form(key, border=False, clear_on_submit=True):
        name = st.text_input("Name", placeholder="Launch film", max_chars=120, key=f"{key}-name")
        if st.form_submit_button("Create project", type="primary", icon=":material/add:"):
            with guarded():
                open_project(app.service.create_project(name=name.strip()))
                st.rerun(scope="app")


def start_with_sample(app: App) -> None:
    """A new project with the sample script in it."""
    project_id = app.service.create_project(name="Sample film")
    detail = app.views.project(project_id)
    app.service.save_draft(project_id, brief=detail.brief, script=app.service.sample_script())
    open_project(project_id)
