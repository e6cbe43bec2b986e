"""A test clip of a provider: ordered once, confirmed first where it is paid, and what came of the newest one."""

from __future__ import annotations

from uuid import uuid4

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView, TakeView
from pages.components.shared import badge, budget, player, retry
from pages.components.shared.notices import guarded
from pages.components.shared.prices import money
from pages.components.shared.take_words import is_answer_lost, take_badge
from pages.components.shared.words import plain
from pages.components.takes import take_review


def show_order(app: App, provider: ProviderView, *, test: TakeView | None, key: str) -> None:
    """The button for a test clip; what is paid is confirmed first. It is named after the test before it, so that a
    press on a page that has not seen that test yet does nothing."""
    make = f"{key}-make-{test.clip_id if test else 'first'}"
    is_busy = test is not None and (test.is_active or test.is_held)
    is_priced = provider.test_cost_usd > 0
    price = money(provider.test_cost_usd) if is_priced else "free"
    label = plain(f"Make a test clip ({price})")
    if is_busy or not is_priced:
        if st.button(label, icon=":material/movie:", disabled=is_busy, key=make):
            _order(app, provider, key=make)
        return
    with st.popover(label, icon=":material/movie:"):
        made = f"{provider.test_seconds} s with {provider.models[0]}, {provider.sizes[0].replace('x', ' x ')}"
        st.markdown(plain(f"{made}. {provider.title} is paid {price} for it, once."))
        if st.button(plain(f"Pay {price}"), type="primary", icon=":material/movie:", key=make):
            _order(app, provider, key=make)


def _order(app: App, provider: ProviderView, *, key: str) -> None:
    """A visitor's order keeps its name, so that a hasty second press is the same order."""
    order = st.session_state.setdefault(f"{key}-order", f"test:{uuid4()}")
    with guarded():
        app.service.test_provider(provider.name, request_key=order)
        st.toast("The test clip was asked for", icon=":material/movie:")
        st.rerun(scope="app")


def show_newest(app: App, test: TakeView, *, key: str) -> None:
    """The newest test clip: how far it is, then what came of it."""
    if test.is_active:
        st.progress(test.progress or 0.0, text=plain(f"Test clip: {test.status_text}"))
        return
    plan = app.views.plan(test.clip_plan_id) if test.is_held else None
    if plan is not None and budget.is_held(plan):
        budget.show_choice(app, plan, key=key)
        return
    picture, words = st.columns([2, 5], gap="medium")
    with picture:
        player.show(test.video_url, poster_url=test.poster_url, label="Test clip", placeholder=take_badge(test)[0])
    with words:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("Test clip", width="content")
            badge.show(take_badge(test))
            st.caption(take_review.facts(test), width="content")
        take_review.show_why(test)
        if is_answer_lost(test):
            retry.show_lost(app, test, key=key)
