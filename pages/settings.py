"""Settings: the providers, what each sells or lacks and whether it works, and what this machine can do."""

from __future__ import annotations

import streamlit as st

from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.commands.singles import TEST_PROMPT
from orchestrator.schema.view import TakeView
from pages.components import house, provider_card, provider_check
from pages.components.notices import guarded

TICK_SECONDS = 1.0


def draw() -> None:
    app = bootstrap.current()
    st.title("Settings", anchor=False)
    st.caption("These are read from the environment and the .env file when the app starts.")
    providers, machine = st.columns([9, 4], gap="medium")
    with providers:
        st.header("Video providers", anchor=False)
        is_active = any_work(app)
        st.fragment(cards, run_every=TICK_SECONDS if is_active else None)(app, is_active)
    with machine:
        st.header("This machine", anchor=False)
        house.show_doctor(app.views.doctor(), providers=[provider.name for provider in app.views.providers()])


def cards(app: App, was_active: bool) -> None:
    """All cards: one flat fragment that ticks while a provider is asked or a test clip is made."""
    with guarded():
        tests = newest_tests(app)
        for provider in app.views.providers():
            provider_card.show(app, provider, test=tests.get(provider.name), key=f"provider-{provider.name}")
        if any_work(app) != was_active:
            st.rerun(scope="app")


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


with guarded():
    draw()
