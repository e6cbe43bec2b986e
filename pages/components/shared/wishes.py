"""One wish, made once: a second click, or a page that is run again, asks for nothing new and pays nothing twice."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.errors import NotFound


@dataclass(frozen=True)
class _Asked:
    """What was asked for last, under which key, and the clip that came of it."""

    wish: object
    request_key: str
    clip_id: str = ""


def ask(app: App, wish: object, *, key: str, make: Callable[[str], str]) -> tuple[str, bool]:
    """(clip id, whether it is new). ``make`` is given the request key: the same one for an equal ``wish`` until the
    clips of that are there."""
    asked: _Asked | None = st.session_state.get(key)
    is_known = asked is not None and asked.wish == wish and _is_under_way(app, asked.clip_id)
    if asked is None or not is_known:
        asked = _Asked(wish, str(uuid.uuid4()))
        st.session_state[key] = asked  # before anything is asked for: this run may be cut off at any point
    clip_id = make(asked.request_key)
    st.session_state[key] = replace(asked, clip_id=clip_id)
    return clip_id, not is_known


def _is_under_way(app: App, clip_id: str) -> bool:
    if not clip_id:
        return True
    try:
        return any(take.is_active or take.is_held for take in app.views.wish(clip_id).takes)
    except NotFound:  # it was deleted meanwhile
        return False
