"""One change to make to a finished take; it becomes a clip of its own."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import TakeView
from pages.components.shared import player, wishes
from pages.components.shared.prices import money
from pages.components.shared.words import plain, shorten


def show(app: App, take: TakeView, *, key: str) -> str:
    """The form; id of the new clip in the run in which it was asked for, else empty."""
    player.show(take.video_url, poster_url=take.poster_url, label=shorten(take.prompt, 80))
    limit = app.views.provider(take.provider, model=take.model).prompt_limit_characters
    price = app.views.take_price_usd(take.clip_id)
    with st.form(f"{key}-form", border=False):
        prompt = st.text_area(
            "What should change?", placeholder="Same shot, but at sunrise", max_chars=limit, key=f"{key}-prompt"
        )
        cost = money(price) if price else "nothing"
        st.caption(plain(f"Makes a new clip of {take.seconds} s for {cost}. This one stays."))
        is_sent = st.form_submit_button("Remix", type="primary", icon=":material/shuffle:", key=f"{key}-send")
    if not is_sent:
        return ""
    if not prompt.strip():
        st.warning("Say what should change.", icon=":material/edit:")
        return ""
    clip_id, _ = wishes.ask(
        app,
        (take.run_id, prompt.strip()),
        key=f"{key}-asked",
        make=lambda request_key: app.service.remix_take(take.run_id, prompt=prompt.strip(), request_key=request_key),
    )
    return clip_id
