"""Every provider: those that are set up with what they sell, then those that lack something, in short."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.commands.singles import TEST_PROMPT
from orchestrator.schema.view import ProviderView, TakeView
from pages.components.settings import provider_card, provider_check
from pages.components.shared import badge
from pages.components.shared.notices import guarded
from pages.components.shared.provider_words import is_usable, setup_words, state_badge
from pages.components.shared.words import plain

TICK_SECONDS = 1.0


def show(app: App) -> None:
    """One flat fragment that ticks while a provider is asked or a test clip is made."""
    is_active = any_work(app)
    st.fragment(_show, run_every=TICK_SECONDS if is_active else None)(app, is_active)


def _show(app: App, was_active: bool) -> None:
    with guarded():
        tests, providers = newest_tests(app), app.views.providers()
        usable = [provider for provider in providers if is_usable(provider)]
        st.header(f"Ready ({len(usable)})", anchor=False)
        for provider in usable:
            provider_card.show(app, provider, test=tests.get(provider.name), key=f"provider-{provider.name}")
        if lacking := [provider for provider in providers if not is_usable(provider)]:
            st.header(f"Not set up ({len(lacking)})", anchor=False)
            st.caption("Keys are read from the environment and the .env file when the app starts, and never shown.")
            with st.container(border=True, gap="small"):
                for provider in lacking:
                    _show_lacking(provider)
        if any_work(app) != was_active:
            st.rerun(scope="app")


def _show_lacking(provider: ProviderView) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(provider.title)}** :gray[{plain(setup_words(provider))}]", width="stretch")
        if provider.is_default:
            st.badge("Default", color="blue")
        badge.show(state_badge(provider))


def newest_tests(app: App) -> dict[str, TakeView]:
    """The newest test clip of every provider; they are single clips made from the test prompt."""
    tests: dict[str, TakeView] = {}
    for take in app.views.history():
        if take.prompt.startswith(TEST_PROMPT):
            tests.setdefault(take.provider, take)
    return tests


def any_work(app: App) -> bool:
    is_asked = any(provider_check.is_under_way(f"provider-{p.name}-check") for p in app.views.providers())
    return is_asked or any(take.is_active for take in newest_tests(app).values())
