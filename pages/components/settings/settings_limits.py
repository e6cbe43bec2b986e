"""What only the environment sets, with where each value comes from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.workspace import DefaultView, Source
from pages.components.shared.words import plain

TITLES = {
    "max_concurrent_clips": "Clips of one plan made at a time",
    "max_clips_per_worker": "Clips one process works on at a time",
    "max_clips_total": "Clips all processes work on at a time",
    "render_width": "Films rendered at a time",
    "assess_width": "Takes assessed at a time",
    "default_clip_duration": "Length of a clip where nothing else says (seconds)",
    "fallback_providers": "Who is asked when a provider cannot make a clip",
}


def show(limits: Sequence[DefaultView]) -> None:
    """What only the environment sets, for it is read when the app starts."""
    st.header("Limits of this installation", anchor=False)
    st.caption("Set outside, in the environment or the .env file; read when the app starts.")
    with st.container(border=True, gap="small"):
        for item in limits:
            _show_limit(item)


def _show_limit(item: DefaultView) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        said = "none" if item.value in ("", None) else str(item.value)
        st.markdown(f"{TITLES[item.name]}: **{plain(said)}**", width="content")
        st.caption(plain(item.variable) if item.source is Source.ENVIRONMENT else "Built in", width="content")
