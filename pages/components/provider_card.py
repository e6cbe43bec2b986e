"""One provider: what it sells, what it lacks, and two ways to see whether it works."""

from __future__ import annotations

from html import escape
from uuid import uuid4

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView, TakeView
from pages.components import badge, budget, player, provider_check, retry, take_review
from pages.components.notices import guarded
from pages.components.provider_words import (
    SOUND_WORDS,
    frames_words,
    host,
    is_usable,
    lengths_words,
    price_words,
    retirement_words,
    setup_words,
    state_badge,
)
from pages.components.words import Badge, is_answer_lost, money, plain, take_badge


def show(app: App, provider: ProviderView, *, test: TakeView | None, key: str) -> None:
    """The card. ``test`` is the newest test clip made with the provider."""
    with st.container(border=True, gap="small", key=key):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            beside = setup_words(provider) or host(provider)
            st.markdown(f"**{plain(provider.title)}** :small[:gray[{plain(beside)}]]", width="content")
            with st.container(horizontal=True, width="content", gap="small"):
                if provider.is_default:
                    st.badge("Default", color="blue")
                badge.show(state_badge(provider))
        if not is_usable(provider):
            return
        if words := retirement_words(provider):
            st.warning(plain(words), icon=":material/power_off:")
        st.html(models_table(app, provider))
        with st.container(horizontal=True, gap="xsmall"):
            for fact in facts(provider):
                badge.show(fact)
        if not provider.is_retired:
            _show_actions(app, provider, test=test, key=key)
        if test is not None:
            _show_test(app, test, key=f"{key}-test")


def models_table(app: App, provider: ProviderView) -> str:
    """One row per model with what it makes and asks for, as HTML; on a narrow screen the rows become cards."""
    views = {model: app.views.provider(provider.name, model=model) for model in provider.models}
    head = "".join(f"<th>{name}</th>" for name in model_facts(provider, model=provider.models[0]))
    rows = "".join(_row(model_facts(view, model=model)) for model, view in views.items())
    return f'<table class="svo-models"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def model_facts(provider: ProviderView, *, model: str) -> dict[str, str]:
    """What ``model`` makes and asks for, whose facts ``provider`` shows, under the titles of the table."""
    return {
        "Model": model + (" (from a picture only)" if provider.needs_reference else ""),
        "Lengths": lengths_words(provider.durations_seconds),
        "Frames": frames_words(provider.sizes),
        "Sound": SOUND_WORDS.get(provider.audio, ""),
        "Per second": price_words(provider, model=model),
    }


def _row(cells: dict[str, str]) -> str:
    return "<tr>" + "".join(f'<td data-title="{name}">{escape(text)}</td>' for name, text in cells.items()) + "</tr>"


def facts(provider: ProviderView) -> tuple[Badge, ...]:
    """What else it can do, as labels."""

    def label(is_so: bool, yes: str, no: str) -> Badge:
        return (yes, ":material/check:", "green") if is_so else (no, ":material/remove:", "gray")

    return (
        label(provider.supports_reference, "Takes a reference picture", "No reference picture"),
        label(provider.supports_remix, "Remixes a take", "No remix"),
        label(provider.supports_reconcile, "A lost answer is looked up", "A lost answer waits for you"),
    )


def _show_actions(app: App, provider: ProviderView, *, test: TakeView | None, key: str) -> None:
    check = f"{key}-check"
    with st.container(horizontal=True, gap="small"):
        is_asking = provider_check.is_under_way(check)
        pressed = st.button(
            "Asking ..." if is_asking else "Check",
            icon="spinner" if is_asking else ":material/network_check:",
            disabled=is_asking,
            help="Asks whether it answers and takes the key. Costs nothing.",
            key=f"{key}-ask",
        )
        if pressed:
            provider_check.begin(app, provider.name, key=check)
            st.rerun(scope="app")
        _show_order(app, provider, test=test, key=key)
    provider_check.show(check)


def _show_order(app: App, provider: ProviderView, *, test: TakeView | None, key: str) -> None:
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


def _show_test(app: App, test: TakeView, *, key: str) -> None:
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
