"""The prompt of a take, and what was changed in it since the take before."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.schema.view import TakeView

_TAGS = {"added": ("ins", "+", "added"), "removed": ("del", "−", "removed")}


def show(take: TakeView) -> None:
    """The changed prompt; nothing where it is the same, or where there was none before it."""
    if is_changed(take):
        st.html(draw(take.prompt_diff))


def is_changed(take: TakeView) -> bool:
    """Whether this take was asked for in other words than the one before it."""
    return any(op in _TAGS for op, _ in take.prompt_diff)


def draw(parts: tuple[tuple[str, str], ...]) -> str:
    """A prompt with what was added and removed, line by line, as HTML. Pure."""
    return f'<div class="svo-prompt">{"".join(_part(op, text) for op, text in parts if text.strip())}</div>'


def _part(op: str, text: str) -> str:
    if op not in _TAGS:
        return f"<p>{escape(text)}</p>"
    tag, sign, word = _TAGS[op]
    marked = f'<span class="svo-aloud">{word}: </span><i aria-hidden="true">{sign}</i>'
    return f'<p class="{op}">{marked}<{tag}>{escape(text)}</{tag}></p>'
