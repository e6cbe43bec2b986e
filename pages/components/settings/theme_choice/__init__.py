"""Light, dark or as the system says. Streamlit keeps that choice in the browser, by the address of each page; there is
no call for it, so it is written there and the page is loaded anew."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

HERE = Path(__file__).parent
# The addresses under which pages are opened; the name and version of what is stored are those of Streamlit 1.67.
PATHS = ("", "storyboard", "single", "dashboard", "settings")
STORED_AS = "stActiveTheme-{path}-v2"
_mount = component(
    "theme_choice",
    html='<div class="themes"></div>\n',
    css=(HERE / "theme_choice.css").read_text(encoding="utf-8"),
    js=(HERE / "theme_choice.js").read_text(encoding="utf-8"),
)


def show(*, key: str) -> None:
    """Three choices; the one that holds is marked."""
    _mount(key=key, data={"paths": list(PATHS), "stored_as": STORED_AS}, height="content")
