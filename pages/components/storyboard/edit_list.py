"""The journal of a project, to read: who changed what, who took it back, and when."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.edits import EditEntry
from pages.components.shared.people import author, when, who
from pages.components.shared.words import plain

SHOWN = 20


def show(entries: Sequence[EditEntry], *, key: str) -> None:
    """The way to the list; nothing where nobody changed anything yet."""
    if not entries:
        return
    with st.popover("What was changed", icon=":material/history:", help="What was changed", key=f"icon-{key}-journal"):
        st.markdown("\n".join(map(_line, acts(entries))))


def acts(entries: Sequence[EditEntry]) -> list[EditEntry]:
    """What was done and what was undone, each by itself, the newest first. Pure."""
    done = [one.model_copy(update={"is_undone": False, "undone_at": None}) for one in entries]
    undone = [one for one in entries if one.is_undone]
    return sorted((*done, *undone), key=lambda one: one.undone_at or one.at, reverse=True)[:SHOWN]


def words(entry: EditEntry) -> str:
    """What somebody else did, as Markdown."""
    by, label = who(entry.undone_by if entry.is_undone else entry.by), plain(entry.label)
    return f"{by} undid: {label}" if entry.is_undone else f"{by}: {label}"


def _line(entry: EditEntry) -> str:
    by, label = author(entry.undone_by if entry.is_undone else entry.by), plain(entry.label)
    told = f"{by or 'Somebody'} undid: {label}" if entry.is_undone else f"{by}: {label}" if by else label
    return f"- {told} :gray[· {when(entry.undone_at or entry.at)}]"
