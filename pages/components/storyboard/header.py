"""The head of the storyboard: the project's name, undo and redo, and the ways to another project and out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.edits import EditHistory
from orchestrator.schema.library import ProjectName
from orchestrator.schema.view import PlanView, ProjectDetail
from pages.components.shared import exports_menu
from pages.components.shared.notices import guarded
from pages.components.storyboard import project_picker, undo_bar


def show(
    app: App, detail: ProjectDetail, projects: Sequence[ProjectName], plan: PlanView | None, history: EditHistory
) -> None:
    """Name on the left, tools on the right; on a phone the name stands above them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="storyboard-head"):
        with st.container(gap=None, key="project-name"):
            _show_name(app, detail)
        undo_bar.show_buttons(app, detail.id, history, key="edits")
        project_picker.show(app, projects, project_id=detail.id, key="project")
        exports_menu.show(plan)


def _show_name(app: App, detail: ProjectDetail) -> None:
    """A heading that can be written in."""
    key = f"name-{detail.id}"

    def rename() -> None:
        with guarded():
            app.service.update_project(detail.id, name=st.session_state[key])

    st.html(f'<h1 class="svo-aloud">{escape(detail.name or "Untitled film")}</h1>')
    if st.session_state.get(key) != detail.name:
        st.session_state[key] = detail.name
    st.text_input("Project name", max_chars=120, key=key, on_change=rename, label_visibility="collapsed")
