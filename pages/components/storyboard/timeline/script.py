"""The timeline's script and styles, made of the small files beside this one.

They are modules that import each other; joined in this order they are one, and no build is needed. All of it goes to a
browser once, as a component that never changes (and is therefore remembered by its hash), while the component that
stands on the page and changes with every tick carries a few lines only.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from streamlit.components.v2 import component

from pages.components.storyboard.timeline.key_list import ARRANGE, KEYS, REMOVE, RENAME

HERE = Path(__file__).parent
MODULES = (
    *("icons", "parts", "order", "cut", "card", "scene", "glide", "strip", "picks", "zoom", "ruler", "deck", "stage"),
    *("player", "rename", "foot", "drag", "keys", "timeline"),
)
STYLES = ("frame", "strip", "card", "stage")


def joined() -> str:
    """One script that offers ``clipTimeline`` (``mount(root)`` and ``css``) to the page and says so."""
    css = json.dumps("\n".join(_read(f"{name}.css") for name in STYLES))
    keys = json.dumps({"always": KEYS, "arrange": ARRANGE, "remove": [REMOVE], "rename": [RENAME]}, ensure_ascii=False)
    return (
        f"const timelineKeys = {keys};\n"
        + "".join(_scoped(_read(f"{name}.js")) for name in MODULES)
        + (
            "export default function () {\n"
            f"  globalThis.clipTimeline = {{ mount: mountTimeline, css: {css} }};\n"
            '  document.dispatchEvent(new Event("clip-timeline"));\n}\n'
        )
    )


def _scoped(module: str) -> str:
    """A module with its own names kept to itself and what it exports there for the ones after it."""
    names = ", ".join(re.findall(r"^export (?:const|function) (\w+)", module, flags=re.MULTILINE))
    body = re.sub(r"^import .*\n|^export (?=const|function)", "", module, flags=re.MULTILINE)
    return f"const {{ {names} }} = (() => {{\n{body}return {{ {names} }};\n}})();\n"


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


place_code = component("timeline_code", html="<span hidden></span>\n", js=joined())
place = component("timeline", html='<div class="timeline"></div>\n', js=_read("place.js"))
