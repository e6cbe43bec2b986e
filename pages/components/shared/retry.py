"""Another try at a clip: going on with a paid take, asking for a new one, or settling what became of a lost one."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.status import RunStatus
from orchestrator.schema.view import TakeView
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.take_words import is_answer_lost, is_cut_off
from pages.components.shared.words import plain


def show(app: App, clip_id: str, take: TakeView | None, *, is_urgent: bool, is_disabled: bool, key: str) -> None:
    """Retry, and giving up a paid take where there is one. ``take`` is the clip's newest. Where the answer to it was
    lost nothing is drawn: see ``show_lost``."""
    if take is not None and is_answer_lost(take):
        return
    is_open = take is not None and is_cut_off(take)
    price = 0.0 if is_open or is_disabled else app.views.take_price_usd(clip_id)
    pressed = st.button(
        plain(f"Retry · {money(price)}") if price else "Retry",
        icon=":material/refresh:",
        type="primary" if is_urgent else "secondary",
        disabled=is_disabled,
        help="Goes on with the newest take; nothing is paid again." if is_open else None,
        key=f"{key}-retry",
    )
    if pressed:
        _ask(app, clip_id, words="Going on with the newest take" if is_open else "A new take was asked for")
    if take is not None and is_open and (take.cost_usd or take.status is not RunStatus.CRAFTED):
        _show_give_up(app, take, key=key)


def _show_give_up(app: App, take: TakeView, *, key: str) -> None:
    label = "Give it up and pay for a new one" if take.cost_usd else "Give it up and make a new one"
    with st.popover(label, icon=":material/delete_sweep:", type="tertiary"):
        lost = f"This take cost {money(take.cost_usd)} and is lost then. " if take.cost_usd else ""
        st.markdown(plain(f"{lost}A new one is asked for in its place."))
        if st.button("Yes, give it up", icon=":material/delete_sweep:", key=f"{key}-give-up"):
            _ask(app, take.clip_id, words="The take was given up, a new one asked for", is_afresh=True)


def show_lost(app: App, take: TakeView, *, key: str) -> None:
    """The answer to a paid request was lost: what is known, and the two things a person can do about it."""
    with st.container(border=True, key=f"{key}-lost"):
        st.markdown(":orange[:material/contact_support:] **Was this take made?**")
        st.markdown(plain(take.error_message))
        with (
            st.form(f"{key}-adopt", border=False),
            st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
        ):
            found = st.text_input(
                f"If it was: its generation id at {take.provider}",
                max_chars=300,
                placeholder="As the provider's own page lists it",
                key=f"{key}-adopt-id",
            )
            is_sent = st.form_submit_button("Use this one", type="primary", icon=":material/download:")
        if is_sent:
            _adopt(app, take, found or "")
        with st.popover("Ask again (may be paid twice)", icon=":material/refresh:"):
            st.markdown(plain(f"If the first one was taken after all, {money(take.cost_usd)} is paid a second time."))
            if st.button("Yes, ask again", icon=":material/refresh:", key=f"{key}-afresh"):
                _ask(app, take.clip_id, words="A new take was asked for", is_afresh=True)


def _adopt(app: App, take: TakeView, generation_id: str) -> None:
    with guarded():
        app.service.adopt_generation(take.run_id, generation_id=generation_id)
        st.toast("That generation is fetched; nothing is paid again", icon=":material/download:")
        st.rerun(scope="app")


def _ask(app: App, clip_id: str, *, words: str, is_afresh: bool = False) -> None:
    with guarded():
        app.service.retry_clip(clip_id, is_afresh=is_afresh)
        st.toast(words, icon=":material/refresh:")
        st.rerun(scope="app")
