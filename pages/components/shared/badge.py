"""A state as a coloured label."""

from __future__ import annotations

import streamlit as st

from pages.components.shared.states import Badge


def show(badge: Badge) -> None:
    label, icon, color = badge
    st.badge(label, icon=icon, color=color)  # pyright: ignore[reportArgumentType]
