"""Who makes the clip, how long, how large, how many, and from which picture: only what the chosen model can do."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.single import VARIATIONS_MAX
from orchestrator.schema.view import ProviderView
from pages.components.shared import picture_upload, provider_choice
from pages.components.shared.numbers import size_title
from pages.components.shared.words import plain


@dataclass(frozen=True)
class Draft:
    """What a person is about to ask for; ``reference`` is a picture's asset id."""

    prompt: str
    line: str
    provider: str
    model: str
    seconds: int
    size: str
    reference: str
    variations: int


def _default(providers: dict[str, ProviderView]) -> str:
    return next((p.name for p in providers.values() if p.is_default), next(iter(providers)))


def chosen(app: App, providers: dict[str, ProviderView], *, key: str) -> ProviderView:
    """The provider and the model that are chosen further down: the prompt above is counted as they count."""
    name = st.session_state.get(f"{key}-provider")
    provider = providers[name if name in providers else _default(providers)]
    model = st.session_state.get(f"{key}-model-{provider.name}") or provider.models[0]
    return app.views.provider(provider.name, model=model)


def show(
    app: App, providers: dict[str, ProviderView], *, prompt: str, line: str, key: str
) -> tuple[ProviderView, Draft]:
    """Provider, model, length, size, picture and how many; the provider as it is with that model, and the draft."""
    with st.container(key=f"{key}-maker"):
        left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    name = left.selectbox(
        "Provider",
        list(providers),
        index=list(providers).index(_default(providers)),
        format_func=lambda item: provider_choice.title(providers[item]),
        key=f"{key}-provider",
    )
    model = right.selectbox("Model", list(providers[name].models), key=f"{key}-model-{name}")
    provider = app.views.provider(name, model=model)
    lengths, own = list(provider.durations_seconds), f"{name}-{model}"
    usual = next((s for s in lengths if s >= app.settings.default_clip_duration), lengths[-1])
    with st.container(key=f"{key}-shape"):
        first, second, third = st.columns([3, 5, 3], gap="small", vertical_alignment="bottom")
    seconds = first.selectbox(
        "Duration",
        lengths,
        index=lengths.index(usual),
        format_func=lambda item: f"{item} s",
        key=f"{key}-seconds-{own}",
    )
    size = second.selectbox("Size", list(provider.sizes), format_func=size_title, key=f"{key}-size-{own}")
    variations = third.selectbox("Takes", range(1, VARIATIONS_MAX + 1), key=f"{key}-variations")
    reference = _show_picture(app, provider, model, size=size, key=key)
    return provider, Draft(prompt, line, name, model, seconds, size, reference, variations)


def _show_picture(app: App, provider: ProviderView, model: str, *, size: str, key: str) -> str:
    """The picture the clip starts from; nothing where the model takes none. One that was chosen is kept for others."""
    kept: str = st.session_state.get(f"{key}-reference", "")
    if not provider.supports_reference:
        if kept:
            st.caption(f"{plain(provider.title)} takes no reference picture with this model. Yours is kept for others.")
        return ""
    picture_upload.show(
        app,
        project_id="",
        label="Reference picture" if provider.needs_reference else "Reference picture (optional)",
        current=kept,
        key=f"{key}-picture",
        limits=app.views.picture_limits(provider.name, model),
        size=size,
        on_pick=lambda picture: st.session_state.update({f"{key}-reference": picture}),
    )
    return kept
