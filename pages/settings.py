"""Settings: what works on this machine, what is missing, and what each provider offers. Read only."""

from __future__ import annotations

import streamlit as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from pages.components import house
from pages.components.notices import guarded


def draw() -> None:
    app: App = bootstrap.current()
    st.title("Settings", anchor=False)
    st.caption("These are read from the environment and the .env file when the app starts.")
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.header("This machine", anchor=False)
        house.show_doctor(app.views.doctor())
    with right:
        st.header("Video providers", anchor=False)
        house.show_providers(app.views.providers())


with guarded():
    draw()
