"""Write a prompt, see what it will cost, ask for a clip."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.view import CostEstimate, ProviderView
from pages.components import budget, live_text, provider_choice
from pages.components.notices import guarded, show_error
from pages.components.provider_words import is_usable
from pages.components.words import money, plain, size_title

PROMPT_HINT = "A founder alone in a dim office at 2 a.m., blue monitor light on her face. Slow push-in, 35 mm."


@dataclass(frozen=True)
class Wish:
    """What a person asked for."""

    prompt: str
    line: str
    provider: str
    model: str
    seconds: int
    size: str


def show(app: App, *, key: str) -> Wish | None:
    """Draw the composer; a ``Wish`` in the run in which Generate was pressed, else None."""
    offered = app.views.providers()
    providers = {provider.name: provider for provider in offered if is_usable(provider)}
    if not providers:
        show_error("No video provider is set up.", hint="Settings shows what is missing.")
        return None
    default = next((p.name for p in providers.values() if p.is_default), next(iter(providers)))

    def optimize() -> None:
        with guarded():
            better = app.service.optimize_prompt(
                st.session_state.get(f"{key}-prompt") or "", provider=st.session_state.get(f"{key}-provider", default)
            )
            st.session_state[f"{key}-prompt"] = better

    with st.container(border=True, key=f"{key}-box"):
        prompt = st.text_area(
            "Prompt", height=170, placeholder=PROMPT_HINT, key=f"{key}-prompt", persist_state="session"
        )
        counter = st.empty()
        line = st.text_input(
            "Line to speak (optional)",
            max_chars=600,
            placeholder="What the person on screen says",
            key=f"{key}-line",
            persist_state="session",
        )
        name = st.selectbox(
            "Provider",
            list(providers),
            index=list(providers).index(default),
            format_func=lambda item: provider_choice.title(providers[item]),
            key=f"{key}-provider",
        )
        provider, wish = _draw_choices(
            app, providers[name], prompt=(prompt or "").strip(), line=(line or "").strip(), key=key
        )
        counter.caption(_count_line(len(wish.prompt), provider.prompt_limit_characters))
        problem = _problem(wish, provider)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            pressed = st.button("Generate", type="primary", icon=":material/play_arrow:", key=f"{key}-generate")
            st.button("Optimize Prompt", icon=":material/auto_fix_high:", key=f"{key}-optimize", on_click=optimize)
            estimate = app.views.estimate(
                (wish.seconds,), settings=ProjectSettings(provider=name, model=wish.model, size=wish.size)
            )
            st.caption(plain(_price_line(estimate)), width="content")
        left_usd = app.views.single_budget_left_usd()
        budget.show_shortfall(estimate, left_usd=left_usd, advice="You are asked before more than that is spent.")
        if pressed and problem:
            st.warning(problem, icon=":material/edit:")
    live_text.show(container_key=f"{key}-box", key=key)
    return wish if pressed and not problem else None


def _draw_choices(app: App, provider: ProviderView, *, prompt: str, line: str, key: str) -> tuple[ProviderView, Wish]:
    """Model, length and size; the provider as it is with that model, and the wish."""
    columns = st.columns([4, 3, 4], gap="small")
    with columns[0]:
        models = list(provider_choice.offered_models(app, provider))
        model = st.selectbox("Model", models, key=f"{key}-model-{provider.name}")
    provider = app.views.provider(provider.name, model=model)
    lengths, own = list(provider.durations_seconds), f"{provider.name}-{model}"
    usual = next((s for s in lengths if s >= app.settings.default_clip_duration), lengths[-1])
    with columns[1]:
        seconds = st.selectbox(
            "Duration",
            lengths,
            index=lengths.index(usual),
            format_func=lambda item: f"{item} s",
            key=f"{key}-seconds-{own}",
        )
    with columns[2]:
        size = st.selectbox("Size", list(provider.sizes), format_func=size_title, key=f"{key}-size-{own}")
    wish = Wish(prompt=prompt, line=line, provider=provider.name, model=model, seconds=seconds, size=size)
    return provider, wish


def _price_line(estimate: CostEstimate | None) -> str:
    """What a clip costs, before anything is spent."""
    if estimate is None or not estimate.high_usd:
        return "Free"
    most = f", up to {money(estimate.high_usd)} with repairs" if estimate.high_usd > estimate.low_usd else ""
    return f"{money(estimate.low_usd)} a take{most}"


def _count_line(used: int, limit: int) -> str:
    words = f"{used:,} of {limit:,} characters"
    return f":red[{words}]" if used > limit else words


def _problem(wish: Wish, provider: ProviderView) -> str:
    """What stands in the way of this wish; empty when nothing does."""
    if provider.is_retired:
        return f"{provider.title} has been switched off. Choose another provider."
    if not wish.prompt:
        return "Write a prompt first."
    if len(wish.prompt) > provider.prompt_limit_characters:
        return f"The prompt is too long: {provider.title} takes {provider.prompt_limit_characters:,} characters."
    return ""
