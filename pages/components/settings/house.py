"""The state of the house: tools, models and folders."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.view import DoctorItem
from pages.components.shared import badge
from pages.components.shared.states import Badge

STATE_BADGES: dict[str, Badge] = {
    "ok": ("Ready", ":material/check_circle:", "green"),
    "missing": ("Missing", ":material/do_not_disturb_on:", "orange"),
    "broken": ("Broken", ":material/error:", "red"),
}
UNKNOWN: Badge = ("Unknown", ":material/help:", "gray")


def show_doctor(items: Sequence[DoctorItem], *, providers: Sequence[str]) -> None:
    """What needs attention on cards of its own, with what it turns off; everything that works in one quiet list. The
    ``providers`` have cards that say more, so they are left out."""
    items = [item for item in items if item.name not in {f"Provider {name}" for name in providers}]
    for item in items:
        if item.state != "ok":
            with st.container(border=True, gap="xxsmall"):
                _show_item(item)
                if item.consequence:
                    st.caption(f":material/arrow_forward: {item.consequence}")
    with st.container(border=True, gap="small"):
        for item in items:
            if item.state == "ok":
                _show_item(item)


def _show_item(item: DoctorItem) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        st.markdown(f"**{item.name}** :small[:gray[{item.detail}]]", width="content")
        badge.show(STATE_BADGES.get(item.state, UNKNOWN))
