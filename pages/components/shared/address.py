"""What is shown is named in the address: reload, back, a second tab and a link sent to somebody show the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import streamlit as st

from orchestrator.errors import BadInput
from orchestrator.schema.paging import Paged

AFTER = "after"  # the page of whichever list is shown
Part = TypeVar("Part", bound=Paged)


def choose(name: str, titles: Mapping[str, str], *, label: str, default: str = "", forget: tuple[str, ...] = ()) -> str:
    """A row of buttons for the values of ``name`` in the address; the one that is chosen, ``default`` or the first one
    as long as none is. A choice forgets what ``forget`` names, such as the page of a list."""
    found = st.query_params.get(name, "")
    value = found if found in titles else default or next(iter(titles))
    st.segmented_control(
        label,
        list(titles),
        format_func=titles.__getitem__,
        required=True,
        label_visibility="collapsed",
        **_kept(name, value, forget=forget),
    )
    return value


def pick(
    name: str, titles: Mapping[str, str], *, label: str, forget: tuple[str, ...] = (), is_bare: bool = False
) -> str:
    """A list to choose from, for a ``name`` with many values; the first one where the address names none of them."""
    found, first = st.query_params.get(name, ""), next(iter(titles))
    value = found if found in titles else first
    st.selectbox(
        label,
        list(titles),
        format_func=titles.__getitem__,
        label_visibility="collapsed" if is_bare else "visible",
        **_kept(name, value, forget=forget, default=first),
    )
    return value


def search(name: str, *, label: str, forget: tuple[str, ...] = (), **options: Any) -> str:
    """A field for words that are looked for, kept in the address under ``name``."""
    value = st.query_params.get(name, "")
    st.text_input(
        label,
        type="search",
        placeholder=label,
        icon=":material/search:",
        label_visibility="collapsed",
        **_kept(name, value, forget=forget),
        **options,
    )
    return value


def _kept(name: str, value: str, *, forget: tuple[str, ...], default: str = "") -> dict[str, Any]:
    """For a widget that shows ``value``: its key, and what writes another one into the address."""
    widget = f"address-{name}"
    st.session_state[widget] = value

    def keep() -> None:
        put(name, st.session_state[widget].strip(), default=default)
        for other in forget:
            put(other, "")

    return {"key": widget, "on_change": keep}


def read_page(read: Callable[[str], Part]) -> Part:
    """What ``read`` finds from the page in the address on; the first page where there is no such one any more."""
    if wanted := st.query_params.get(AFTER, ""):
        with contextlib.suppress(BadInput):
            found = read(wanted)
            if found.next or found.previous:
                return found
    return read("")


def show_pages(part: Paged, words: str, *, back: str = "Newer", on: str = "Older") -> None:
    """The way to the pages before and after, with ``words`` on what this is a page of; nothing when all is on one."""
    if not (part.next or part.previous):
        return

    def turn(after: str) -> None:
        put(AFTER, after)

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center", gap="small"):
        for label, icon, after in ((back, "left", part.previous), (on, "right", part.next)):
            if icon == "right":
                st.caption(words, width="content")
            icon_name, key = f":material/chevron_{icon}:", f"{AFTER}-{icon}"
            st.button(label, icon=icon_name, disabled=not after, key=key, on_click=turn, args=(after,))


def put(name: str, value: str, *, default: str = "") -> None:
    """Write a value into the address; the default is left out."""
    if value and value != default:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
