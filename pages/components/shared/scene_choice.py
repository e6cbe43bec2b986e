"""Moving clips to another scene: one that is there, or a new one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator import journal
from orchestrator.bootstrap import App
from orchestrator.schema.view import PlanView
from pages.components.shared import field_memory
from pages.components.shared.notices import guarded
from pages.components.shared.words import shorten
from pages.components.storyboard.timeline.arrangement import Arrangement, arrangement, seen_of


def show(app: App, plan: PlanView, clip_ids: Sequence[str], *, key: str) -> None:
    """Choose a scene, or write the title of a new one, and move."""
    shown = field_memory.drawn(f"{key}-scenes", seen_of([c for c in plan.clips if c.id in clip_ids], "scene_id"))
    standing = {clip.scene_id for clip in plan.clips if clip.id in clip_ids}
    titles = {s.id: f"{s.position} · {shorten(s.title, 40)}" for s in plan.scenes if standing != {s.id}}
    with (
        st.form(f"{key}-scene", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        wanted = st.selectbox(
            "Move to scene",
            list(titles),
            index=None,
            format_func=lambda item: titles.get(item) or item,
            accept_new_options=True,
            placeholder="Choose one, or write a new title",
            key=f"{key}-scene-choice",
        )
        is_sent = st.form_submit_button("Move", icon=":material/drive_file_move:", key=f"{key}-scene-send")
    if is_sent and wanted and wanted.strip():
        with guarded():
            scene_id = wanted if wanted in titles else app.service.add_scene(plan.id, wanted.strip())
            current = arrangement(app.views.plan(plan.id))
            seen = {**journal.arranged(current), **shown}
            app.service.arrange_clips(plan.id, moved_to(current, clip_ids, scene_id), seen=seen)
            st.rerun(scope="app")


def moved_to(current: Arrangement, clip_ids: Sequence[str], scene_id: str) -> Arrangement:
    """``current`` with these clips at the end of one scene, in the order they had. Pure."""
    moving = [clip_id for _, clips in current for clip_id in clips if clip_id in clip_ids]
    rest = {scene: [clip for clip in clips if clip not in moving] for scene, clips in current}
    rest.setdefault(scene_id, []).extend(moving)
    return tuple((scene, tuple(clips)) for scene, clips in rest.items())
