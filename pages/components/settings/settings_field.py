"""One value of the settings: its field, where it comes from, and the way back to what counts otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from orchestrator.schema.workspace import DefaultView, Source
from pages.components.shared.prices import money
from pages.components.shared.words import plain

Save = Callable[[str, Any], None]


def show_choice(label: str, titles: dict[str, str], chosen: str, save: Callable[[str], None], *, key: str) -> None:
    if st.session_state.get(key) != chosen:
        st.session_state[key] = chosen
    st.selectbox(
        label, list(titles), format_func=titles.__getitem__, key=key, on_change=lambda: save(st.session_state[key])
    )


def show_number(
    item: DefaultView,
    label: str,
    save: Save,
    *,
    key: str,
    least: float = 1,
    most: float | None = None,
    is_off: bool = False,
) -> None:
    """Empty is: not set here. ``is_off``: there is no limit, so none can be written."""
    widget, chosen = f"{key}-{item.name}", item.value if item.source is Source.HERE else None
    otherwise = number_words(item)
    if st.session_state.get(widget) != chosen:
        st.session_state[widget] = chosen
    st.number_input(
        label,
        min_value=least,
        max_value=most,
        value=None,
        step=1.0 if isinstance(least, float) else 1,
        placeholder="no limit" if is_off else otherwise,
        disabled=is_off,
        key=widget,
        on_change=lambda: save(item.name, st.session_state[widget]),
    )
    show_source(item, save, key=key, otherwise=otherwise)


def number_words(item: DefaultView) -> str:
    """What counts where nothing is set here."""
    if item.name == "budget_usd":
        return "no limit" if item.otherwise is None else money(float(item.otherwise))
    return str(item.otherwise)


def show_source(item: DefaultView, save: Save, *, key: str, otherwise: str) -> None:
    """Where the value comes from, and the way back where it was set here."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(source_words(item, otherwise=otherwise), width="content")
        if item.source is Source.HERE:
            empty = "" if item.name in ("provider", "model", "reviewer_name") else None
            st.button(
                "Reset",
                icon=":material/undo:",
                type="tertiary",
                key=f"{key}-{item.name}-reset",
                on_click=save,
                args=(item.name, empty),
            )


def source_words(item: DefaultView, *, otherwise: str) -> str:
    """Where a value comes from, as Markdown."""
    match item.source:
        case Source.HERE:
            return f"**Set here.** Otherwise {plain(otherwise)}"
        case Source.ENVIRONMENT:
            return f"From {plain(item.variable)}"
        case _:
            return "Built in"
