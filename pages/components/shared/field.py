"""A field that several people may write in. What somebody else made of it appears where nobody has touched it; whoever
typed keeps their words, and is told when both changed the same: nothing is written over unseen, nothing typed is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.components.shared.field_memory import Field, Save, follow, remembered, send
from pages.components.shared.notices import guarded
from pages.components.shared.people import when, who

__all__ = ["Save", "send", "show", "show_clash"]


def show(
    widget: Callable[..., Any],
    label: str,
    *,
    key: str,
    saved: Any,
    save: Save,
    read: Callable[[Any], Any] = lambda value: value,
    **options: Any,
) -> Any:
    """Draw ``widget`` with what is ``saved``; what stands on screen. ``read`` says what of a value would be saved."""
    field = follow(key, saved)
    value = widget(label, key=key, on_change=_send, args=(key, save, read), **options)
    show_clash(field, key=key, saved=saved, save=save, read=read, words=options.get("format_func", str))
    return value


def show_clash(
    field: Field, *, key: str, saved: Any, save: Save, read: Callable[[Any], Any], words: Callable[[Any], str] = str
) -> None:
    """Under the field: both versions and the choice between them; what was given up stays at hand until closed."""
    if field.clash is not None:
        with st.container(border=True, gap="xsmall", key=f"clash-{key}"):
            told = f"{who(field.clash.by)} changed this {when(field.clash.at)}, and you changed it too."
            st.warning(f"{told} Yours is not saved yet.", icon=":material/group:")
            for column, title, text in zip(st.columns(2), ("Theirs", "Yours"), (saved, field.mine), strict=True):
                with column:
                    st.caption(title)
                    st.code(words(text), language=None, wrap_lines=True)
            with st.container(horizontal=True, gap="small"):
                args = (key, saved, save, read)
                st.button("Keep mine", icon=":material/check:", key=f"{key}-mine", on_click=_keep_mine, args=args)
                st.button("Take theirs", icon=":material/group:", key=f"{key}-theirs", on_click=_take, args=args[:2])
    if field.kept is not None:
        with st.expander("What you had written", icon=":material/content_copy:"):
            st.code(words(field.kept), language=None, wrap_lines=True)
            st.button(
                "Close", icon=":material/close:", type="tertiary", key=f"{key}-close", on_click=_close, args=(key,)
            )


def _send(key: str, save: Save, read: Callable[[Any], Any]) -> None:
    with guarded():
        send(key, st.session_state[key], save, read=read)


def _keep_mine(key: str, theirs: Any, save: Save, read: Callable[[Any], Any]) -> None:
    field = remembered(key)
    field.begun, mine = theirs, field.mine
    with guarded():
        send(key, mine, save, read=read, is_apart=True)
        st.session_state[key] = mine


def _take(key: str, theirs: Any) -> None:
    field = remembered(key)
    field.kept = field.mine
    field.settle(theirs, theirs)
    st.session_state[key] = theirs


def _close(key: str) -> None:
    remembered(key).kept = None
