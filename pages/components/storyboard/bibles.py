"""Style and characters of a film: kept as they are typed, used in every prompt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.bible import StyleBible
from orchestrator.schema.picture import PictureLimits
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import field, live_text, picture_upload
from pages.components.shared.notices import guarded
from pages.components.storyboard import brief_form, character_form
from pages.components.storyboard.cast_moves import Cast, Keep

STYLE_FIELDS = (
    ("name", "Name of the look", "Harbour at dawn", 120),
    ("palette", "Palette", "Slate blue, amber windows, wet stone", 400),
    ("lighting", "Light", "Low sun through haze, long shadows", 400),
    ("mood", "Mood", "Calm, before work begins", 400),
    ("camera", "Camera", "35 mm, slow push-in, at eye height", 400),
)
STYLE_LISTS = (
    ("rules", "Rules, one a line", "The lamp is always lit"),
    ("avoid", "To avoid, one a line", "Text on screen"),
)
LINES_MAX, LINE_CHARACTERS_MAX = 20, 300
HOW_USED = (
    "Style and characters go into the prompt of every clip. A change is saved at once and counts for takes made from "
    "now on; those that are accepted stay as they are."
)


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """The editor. It saves itself; nothing else of the brief is touched."""
    brief, base = detail.brief, f"{key}-bibles"

    def keep(now: StyleBible | Cast, before: StyleBible | Cast, *, is_apart: bool = False) -> None:
        """What was made of a part of the brief that was seen. Raises ``ChangedMeanwhile``."""
        part = "style" if isinstance(now, StyleBible) else "characters"
        briefs = (brief.model_copy(update={part: value}) for value in (now, before))
        brief_form.keep_draft(app, detail, **dict(zip(("brief", "seen_brief"), briefs, strict=True)), is_apart=is_apart)

    def pick(picture: str) -> None:
        with guarded():
            keep(brief.style.model_copy(update={"picture": picture}), brief.style)

    limits = _limits(app, detail)
    st.caption(HOW_USED)
    with st.container(key=f"{base}-texts"):
        st.header("Style", anchor=False)
        picture, texts = st.columns([2, 7], gap="medium")
        with texts:
            _show_style(brief.style, key=base, keep=keep)
        with picture:
            picture_upload.show(
                app,
                project_id=detail.id,
                label="Picture of the style",
                current=brief.style.picture,
                key=f"{base}-style-picture",
                limits=limits,
                size=detail.settings.size,
                has_frame=True,
                on_pick=pick,
            )
        st.header("Characters", anchor=False)
        character_form.show(app, detail, limits=limits, key=base, keep=keep)
    live_text.show(container_key=f"{base}-texts", key=base)


def tidy(text: str | None) -> str:
    return (text or "").replace("\x00", "").strip()


def lines_of(text: str | None) -> tuple[str, ...]:
    """The lines that say something, no more and no longer than a style holds. Pure."""
    lines = (tidy(line)[:LINE_CHARACTERS_MAX] for line in (text or "").splitlines())
    return tuple(line for line in lines if line)[:LINES_MAX]


def _show_style(style: StyleBible, *, key: str, keep: Keep) -> None:
    def draw(widget: Callable[..., Any], label: str, *, name: str, read: Callable[[str], Any], **options: Any) -> None:
        def save(value: Any, seen: Any, *, is_apart: bool) -> None:
            now, before = (style.model_copy(update={name: read(text)}) for text in (value, seen))
            keep(now, before, is_apart=is_apart)

        saved = getattr(style, name)
        field.show(
            widget,
            label,
            key=f"{key}-{name}",
            saved=saved if isinstance(saved, str) else "\n".join(saved),
            save=save,
            read=lambda text: read(text) if isinstance(saved, str) else "\n".join(read(text)),
            **options,
        )

    whole, *pairs = st.container(), *st.columns(2, gap="medium")
    for place, (name, label, example, limit) in enumerate(STYLE_FIELDS):
        with pairs[(place + 1) % 2] if place else whole:
            draw(st.text_input, label, name=name, read=tidy, placeholder=example, max_chars=limit)
    for column, (name, label, example) in zip(st.columns(2, gap="medium"), STYLE_LISTS, strict=True):
        with column:
            draw(st.text_area, label, name=name, read=lines_of, placeholder=example, height=110)


def _limits(app: App, detail: ProjectDetail) -> PictureLimits:
    """What the project's provider does with pictures; those of the default one where it is not set up."""
    settings = detail.settings
    usable = {provider.name for provider in app.views.providers() if not provider.missing and not provider.problem}
    known = (settings.provider, settings.model) if settings.provider in usable else ("", "")
    return app.views.picture_limits(*known)
