"""What fields that several people may write in remember of one visitor: what was before them when they typed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import streamlit as st

from orchestrator.errors import ChangedMeanwhile

# So soon after somebody else's words were put into a field, nobody has read them: what is sent then was typed before.
UNREAD_SECONDS = 1.0
_FIELDS, _DRAWN = "fields", "drawn"


class Save(Protocol):
    """Keeps a value of one who had ``seen`` another; ``is_apart``: as an edit of its own. Raises
    ``ChangedMeanwhile``."""

    def __call__(self, value: Any, seen: Any, *, is_apart: bool) -> None: ...


@dataclass
class Field:
    """``shown`` is what was saved when this person last saw it, ``placed`` what stands for it in the widget;
    ``former`` was shown before somebody else's value took its place. ``begun`` is what stood there when they began to
    type what is not sent yet. ``clash`` is why ``mine`` is not saved; ``kept`` was given up for somebody else's."""

    shown: Any
    placed: Any
    former: Any = None
    replaced_at: float = -UNREAD_SECONDS
    begun: Any = None
    clash: ChangedMeanwhile | None = None
    mine: Any = None
    kept: Any = None
    is_just_saved: bool = False

    def seen(self) -> Any:
        """What this person had before them when they typed what the widget holds."""
        if self.begun is not None:
            return self.begun
        return self.former if time.monotonic() < self.replaced_at + UNREAD_SECONDS else self.shown

    def settle(self, shown: Any, placed: Any) -> None:
        """Nothing is open: this is saved, and before them."""
        self.shown, self.placed, self.clash, self.mine, self.begun = shown, placed, None, None, None
        self.replaced_at = -UNREAD_SECONDS

    def disagree(self, error: ChangedMeanwhile, mine: Any) -> None:
        """Somebody else changed the same: ``mine`` waits for a word."""
        self.begun = self.seen()
        self.clash, self.mine = error, mine


def follow(key: str, saved: Any) -> Field:
    """Before a widget is drawn: it shows what is ``saved`` now, unless somebody typed into it."""
    fields: dict[str, Field] = st.session_state.setdefault(_FIELDS, {})
    field = fields.get(key)
    if field is None:
        field = fields[key] = Field(saved, saved)
        st.session_state[key] = saved
    elif key not in st.session_state:  # it was out of sight
        st.session_state[key] = field.mine if field.clash else saved
        if not field.clash:
            field.settle(saved, saved)
    elif field.clash and st.session_state[key] == saved:
        field.settle(saved, saved)
    elif saved != field.shown and not field.clash and st.session_state[key] == field.placed and field.begun is None:
        if st.session_state[key] != saved:
            if not field.is_just_saved:  # else it is what was typed, made tidy
                field.former, field.replaced_at = field.shown, time.monotonic()
            st.session_state[key] = saved
        field.shown = field.placed = saved
    field.is_just_saved = False
    return field


def seen(key: str, saved: Any) -> Any:
    """What this person had before them in the field with that key; ``saved`` where it was not drawn."""
    field = st.session_state.get(_FIELDS, {}).get(key)
    return field.seen() if field else saved


def drawn(key: str, now: Any) -> Any:
    """What goes by ``key`` as it was drawn before this run, and is ``now``: who presses a button has seen that."""
    shown: dict[str, Any] = st.session_state.setdefault(_DRAWN, {})
    before, shown[key] = shown.get(key, now), now
    return before


def send(key: str, value: Any, save: Save, *, read: Callable[[Any], Any], is_apart: bool = False) -> None:
    """Save a value; where somebody else changed the same, that is shown at the field."""
    field = remembered(key)
    try:
        save(value, field.seen(), is_apart=is_apart)
        field.settle(read(value), value)
        field.is_just_saved = True
    except ChangedMeanwhile as error:
        field.disagree(error, value)


def hold(class_name: str, begun: str) -> None:
    """Somebody was typing into the widget with that class when somebody else's words came: these were before them."""
    for key, field in st.session_state.get(_FIELDS, {}).items():
        if _class_of(key) == class_name and isinstance(field.shown, str):
            field.begun = begun


def remembered(key: str) -> Field:
    """Of a field that was drawn."""
    return st.session_state[_FIELDS][key]


def _class_of(key: str) -> str:
    return "st-key-" + re.sub(r"[^a-zA-Z0-9_-]", "-", key.strip())
