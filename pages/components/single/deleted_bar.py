"""What was deleted last, and the way back. The address remembers it, so that a reload does not lose the way."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.bootstrap import App
from pages.components.shared.notices import guarded
from pages.components.shared.words import count, plain, shorten
from pages.components.single import composer

DELETED = "deleted"  # in the address: what can be brought back


def show(app: App) -> None:
    """What was deleted last, and the way back, until it is dismissed or something else is deleted."""
    wanted = [clip_id for clip_id in st.query_params.get(DELETED, "").split(",") if clip_id]
    takes = app.views.deleted_singles(wanted) if wanted else ()
    if not takes:
        return
    what = "Clip deleted" if len(takes) == 1 else f"{count(len(takes), 'take')} deleted"
    is_paid = any(take.is_active and take.run_id for take in takes)
    under_way = " What its provider is making is finished out of sight, for it is paid." if is_paid else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="deleted-bar"):
        clip_ids = [take.clip_id for take in takes]
        words = f"{what}: “{shorten(takes[0].prompt, 60)}”.{under_way}"
        st.markdown(f":material/delete: {plain(words)}", width="stretch")
        st.button(
            "Undo",
            icon=":material/undo:",
            key="deleted-undo",
            on_click=_restore,
            args=(app, clip_ids),
        )
        st.button(
            "Dismiss", icon=":material/close:", help="Dismiss", type="tertiary", key="icon-deleted", on_click=_forget
        )


def _restore(app: App, clip_ids: Sequence[str]) -> None:
    with guarded():
        for clip_id in clip_ids:
            app.service.restore_single(clip_id)
        _forget()
        st.query_params[composer.ADDRESS] = clip_ids[0]


def _forget() -> None:
    st.query_params.pop(DELETED, None)
