"""The first minute: what this is for, and the shortest way to a film that plays."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from pages.components.shared.notices import guarded
from pages.components.storyboard import project_picker

STAGES = (
    ("edit_note", "Write", "Paste a script. It is cut into clips an actor can speak, and priced before you pay."),
    ("fact_check", "Watch it being made", "Every take is checked on evidence; what fails is repaired on its own."),
    ("movie", "Decide", "What is unsure waits for you, with the reasons. What passes becomes one MP4."),
)


def show(app: App) -> None:
    """An empty workspace."""
    st.title("Storyboard", anchor=False)
    with st.container(border=True, gap="medium", key="welcome"):
        st.header("Turn a script into a finished film", anchor=False)
        columns = st.columns(len(STAGES), gap="medium")
        for number, (column, (icon, title, text)) in enumerate(zip(columns, STAGES, strict=True), start=1):
            with column:
                st.markdown(f":primary[:material/{icon}:] **{number}. {title}**  \n{text}")
        with st.container(horizontal=True, vertical_alignment="center"):
            if st.button("Make the sample film", type="primary", icon=":material/play_circle:", key="sample"):
                with guarded():
                    project_picker.open_project(app.service.make_sample_film())
                    st.rerun()
            with st.popover("New project", icon=":material/add:"):
                project_picker.create_form(app, key="welcome-new")
        st.caption(
            "The sample is made on this machine in less than a minute and costs nothing. One of its clips fails on "
            "purpose, so that you see it repaired."
        )
