"""What the film is for, who it is for and how it should feel: saved as it is typed."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.view import ProjectDetail
from pages.components.shared.notices import guarded
from pages.components.shared.words import LANGUAGES

FIELDS = (
    ("objective", "Objective", "Explain product features", 1000),
    ("audience", "Audience", "Tech founders", 400),
    ("tone", "Tone", "Professional, confident", 400),
    ("call_to_action", "Call to action", "Start free today", 400),
)


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """The form with what was saved. Nothing in it has to be filled in."""

    def save() -> None:
        with guarded():
            app.service.save_draft(detail.id, brief=read(detail.brief, key=key), script=detail.script)

    st.caption("What the film is for. Every field may stay empty: a script alone is enough to start.")
    above, columns = st.container(), st.columns(2, gap="medium")
    for index, (name, label, example, limit) in enumerate(FIELDS):
        place = columns[(index - 1) % 2] if index else above
        place.text_input(
            label,
            value=getattr(detail.brief, name),
            placeholder=example,
            max_chars=limit,
            key=f"{key}-{name}",
            on_change=save,
        )
    spoken = {detail.brief.language: detail.brief.language, **LANGUAGES}
    columns[1].selectbox(
        "Language spoken",
        list(spoken),
        index=list(spoken).index(detail.brief.language),
        format_func=spoken.__getitem__,
        key=f"{key}-language",
        on_change=save,
    )


def read(saved: ContentBrief, *, key: str) -> ContentBrief:
    """The saved brief with what stands on screen laid over it."""
    typed = {name: st.session_state.get(f"{key}-{name}", getattr(saved, name)) or "" for name, *_ in FIELDS}
    language = st.session_state.get(f"{key}-language", saved.language)
    return ContentBrief.model_validate({**saved.model_dump(), **typed, "language": language})
