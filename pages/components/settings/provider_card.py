"""One provider: what it sells, what it lacks, and two ways to see whether it works."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView, TakeView
from pages.components.settings import provider_check, provider_facts, provider_test
from pages.components.shared import badge
from pages.components.shared.provider_words import (
    host,
    is_usable,
    retirement_words,
    setup_words,
    state_badge,
)
from pages.components.shared.words import plain


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
        st.html(provider_facts.models_table(app, provider))
        with st.container(horizontal=True, gap="xsmall"):
            for fact in provider_facts.facts(provider):
                badge.show(fact)
        if not provider.is_retired and app.is_admin:
            _show_actions(app, provider, test=test, key=key)
        if test is not None:
            provider_test.show_newest(app, test, key=f"{key}-test")


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
        provider_test.show_order(app, provider, test=test, key=key)
    provider_check.show(check)
