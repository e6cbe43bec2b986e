"""The frame of every page: name, mark, look and the order of the pages. Nothing else orders them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from pages.components.shared import account, reconnect, rights, visitor
from pages.components.shared.notices import guarded

HERE = Path(__file__).parent
STORYBOARD = st.Page("storyboard.py", title="Storyboard", icon=":material/view_timeline:", url_path="storyboard")


# What the theme cannot say, by room; what is shared comes first.
ROOMS = ("frame", "takes", "storyboard", "single", "dashboard", "settings")


@cache
def look() -> str:
    return "".join((HERE / "components" / "look" / f"{room}.css").read_text(encoding="utf-8") for room in ROOMS)


def start() -> None:
    """The bare address leads to the storyboard, whose own address can then be shared and reloaded."""
    st.switch_page(STORYBOARD, query_params=st.query_params.to_dict())


st.set_page_config(
    page_title="Sora Video Orchestrator",
    page_icon=str(HERE / "static" / "mark.png"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
st.html(f"<style>{look()}</style>")
st.logo(str(HERE / "static" / "mark.svg"), size="medium")

page = st.navigation(
    [
        STORYBOARD,
        st.Page("single_gen.py", title="Single Gen", icon=":material/movie:", url_path="single"),
        st.Page("dashboard.py", title="Dashboard", icon=":material/monitoring:", url_path="dashboard"),
        st.Page("settings.py", title="Settings", icon=":material/tune:", url_path="settings"),
        st.Page(start, title="Sora Video Orchestrator", default=True, visibility="hidden"),
    ],
    position="top",
)
reconnect.show()
with guarded():
    app = visitor.app()
    account.show(app.user)
    visitor.watch()
    rights.take_up_invitations(app)
page.run()
