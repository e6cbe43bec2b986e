"""The people of a film put in order, taken out and brought back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import streamlit as st

from orchestrator.schema.bible import CharacterBible, StyleBible
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain

Cast = tuple[CharacterBible, ...]


class Keep(Protocol):
    """Saves a style or a cast that was made of another one. Raises ``ChangedMeanwhile``."""

    def __call__(self, now: StyleBible | Cast, before: StyleBible | Cast, *, is_apart: bool = False) -> None: ...


def show(cast: Sequence[CharacterBible], index: int, *, project_id: str, key: str, keep: Keep) -> None:
    """Up, down and out, for one of them."""

    def remove() -> None:
        if _keep(keep, [c for i, c in enumerate(cast) if i != index], cast):
            st.session_state[f"{project_id}-removed"] = (index, cast[index])

    with st.container(horizontal=True, gap="small"):
        for label, icon, by in (("Move up", "arrow_upward", -1), ("Move down", "arrow_downward", 1)):
            st.button(
                label,
                icon=f":material/{icon}:",
                type="tertiary",
                disabled=not 0 <= index + by < len(cast),
                key=f"{key}-{icon}",
                on_click=_keep_quietly,
                args=(keep, moved(cast, index, by), cast),
            )
        st.button("Remove", icon=":material/delete:", type="tertiary", key=f"{key}-remove", on_click=remove)


def show_removed(cast: Sequence[CharacterBible], *, key: str, keep: Keep) -> None:
    """The way back, until it is dismissed or somebody else is removed."""
    if (removed := st.session_state.get(f"{key}-removed")) is None:
        return
    index, character = removed

    def bring_back() -> None:
        if _keep(keep, [*cast[:index], character, *cast[index:]], cast):
            dismiss()

    def dismiss() -> None:
        st.session_state.pop(f"{key}-removed", None)

    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"Removed **{plain(character.name)}**.", width="stretch")
        st.button("Undo", icon=":material/undo:", type="tertiary", key=f"{key}-bring-back", on_click=bring_back)
        st.button("Dismiss", icon=":material/close:", type="tertiary", key=f"{key}-dismiss", on_click=dismiss)


def _keep(keep: Keep, now: Sequence[CharacterBible], before: Sequence[CharacterBible]) -> bool:
    """Whether it was kept: nobody else changed the cast meanwhile."""
    with guarded():
        keep(tuple(now), tuple(before))
        return True
    return False


def _keep_quietly(keep: Keep, now: Sequence[CharacterBible], before: Sequence[CharacterBible]) -> None:
    _keep(keep, now, before)


def moved(cast: Sequence[CharacterBible], index: int, by: int) -> tuple[CharacterBible, ...]:
    """The cast with one of them ``by`` places further down. Pure."""
    rest = [c for i, c in enumerate(cast) if i != index]
    rest.insert(max(0, index + by), cast[index])
    return tuple(rest)
