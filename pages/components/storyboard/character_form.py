"""The people of a film: added, described, put in order, taken out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.picture import PictureLimits
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import field, picture_upload
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain
from pages.components.storyboard import cast_moves
from pages.components.storyboard.cast_moves import Keep

LOOKS_CHARACTERS_MAX = 600
FIELDS = (
    ("name", "Name", "Mara", 120),
    ("voice", "Voice", "Low, a little hoarse", 400),
    ("appearance", "Looks", "About sixty, weathered, short grey hair", LOOKS_CHARACTERS_MAX),
    ("wardrobe", "Wears", "Dark blue wool coat, brass buttons", 400),
    ("personality", "Manner", "Unhurried, dry humour", 400),
)
CHARACTERS_MAX = 12
HOW_KNOWN = (
    "Someone is in a clip where they speak, or where their name stands in what is said or seen. With one character, "
    "clips that name nobody have them too. A clip starts from the picture of who speaks in it."
)


def show(app: App, detail: ProjectDetail, *, limits: PictureLimits, key: str, keep: Keep) -> None:
    """``keep`` is told the whole cast, and what it was made of."""
    cast, places = detail.brief.characters, app.views.appearances(detail.id)
    st.caption(HOW_KNOWN)
    cast_moves.show_removed(cast, key=detail.id, keep=keep)
    for index, character in enumerate(cast):
        title = _title(character, places[index] if index < len(places) else ())
        with st.expander(title, expanded=len(cast) < 3, key=f"{detail.id}-character-{index}"):
            _show_one(app, detail, index, limits=limits, key=f"{key}-{index}", keep=keep)
    if len(names := [c.name.casefold() for c in cast]) != len(set(names)):
        st.warning("Two characters have the same name: both are meant wherever it stands.", icon=":material/group:")
    if len(cast) < CHARACTERS_MAX:
        _show_new(cast, key=key, keep=keep)
    else:
        st.caption(f"A film has at most {CHARACTERS_MAX} characters.")


def changed(cast: Sequence[CharacterBible], index: int, **fields: str) -> tuple[CharacterBible, ...]:
    """The cast with one of them described otherwise. Pure."""
    return tuple(c.model_copy(update=fields) if i == index else c for i, c in enumerate(cast))


def _title(character: CharacterBible, places: Sequence[int]) -> str:
    where = ""
    if places:
        where = f" · in clip{'s' if len(places) > 1 else ''} {', '.join(map(str, places))}"
    return f"**{plain(character.name)}**{where}"


def _show_one(app: App, detail: ProjectDetail, index: int, *, limits: PictureLimits, key: str, keep: Keep) -> None:
    cast = detail.brief.characters
    character = cast[index]

    def saver(name: str) -> field.Save:
        def save(value: Any, seen: Any, *, is_apart: bool) -> None:
            text = _tidy(value) or (character.name if name == "name" else "")
            before = changed(cast, index, **{name: seen})
            keep(changed(before, index, **{name: text}), before, is_apart=is_apart)

        return save

    def pick(picture: str) -> None:
        with guarded():
            keep(changed(cast, index, picture=picture), cast)

    picture, texts = st.columns([2, 7], gap="medium")
    with texts:
        left, right = st.columns(2, gap="medium")
        places = (left, right, texts, *st.columns(2, gap="medium"))
        for (name, label, example, limit), place in zip(FIELDS, places, strict=True):
            is_long = limit == LOOKS_CHARACTERS_MAX
            with place:
                field.show(
                    st.text_area if is_long else st.text_input,
                    label,
                    key=f"{key}-{name}",
                    saved=getattr(character, name),
                    save=saver(name),
                    read=_tidy,
                    placeholder=example,
                    max_chars=limit,
                    **({"height": 90} if is_long else {}),
                )
    with picture:
        picture_upload.show(
            app,
            project_id=detail.id,
            label=f"Picture of {plain(character.name)}",
            current=character.picture,
            key=f"{key}-picture",
            limits=limits,
            size=detail.settings.size,
            has_frame=True,
            on_pick=pick,
        )
    cast_moves.show(cast, index, project_id=detail.id, key=key, keep=keep)


def _show_new(cast: Sequence[CharacterBible], *, key: str, keep: Keep) -> None:
    """The name stays until it is of use."""
    field_key, warned = f"{key}-new-name", f"{key}-new-unnamed"

    def add() -> None:
        name = _tidy(st.session_state[field_key])
        st.session_state[warned] = not name
        if name:
            with guarded():
                keep((*cast, CharacterBible(name=name)), tuple(cast))
                st.session_state[field_key] = ""

    with (
        st.form(f"{key}-new", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        st.text_input("Name of a new character", max_chars=120, placeholder="Mara", key=field_key)
        st.form_submit_button("Add character", icon=":material/person_add:", key=f"{key}-new-send", on_click=add)
    if st.session_state.pop(warned, False):
        st.warning("Give them a name first: it is how they are recognised.", icon=":material/edit:")


def _tidy(text: str | None) -> str:
    return " ".join((text or "").replace("\x00", "").split())
