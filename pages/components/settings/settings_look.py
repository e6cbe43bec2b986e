"""How the app looks, and the keys that spare the mouse."""

from __future__ import annotations

from html import escape

import streamlit as st

from pages.components.settings import theme_choice
from pages.components.storyboard.timeline.key_list import ARRANGE, KEYS, REMOVE, RENAME
from pages.components.takes import review_queue

# what each is about -> (keys, what they do)
SHORTCUTS: dict[str, tuple[tuple[str, str], ...]] = {
    "Review (dashboard, Needs you)": (
        *((shortcut.key.capitalize(), shortcut.words) for shortcut in review_queue.shortcuts("any")),
        ("1 to 9", "While reasons are offered: decide with that one"),
        ("?", "Show or hide the list of keys"),
    ),
    "Timeline (storyboard)": tuple((keys, words.capitalize()) for keys, words in (*KEYS, *ARRANGE, REMOVE, RENAME)),
    "Everywhere": (("Tab, Shift with Tab", "Go to the next control, or back"), ("Esc", "Close what lies on top")),
}


def show(*, key: str) -> None:
    st.header("Theme", anchor=False)
    theme_choice.show(key=f"{key}-theme")
    st.header("Keyboard", anchor=False)
    st.caption("Keys do nothing while you type. Everything they do can be pressed, too.")
    st.html(table())


def table() -> str:
    """All shortcuts as HTML. Pure."""
    parts = (
        f'<section><h3>{escape(title)}</h3><dl class="svo-shortcuts">'
        + "".join(f"<div><dt><kbd>{escape(keys)}</kbd></dt><dd>{escape(words)}</dd></div>" for keys, words in rows)
        + "</dl></section>"
        for title, rows in SHORTCUTS.items()
    )
    return f'<div class="svo-keyboard">{"".join(parts)}</div>'
