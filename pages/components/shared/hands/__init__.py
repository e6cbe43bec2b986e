"""What is being typed and not sent yet stays in its field when somebody else's words would take its place."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

from pages.components.shared import field_memory

_mount = component(
    "hands", html="<span hidden></span>\n", js=(Path(__file__).parent / "hands.js").read_text(encoding="utf-8")
)
KEY = "hands"


def show() -> None:
    """Once on a page with fields that several people may write in."""

    def held() -> None:
        match st.session_state[KEY].held:
            case {"name": str(class_name), "begun": str(begun)}:
                field_memory.hold(class_name, begun)

    _mount(key=KEY, height="content", on_held_change=held)
