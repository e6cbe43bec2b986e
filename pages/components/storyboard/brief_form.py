"""What the film is for, who it is for and how it should feel: saved as it is typed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.journal import draft_values
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import field
from pages.components.shared.words import LANGUAGES

FIELDS = (
    ("objective", "Objective", "Explain product features", 1000),
    ("audience", "Audience", "Tech founders", 400),
    ("tone", "Tone", "Professional, confident", 400),
    ("call_to_action", "Call to action", "Start free today", 400),
)


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """The form with what was saved. Nothing in it has to be filled in."""

    def saver(name: str) -> field.Save:
        def save(value: Any, seen: Any, *, is_apart: bool) -> None:
            brief, before = (detail.brief.model_copy(update={name: text or ""}) for text in (value, seen))
            keep_draft(app, detail, brief=brief, seen_brief=before, is_apart=is_apart)

        return save

    st.caption("What the film is for. Every field may stay empty: a script alone is enough to start.")
    above, columns = st.container(), st.columns(2, gap="medium")
    for index, (name, label, example, limit) in enumerate(FIELDS):
        with columns[(index - 1) % 2] if index else above:
            field.show(
                st.text_input,
                label,
                key=f"{key}-{name}",
                saved=getattr(detail.brief, name),
                save=saver(name),
                placeholder=example,
                max_chars=limit,
            )
    spoken = {detail.brief.language: detail.brief.language, **LANGUAGES}
    with columns[1]:
        field.show(
            st.selectbox,
            "Language spoken",
            key=f"{key}-language",
            saved=detail.brief.language,
            save=saver("language"),
            options=list(spoken),
            format_func=lambda language: spoken.get(language, language),
        )


def keep_draft(
    app: App,
    detail: ProjectDetail,
    *,
    brief: ContentBrief | None = None,
    script: str | None = None,
    seen_brief: ContentBrief | None = None,
    seen_script: str | None = None,
    is_apart: bool = False,
) -> None:
    """Save what was made of the draft that was seen; what is not given is left as it is. Raises
    ``ChangedMeanwhile``."""
    app.service.save_draft(
        detail.id,
        brief=detail.brief if brief is None else brief,
        script=detail.script if script is None else script,
        seen=draft_values(
            detail.brief if seen_brief is None else seen_brief, detail.script if seen_script is None else seen_script
        ),
        is_apart=is_apart,
    )
