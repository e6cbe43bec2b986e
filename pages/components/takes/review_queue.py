"""The reviewing desk: what waits for a person as a list, the chosen clip beside it, and keys to go through them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.reviewing import NeedKind, NeedsView, NeedView
from pages.components.shared import address
from pages.components.shared.notices import guarded, show_empty
from pages.components.shared.words import count, shorten
from pages.components.takes import decision_undo, review_desk, review_keys, review_list
from pages.components.takes.review_keys import Shortcut

CHOSEN = "take"  # in the address
KIND, PROJECT = "needs", "needs-project"
ALL = ""


def show(app: App, *, key: str) -> None:
    """A fragment of its own that does not tick, so that nothing moves while somebody decides."""
    st.fragment(_show)(app, key=key)


def _show(app: App, *, key: str) -> None:
    with guarded():
        decision_undo.show(app, key=f"{key}-undone", on_undone=choose)
        kind, project_id = _wanted()
        found = app.views.needs_you(kind=kind, project_id=project_id)
        if not sum(found.counts.values()):
            text = "Takes that the checks cannot decide on, lost answers and clips that failed appear here."
            show_empty("Nothing waits for you", text, icon="task_alt")
            return
        _show_filters(found)
        if not found.items:
            show_empty("Nothing of this kind waits for you", "Choose another kind or project above.", icon="task_alt")
            return
        _show_desk(app, found.items, total=found.total, key=key)


def _wanted() -> tuple[NeedKind | None, str]:
    """The kind and the project in the address; anything else there is passed over."""
    kind = st.query_params.get(KIND, ALL)
    project_id = st.query_params.get(PROJECT, ALL)
    return NeedKind(kind) if kind in set(NeedKind) else None, project_id if len(project_id) <= 64 else ALL


def _show_filters(found: NeedsView) -> None:
    kinds = {kind.value: f"{words} ({found.counts.get(kind, 0):,})" for kind, words in review_list.KIND_WORDS.items()}
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        address.choose(KIND, {ALL: "All", **kinds}, label="What waits", forget=(CHOSEN,))
        if len(found.projects) > 1 or st.query_params.get(PROJECT):
            with st.container(width=300):
                names = {project_id: shorten(name or "Untitled film", 60) for project_id, name in found.projects}
                address.pick(PROJECT, {ALL: "All projects", **names}, label="Project", forget=(CHOSEN,), is_bare=True)


def _show_desk(app: App, items: Sequence[NeedView], *, total: int, key: str) -> None:
    wanted = st.query_params.get(CHOSEN, "")
    at = next((index for index, item in enumerate(items) if wanted and wanted in (item.run_id, item.clip_id)), 0)
    before, after = (items[index] if 0 <= index < len(items) else None for index in (at - 1, at + 1))
    by_clip = {item.clip_id: item for item in items}
    listed, desk = st.columns([4, 11], gap="medium")
    with listed:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(f"{at + 1} of {count(total, 'clip')}", width="content")
            with st.container(horizontal=True, width="content", gap="xsmall"):
                _show_step("Previous", before, icon="arrow_upward", key=f"{key}-previous")
                _show_step("Next", after, icon="arrow_downward", key=f"{key}-next")
        review_list.show(
            items,
            chosen=items[at].clip_id,
            key=f"{key}-list",
            on_choose=lambda clip_id: choose(_name(by_clip[clip_id])),
        )
        if total > len(items):
            st.caption(f"{total - len(items):,} more follow once these are decided.")
        review_keys.show(shortcuts(key), key=f"{key}-keys")
    with desk:
        on_decided = (lambda: choose(_name(after or before))) if after or before else (lambda: choose(""))
        review_desk.show(app, items[at], key=key, on_decided=on_decided)


def _show_step(words: str, item: NeedView | None, *, icon: str, key: str) -> None:
    st.button(
        words,
        icon=f":material/{icon}:",
        type="tertiary",
        disabled=item is None,
        key=key,
        on_click=choose,
        args=(_name(item),),
    )


def _name(item: NeedView | None) -> str:
    """How a clip that waits is named in the address: by the take that is asked about."""
    return (item.run_id or item.clip_id) if item else ""


def choose(name: str) -> None:
    address.put(CHOSEN, name)


def shortcuts(key: str) -> tuple[Shortcut, ...]:
    """The keys of the desk that is drawn under ``key``."""
    return (
        Shortcut("j", "Next", "press", f"{key}-next"),
        Shortcut("k", "Previous", "press", f"{key}-previous"),
        Shortcut("a", "Approve: choose why", "choose", f"{key}-approve-why"),
        Shortcut("r", "Reject: choose why", "choose", f"{key}-reject-why"),
        Shortcut("e", "Correct a check", "write", f"{key}-correct"),
        Shortcut("enter", "Play: open the take and play or stop it", "play", f"{key}-player"),
        Shortcut("u", "Undo: take the newest decision back", "press", f"{key}-undone-undo"),
    )
