"""Shortcuts of a page: a key presses a button that is there anyway, or leads to a place on the page.

They do nothing while somebody types, while a dialog is open or with Ctrl, Alt or Meta held. What a key did is said
aloud through a live region, and ``?`` lists them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from streamlit.components.v2 import component

HERE = Path(__file__).parent
_mount = component(
    "review_keys",
    html='<div class="keys"></div>\n',
    css=(HERE / "review_keys.css").read_text(encoding="utf-8"),
    js=(HERE / "review_keys.js").read_text(encoding="utf-8"),
)


class Shortcut(NamedTuple):
    """``key`` as the browser names it, in lower case. ``place`` is the key of a Streamlit element: ``press`` presses
    the button in it, ``choose`` leads to the first of its buttons, which the digits press then, ``write`` opens it and
    leads to its first field, ``play`` starts or stops the video in it."""

    key: str
    words: str
    does: Literal["press", "choose", "write", "play"]
    place: str


def show(shortcuts: tuple[Shortcut, ...], *, key: str) -> None:
    """One quiet line that names the keys, and the list of them on demand."""
    _mount(key=key, data={"shortcuts": [shortcut._asdict() for shortcut in shortcuts]}, height="content")
