"""How the clips are made: pace, look and budget, saved as they are changed, and the plan made of it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.view import ProjectDetail
from pages.components.shared import provider_choice
from pages.components.shared.notices import guarded
from pages.components.shared.numbers import size_title
from pages.components.shared.provider_words import is_usable
from pages.components.storyboard import transition_choice

ON_FAILED_TITLES = {
    OnFailed.WAIT: "Make the others, the film waits",
    OnFailed.HALT: "Pause, and pay for nothing more",
    OnFailed.SKIP: "Make the film without it",
}


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """Pace, frame, provider, transition, seed and money. Every change is saved at once."""
    saved = detail.settings

    def touch() -> None:
        st.session_state[f"{key}-touched"] = True

    first, second, third = st.columns(3, gap="medium")
    with first:
        made = _draw_making(app, saved, key=key, on_change=touch)
        seed = _draw_seed(saved, key=key, on_change=touch)
    with second:
        bounds = _draw_bounds(saved, key=key, on_change=touch)
    with third:
        transition = transition_choice.show(saved.transition, key=key, on_change=touch)
        pace = st.slider(
            "Pace (words per minute)",
            WORDS_PER_MINUTE_MIN,
            WORDS_PER_MINUTE_MAX,
            saved.words_per_minute,
            step=5,
            key=f"{key}-pace",
            on_change=touch,
        )
    settings = ProjectSettings.model_validate(
        {**saved.model_dump(), **made, "words_per_minute": pace, "transition": transition, "seed": seed, **bounds}
    )
    if st.session_state.pop(f"{key}-touched", False) and settings != saved:
        with guarded():
            app.service.update_project(detail.id, settings=settings)
            st.rerun()


def _draw_making(app: App, saved: ProjectSettings, *, key: str, on_change: Callable[[], None]) -> dict[str, str]:
    by_name = {provider.name: provider for provider in app.views.providers() if is_usable(provider)}
    default = next((p.name for p in by_name.values() if p.is_default), next(iter(by_name), ""))
    current = saved.provider if saved.provider in by_name else default
    name = st.selectbox(
        "Provider",
        list(by_name),
        index=list(by_name).index(current) if current in by_name else None,
        format_func=lambda item: provider_choice.title(by_name[item]),
        key=f"{key}-provider",
        on_change=on_change,
    )
    provider = by_name.get(name or current)
    models = provider_choice.offered_models(app, provider) if provider else ()
    model = _pick("Model", models, saved.model, key=f"{key}-model-{name}", on_change=on_change)
    sizes = app.views.provider(provider.name, model=model).sizes if provider else ()
    frame = f"{key}-size-{name}-{model}"
    size = _pick("Frame", sizes, saved.size, key=frame, titles=size_title, on_change=on_change)
    return {"provider": name or "", "model": model, "size": size}


def _draw_seed(saved: ProjectSettings, *, key: str, on_change: Callable[[], None]) -> int:
    return int(
        st.number_input(
            "Seed",
            min_value=0,
            max_value=2**31 - 1,
            value=saved.seed,
            step=1,
            help="The same seed and words ask for the same pictures, where a provider can.",
            key=f"{key}-seed",
            on_change=on_change,
        )
    )


def _draw_bounds(saved: ProjectSettings, *, key: str, on_change: Callable[[], None]) -> dict[str, object]:
    budget = st.number_input(
        "Budget (US dollars)",
        min_value=0.0,
        value=saved.budget_usd,
        placeholder="No limit",
        key=f"{key}-budget",
        on_change=on_change,
    )
    attempts = st.number_input(
        "Takes per clip at most",
        1,
        10,
        saved.retry_policy.max_attempts,
        step=1,
        key=f"{key}-attempts",
        on_change=on_change,
    )
    on_failed = st.selectbox(
        "When a clip fails for good",
        list(ON_FAILED_TITLES),
        index=list(ON_FAILED_TITLES).index(saved.on_failed),
        format_func=ON_FAILED_TITLES.__getitem__,
        key=f"{key}-on-failed",
        on_change=on_change,
    )
    policy = {**saved.retry_policy.model_dump(), "max_attempts": int(attempts)}
    return {"budget_usd": budget, "retry_policy": policy, "on_failed": on_failed}


def _pick(
    label: str,
    options: Sequence[str],
    saved: str,
    *,
    key: str,
    on_change: Callable[[], None],
    titles: Callable[[str], str] = str,
) -> str:
    """A select box over what the provider offers; nothing is drawn where there is no choice."""
    if not options:
        return saved
    if len(options) == 1:
        return options[0]
    index = list(options).index(saved) if saved in options else 0
    return st.selectbox(label, list(options), index=index, format_func=titles, key=key, on_change=on_change)
