"""What a page says while its server is away: that nothing is lost, and that it comes back by itself."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

_mount = component(
    "reconnect",
    html="<span hidden></span>\n",
    js=(Path(__file__).parent / "reconnect.js").read_text(encoding="utf-8"),
)


def show() -> None:
    """Once on every page; draws nothing while all is well."""
    _mount(key="reconnect", height="content")
