"""What is shown is named in the address: reload, back, a second tab and a link sent to somebody show the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st


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


def page(name: str, *, total: int, size: int) -> int:
    """The page in the address, from 1, within what there is."""
    text = st.query_params.get(name, "1")
    wanted = int(text) if text.isdecimal() and len(text) < 7 else 1
    return min(max(1, wanted), max(1, -(-total // size)))


def show_pages(name: str, *, total: int, size: int, noun: str) -> None:
    """The way to the pages before and after; nothing when all is on one."""
    here, last = page(name, total=total, size=size), max(1, -(-total // size))
    if last == 1:
        return

    def turn(number: int) -> None:
        put(name, str(number), default="1")

    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="center", gap="small"):
        back, on = ":material/chevron_left:", ":material/chevron_right:"
        st.button("Newer", icon=back, disabled=here == 1, key=f"{name}-back", on_click=turn, args=(here - 1,))
        first = (here - 1) * size + 1
        st.caption(f"{first:,} to {min(here * size, total):,} of {total:,} {noun}", width="content")
        st.button("Older", icon=on, disabled=here == last, key=f"{name}-on", on_click=turn, args=(here + 1,))


def put(name: str, value: str, *, default: str = "") -> None:
    """Write a value into the address; the default is left out."""
    if value and value != default:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
