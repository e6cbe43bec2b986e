"""The people of a film: added, described, put in order, taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.picture import PictureLimits
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import picture_upload
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
    """``keep`` is told the whole cast, and whether the fields on screen hold it already."""
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

    def read() -> None:
        typed = {name: _tidy(st.session_state.get(f"{key}-{name}")) for name, *_ in FIELDS}
        is_named = bool(typed["name"])
        keep(changed(cast, index, **(typed if is_named else typed | {"name": character.name})), is_named)

    picture, texts = st.columns([2, 7], gap="medium")
    with texts:
        left, right = st.columns(2, gap="medium")
        for field, place in zip(FIELDS, (left, right, texts, *st.columns(2, gap="medium")), strict=True):
            with place:
                _show_field(*field, value=getattr(character, field[0]), key=key, on_change=read)
    with picture:
        chosen = picture_upload.show(
            app,
            project_id=detail.id,
            label=f"Picture of {plain(character.name)}",
            current=character.picture,
            key=f"{key}-picture",
            limits=limits,
            size=detail.settings.size,
            has_frame=True,
        )
    cast_moves.show(cast, index, project_id=detail.id, key=key, keep=keep)
    if chosen != character.picture:
        keep(changed(cast, index, picture=chosen), False)
        st.rerun()


def _show_field(
    name: str, label: str, example: str, limit: int, *, value: str, key: str, on_change: Callable[[], None]
) -> None:
    asked = {"value": value, "placeholder": example, "max_chars": limit, "key": f"{key}-{name}", "on_change": on_change}
    if limit == LOOKS_CHARACTERS_MAX:
        st.text_area(label, height=90, **asked)
    else:
        st.text_input(label, **asked)


def _show_new(cast: Sequence[CharacterBible], *, key: str, keep: Keep) -> None:
    with (
        st.form(f"{key}-new", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        name = st.text_input("Name of a new character", max_chars=120, placeholder="Mara", key=f"{key}-new-name")
        is_sent = st.form_submit_button("Add character", icon=":material/person_add:", key=f"{key}-new-send")
    if not is_sent:
        return
    if not _tidy(name):
        st.warning("Give them a name first: it is how they are recognised.", icon=":material/edit:")
        return
    keep([*cast, CharacterBible(name=_tidy(name))], False)
    st.rerun()


def _tidy(text: str | None) -> str:
    return " ".join((text or "").replace("\x00", "").split())
