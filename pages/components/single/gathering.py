"""A take is put into a film: which one, and where in it."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.member import Role
from orchestrator.schema.view import TakeView
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain, shorten

NEW = "new"
LAST = "last"


def show(app: App, take: TakeView, *, key: str) -> None:
    """The choice; once it is made, the way to the storyboard."""
    projects = [project for project in app.views.projects() if project.role.covers(Role.CREATOR)]
    names = {project.id: shorten(project.name or "Untitled film", 60) for project in projects}
    project_id = st.selectbox(
        "Project", [*names, NEW], format_func=lambda item: names.get(item, "New project"), key=f"{key}-project"
    )
    scene_id, name = LAST, ""
    if project_id == NEW:
        name = st.text_input("Name of the project", placeholder="Launch film", max_chars=120, key=f"{key}-name")
    else:
        scene_id = _choose_scene(app, project_id, key=key)
    st.caption("A copy is put at the end of the scene. Nothing is made or paid again, and the single clip stays here.")
    if not st.button("Add", type="primary", icon=":material/add:", key=f"{key}-add"):
        return
    with guarded():
        # A second press finds the project of the first one by the clip that stands in it.
        asked = f"{key}-made"
        if project_id == NEW:
            project_id = st.session_state.get(asked) or app.service.create_project(name=(name or "").strip())
            st.session_state[asked] = project_id
        clip_id = app.service.add_to_storyboard(take.run_id, project_id, scene_id="" if scene_id == LAST else scene_id)
        st.success(f"Added to {plain(app.views.project(project_id).name)}.", icon=":material/check:")
        st.page_link(
            "storyboard.py",
            label="Open the storyboard",
            icon=":material/view_timeline:",
            query_params={"project": project_id, "clip": clip_id},
        )


def _choose_scene(app: App, project_id: str, *, key: str) -> str:
    plan_id = app.views.project(project_id).clip_plan_id
    if not plan_id:
        st.caption("It has no plan yet; it gets one with this clip.")
        return LAST
    scenes = {scene.id: scene.title for scene in app.views.plan(plan_id).scenes}
    return st.selectbox(
        "Scene",
        [LAST, *scenes],
        format_func=lambda item: shorten(scenes[item], 60) if item in scenes else "The last one",
        key=f"{key}-scene-{project_id}",
    )
