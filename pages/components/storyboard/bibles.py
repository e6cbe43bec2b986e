"""Style and characters of a film: kept as they are typed, used in every prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.picture import PictureLimits
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import live_text, picture_upload
from pages.components.shared.notices import guarded
from pages.components.storyboard import character_form

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
    fields = f"{base}-{_round(brief.style, brief.characters, key=base)}"

    def keep(style: StyleBible | None, characters: Sequence[CharacterBible] | None, is_typed: bool) -> None:
        """None leaves a part as it is; ``is_typed``: the fields on screen hold it already."""
        with guarded():
            now = app.views.project(detail.id)
            given = {"style": style, "characters": tuple(characters) if characters is not None else None}
            changed = now.brief.model_copy(update={name: part for name, part in given.items() if part is not None})
            app.service.save_draft(detail.id, brief=changed, script=now.script)
            st.session_state[f"{base}-seen"] = _mark(changed.style, changed.characters) if is_typed else ""

    limits = _limits(app, detail)
    st.caption(HOW_USED)
    with st.container(key=f"{base}-texts"):
        st.header("Style", anchor=False)
        picture, texts = st.columns([2, 7], gap="medium")
        with texts:
            _show_style(
                brief.style, key=fields, on_change=lambda: keep(read_style(brief.style, key=fields), None, True)
            )
        with picture:
            chosen = picture_upload.show(
                app,
                project_id=detail.id,
                label="Picture of the style",
                current=brief.style.picture,
                key=f"{base}-style-picture",
                limits=limits,
                size=detail.settings.size,
                has_frame=True,
            )
        st.header("Characters", anchor=False)
        character_form.show(
            app, detail, limits=limits, key=fields, keep=lambda cast, is_typed: keep(None, cast, is_typed)
        )
    live_text.show(container_key=f"{base}-texts", key=base)
    if chosen != brief.style.picture:
        keep(brief.style.model_copy(update={"picture": chosen}), None, False)
        st.rerun()


def read_style(saved: StyleBible, *, key: str) -> StyleBible:
    """The saved style with what stands on screen laid over it."""
    typed = {name: tidy(st.session_state.get(f"{key}-{name}")) for name, *_ in STYLE_FIELDS}
    lists = {name: lines_of(st.session_state.get(f"{key}-{name}") or "") for name, *_ in STYLE_LISTS}
    return saved.model_copy(update={**typed, **lists})


def tidy(text: str | None) -> str:
    return (text or "").replace("\x00", "").strip()


def lines_of(text: str) -> tuple[str, ...]:
    """The lines that say something, no more and no longer than a style holds. Pure."""
    lines = (tidy(line)[:LINE_CHARACTERS_MAX] for line in text.splitlines())
    return tuple(line for line in lines if line)[:LINES_MAX]


def _show_style(style: StyleBible, *, key: str, on_change: Callable[[], None]) -> None:
    whole, *pairs = st.container(), *st.columns(2, gap="medium")
    for place, (name, label, example, limit) in enumerate(STYLE_FIELDS):
        with pairs[(place + 1) % 2] if place else whole:
            st.text_input(
                label,
                value=getattr(style, name),
                placeholder=example,
                max_chars=limit,
                key=f"{key}-{name}",
                on_change=on_change,
            )
    for column, (name, label, example) in zip(st.columns(2, gap="medium"), STYLE_LISTS, strict=True):
        with column:
            st.text_area(
                label,
                value="\n".join(getattr(style, name)),
                placeholder=example,
                height=110,
                key=f"{key}-{name}",
                on_change=on_change,
            )


def _limits(app: App, detail: ProjectDetail) -> PictureLimits:
    """What the project's provider does with pictures; those of the default one where it is not set up."""
    settings = detail.settings
    usable = {provider.name for provider in app.views.providers() if not provider.missing and not provider.problem}
    known = (settings.provider, settings.model) if settings.provider in usable else ("", "")
    return app.views.picture_limits(*known)


def _round(style: StyleBible, characters: Sequence[CharacterBible], *, key: str) -> int:
    """Part of the fields' keys: they begin afresh when style or characters were changed elsewhere, and keep what is
    typed otherwise."""
    mark, number = _mark(style, characters), st.session_state.get(f"{key}-round", 0)
    if st.session_state.get(f"{key}-seen") != mark:
        st.session_state[f"{key}-seen"] = mark
        st.session_state[f"{key}-round"] = number = number + 1
    return number


def _mark(style: StyleBible, characters: Sequence[CharacterBible]) -> str:
    said = "\0".join(part.model_dump_json() for part in (style, *characters))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
