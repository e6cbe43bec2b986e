"""The head of the storyboard: the project's name, undo and redo, and the ways to another project and out."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.edits import EditHistory
from orchestrator.schema.library import ProjectName
from orchestrator.schema.member import Role
from orchestrator.schema.view import PlanView, ProjectDetail
from pages.components.shared import exports_menu, field, rights
from pages.components.shared.words import plain
from pages.components.storyboard import edit_list, project_picker, share, undo_bar


def show(
    app: App, detail: ProjectDetail, projects: Sequence[ProjectName], plan: PlanView | None, history: EditHistory
) -> None:
    """Name on the left, tools on the right; on a phone the name stands above them."""
    role = rights.role(app, detail.id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="storyboard-head"):
        with st.container(gap=None, key="project-name"):
            _show_name(app, detail, is_fixed=not role.covers(Role.CREATOR))
        if role.covers(Role.REVIEWER):
            undo_bar.show_buttons(app, detail.id, history, key="edits")
        edit_list.show(history.entries, key="edits")
        share.show(app, detail, role, key="share")
        project_picker.show(app, projects, project_id=detail.id, key="project")
        exports_menu.show(plan)


def _show_name(app: App, detail: ProjectDetail, *, is_fixed: bool) -> None:
    """A heading that can be written in, unless it ``is_fixed``."""
    if is_fixed:
        st.title(plain(detail.name or "Untitled film"), anchor=False)
        return
    key = f"name-{detail.id}"

    def rename(value: Any, seen: Any, *, is_apart: bool) -> None:
        app.service.update_project(detail.id, name=value, seen={"name": seen}, is_apart=is_apart)

    st.html(f'<h1 class="svo-aloud">{escape(detail.name or "Untitled film")}</h1>')
    field.show(
        st.text_input,
        "Project name",
        key=key,
        saved=detail.name,
        save=rename,
        max_chars=120,
        label_visibility="collapsed",
    )
