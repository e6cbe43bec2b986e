"""How content somebody is with a film: one to five stars and, if they like, why."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.library import RatingView
from orchestrator.schema.view import RenderView
from pages.components.shared.notices import guarded

QUESTION = "How content are you with this film?"
COMMENT_CHARACTERS_MAX = 2_000


def show(app: App, render: RenderView, *, key: str) -> None:
    """The question under a finished film. What is answered is kept at once and can be changed at any time."""
    st.fragment(_draw)(app, render.id, key)


def _draw(app: App, render_id: str, key: str) -> None:
    stars_key = f"{key}-stars"

    def rate() -> None:
        stars = st.session_state[stars_key]
        if stars is not None:  # the same star again is no answer
            with guarded():
                said = app.views.rating(render_id)
                app.service.rate_render(render_id, stars + 1, said.comment if said else "")

    with guarded():
        said = app.views.rating(render_id)
        st.session_state[stars_key] = said.stars - 1 if said else None
        with st.container(gap="xsmall"):
            st.markdown(f":small[{QUESTION}]")
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.feedback("stars", key=stars_key, on_change=rate)
                if said:
                    _comment(app, render_id, said, key=key)


def _comment(app: App, render_id: str, said: RatingView, *, key: str) -> None:
    label = "Change your comment" if said.comment else "Say why"
    with st.popover(label, icon=":material/edit_note:"), st.form(f"{key}-form", border=False):
        comment = st.text_area(
            "Comment", said.comment, max_chars=COMMENT_CHARACTERS_MAX, height=100, key=f"{key}-comment"
        )
        if st.form_submit_button("Save comment", type="primary"):
            with guarded():
                app.service.rate_render(render_id, said.stars, comment)
                st.toast("Comment saved", icon=":material/check:")
                st.rerun(scope="fragment")
