"""In the place of a project that is not there, or is in the bin."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import rights
from pages.components.shared.notices import guarded, show_empty, show_error
from pages.components.shared.words import plain
from pages.components.storyboard import project_picker, watch


def show_missing(app: App) -> None:
    """No project has the id in the address."""
    st.title("Storyboard", anchor=False)
    show_error("There is no project with that id.", hint="Choose another one, or start a new project.")
    with st.container(horizontal=True, gap="small"):
        project_picker.show(app, app.views.project_names(), project_id="", key="project")


def show_deleted(app: App, detail: ProjectDetail) -> None:
    """Somebody put the project into the bin, here or in another tab."""
    watch.show(app, detail.id, detail.version, None)
    st.title(plain(detail.name or "Untitled film"), anchor=False)
    show_empty("This project is in the bin", "Its clips and films are kept there. Nothing more is made.", icon="delete")
    with st.container(horizontal=True, gap="small"):
        is_mine = rights.may(app, detail.id, Role.OWNER)
        if is_mine and st.button("Restore it", type="primary", icon=":material/restore_from_trash:", key="restore"):
            with guarded():
                app.service.restore_project(detail.id)
                st.rerun()
        project_picker.show(app, app.views.project_names(), project_id="", key="project")
