"""Who makes a clip instead of the plan's own provider, with what one take costs there."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ClipView
from pages.components.shared import provider_choice
from pages.components.shared.prices import money
from pages.components.shared.provider_words import is_usable
from pages.components.shared.words import plain

AS_PLANNED = ""


def show(app: App, clip: ClipView, *, key: str) -> tuple[str, str]:
    """(provider, model) as they stand on screen; empty for the plan's. ``clip`` is what the prices are for."""
    usable = {provider.name: provider for provider in app.views.providers() if is_usable(provider)}
    left, right = st.columns(2, gap="small")
    with left:
        name = st.selectbox(
            "Made by",
            [AS_PLANNED, *usable],
            index=[AS_PLANNED, *usable].index(clip.own_provider) if clip.own_provider in usable else 0,
            format_func=lambda item: provider_choice.title(usable[item]) if item else "As the plan",
            key=f"{key}-provider",
        )
    models = provider_choice.offered_models(app, usable[name]) if name else ()
    model = clip.own_model if clip.own_model in models else next(iter(models), "")
    if len(models) > 1:
        with right:
            model = st.selectbox("Model", models, index=models.index(model), key=f"{key}-model-{name}")
    return name, model


def price_words(app: App, clip: ClipView, provider: str, model: str) -> str:
    """What one take costs there, in Markdown."""
    price = app.views.take_price_usd(clip.id, provider=provider, model=model)
    return plain(f"{money(price)} a take" if price else "Free")
