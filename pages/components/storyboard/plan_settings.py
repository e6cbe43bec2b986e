"""How the clips are made: pace, look and budget, saved as they are changed, and the plan made of it all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.journal import values_of_settings
from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import field, provider_choice
from pages.components.shared.numbers import size_title
from pages.components.shared.provider_words import is_usable
from pages.components.storyboard.transition_choice import LONGEST_SECONDS, SHORTEST_SECONDS, TITLES

SEED_HELP = "The same seed and words ask for the same pictures, where a provider can."
Made = Callable[[Any], dict[str, Any]]
Draw = Callable[..., Any]
ON_FAILED_TITLES = {
    OnFailed.WAIT: "Make the others, the film waits",
    OnFailed.HALT: "Pause, and pay for nothing more",
    OnFailed.SKIP: "Make the film without it",
}


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """Pace, frame, provider, transition, seed and money. Every change is saved at once."""
    saved = detail.settings

    def draw(widget: Callable[..., Any], label: str, name: str, current: Any, made: Made, **options: Any) -> Any:
        """``made`` says which settings follow from a value."""

        def save(value: Any, seen: Any, *, is_apart: bool) -> None:
            now, before = (ProjectSettings.model_validate({**saved.model_dump(), **made(v)}) for v in (value, seen))
            app.service.update_project(detail.id, settings=now, seen=values_of_settings(before), is_apart=is_apart)

        return field.show(widget, label, key=f"{key}-{name}", saved=current, save=save, **options)

    first, second, third = st.columns(3, gap="medium")
    with first:
        _draw_making(app, saved, draw)
        seed = {"min_value": 0, "max_value": 2**31 - 1, "step": 1, "help": SEED_HELP}
        draw(st.number_input, "Seed", "seed", saved.seed, lambda value: {"seed": int(value or 0)}, **seed)
    with second:
        _draw_bounds(saved, draw)
    with third:
        _draw_transition(saved.transition, draw)
        pace = {"min_value": WORDS_PER_MINUTE_MIN, "max_value": WORDS_PER_MINUTE_MAX, "step": 5}
        label, value = "Pace (words per minute)", saved.words_per_minute
        draw(st.slider, label, "pace", value, lambda pace: {"words_per_minute": pace}, **pace)


def _draw_making(app: App, saved: ProjectSettings, draw: Draw) -> None:
    by_name = {provider.name: provider for provider in app.views.providers() if is_usable(provider)}

    def made_by(name: str, model: str = "") -> dict[str, Any]:
        """Another provider has other models, and they may have other frames."""
        if (name, model) == (saved.provider, saved.model) or name not in by_name:
            return {"provider": name, "model": model}
        sizes = app.views.provider(name, model=model).sizes
        return {"provider": name, "model": model, "size": saved.size if saved.size in sizes else next(iter(sizes), "")}

    def given_to(name: str) -> dict[str, Any]:
        return made_by(name, saved.model if name == saved.provider else "")

    draw(
        st.selectbox,
        "Provider",
        "provider",
        saved.provider if saved.provider in by_name else None,
        given_to,
        options=list(by_name),
        format_func=lambda item: provider_choice.title(by_name[item]) if item in by_name else str(item),
    )
    provider = by_name.get(saved.provider)
    if provider is None:
        return
    models = provider_choice.offered_models(app, provider)
    model = saved.model if saved.model in models else next(iter(models), "")
    if len(models) > 1:
        draw(st.selectbox, "Model", "model", model, lambda value: made_by(provider.name, value), options=list(models))
    sizes = app.views.provider(provider.name, model=model).sizes
    if len(sizes) > 1:
        size = saved.size if saved.size in sizes else sizes[0]
        frames = {"options": list(sizes), "format_func": size_title}
        draw(st.selectbox, "Frame", "size", size, lambda value: {"size": value}, **frames)


def _draw_bounds(saved: ProjectSettings, draw: Draw) -> None:
    budget = {"min_value": 0.0, "placeholder": "No limit", "value": None}
    label, amount = "Budget (US dollars)", saved.budget_usd
    draw(st.number_input, label, "budget", amount, lambda value: {"budget_usd": value}, **budget)
    policy = saved.retry_policy

    def bounded(attempts: int) -> dict[str, Any]:
        return {"retry_policy": {**policy.model_dump(), "max_attempts": int(attempts)}}

    attempts = {"min_value": 1, "max_value": 10, "step": 1}
    draw(st.number_input, "Takes per clip at most", "attempts", policy.max_attempts, bounded, **attempts)
    draw(
        st.selectbox,
        "When a clip fails for good",
        "on-failed",
        saved.on_failed,
        lambda value: {"on_failed": value},
        options=list(ON_FAILED_TITLES),
        format_func=lambda value: ON_FAILED_TITLES[OnFailed(value)],
    )


def _draw_transition(saved: Transition, draw: Draw) -> None:
    def lasting(seconds: float) -> dict[str, Any]:
        return {"transition": Transition(kind=saved.kind, seconds=seconds)}

    def of_kind(kind: TransitionKind) -> dict[str, Any]:
        is_cut = TransitionKind(kind) is TransitionKind.CUT
        seconds = min(max(saved.seconds, SHORTEST_SECONDS), LONGEST_SECONDS)
        return {"transition": Transition() if is_cut else Transition(kind=kind, seconds=seconds)}

    kinds = {"options": list(TITLES), "format_func": lambda kind: TITLES[TransitionKind(kind)]}
    draw(st.selectbox, "Transition", "transition", saved.kind, of_kind, **kinds)
    if saved.kind is not TransitionKind.CUT:
        bounds = {"min_value": SHORTEST_SECONDS, "max_value": LONGEST_SECONDS, "step": 0.1}
        draw(st.slider, "Transition length (s)", "transition-s", saved.seconds, lasting, **bounds)
