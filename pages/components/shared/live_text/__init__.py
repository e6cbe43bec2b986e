"""Makes the text areas around it commit while a person types, so that counts and drafts keep up without a click."""

from __future__ import annotations

from pathlib import Path

from streamlit.components.v2 import component

_mount = component(
    "live_text", html="<span hidden></span>\n", js=(Path(__file__).parent / "live_text.js").read_text(encoding="utf-8")
)


def show(*, container_key: str, key: str, pause_seconds: float = 0.6) -> None:
    """Watch the text areas inside the container with ``container_key``; commit after a pause in typing.

    Takes no room on the page (look/frame.css), so that nothing below it jumps once it is loaded.
    """
    _mount(
        key=f"{key}-live-text",
        data={"scope": f".st-key-{container_key}", "pause": int(pause_seconds * 1000)},
        height="content",
    )
