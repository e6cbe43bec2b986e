"""The defaults of new projects and single clips: each saved as it is changed, with where its value comes from."""

from __future__ import annotations

from typing import Any

import streamlit as st
from pydantic import ValidationError

from orchestrator.bootstrap import App
from orchestrator.errors import OrchestratorError
from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.project import OnFailed
from orchestrator.schema.workspace import DefaultView, Source, WorkspaceSettings
from pages.components.settings import settings_limits
from pages.components.settings.settings_field import Save, show_choice, show_number, show_source
from pages.components.shared.notices import guarded, show_error
from pages.components.shared.provider_words import is_usable
from pages.components.storyboard.plan_settings import ON_FAILED_TITLES

# what is taken back when a value is set: the two exclude each other, or the one belongs to the other
_WITH: dict[str, dict[str, Any]] = {
    "provider": {"model": ""},
    "budget_usd": {"has_no_budget": False},
    "has_no_budget": {"budget_usd": None},
}


def show(app: App, *, key: str) -> None:
    """A fragment of its own, so that a field and its buttons stand in one place."""
    st.fragment(_show)(app, key=key)


def _show(app: App, *, key: str) -> None:
    with guarded():
        view = app.views.workspace()
        if problem := st.session_state.pop(f"{key}-problem", ""):
            show_error(problem, hint="Nothing was changed.")
        defaults = {item.name: item for item in view.defaults}

        def save(name: str, value: Any) -> None:
            _save(app, name, value, key=key)

        making, bounds = st.columns(2, gap="medium")
        with making, st.container(border=True):
            st.header("New projects and single clips", anchor=False)
            st.caption("Existing projects keep what they have.")
            _show_maker(app, defaults, save, key=key)
            show_number(
                defaults["words_per_minute"],
                "Pace (words per minute)",
                save,
                key=key,
                least=WORDS_PER_MINUTE_MIN,
                most=WORDS_PER_MINUTE_MAX,
            )
            _show_on_failed(defaults["on_failed"], save, key=key)
        with bounds:
            with st.container(border=True):
                st.header("Budget", anchor=False)
                _show_budget(defaults["budget_usd"], save, is_endless=view.settings.has_no_budget, key=key)
                show_number(defaults["max_attempts"], "Attempts at a clip, the first one too", save, key=key, most=10)
            with st.container(border=True, key=f"{key}-reviewer-box"):
                st.header("Who reviews", anchor=False)
                _show_reviewer(defaults["reviewer_name"], save, key=key)
        settings_limits.show(view.limits)


def _save(app: App, name: str, value: Any, *, key: str) -> None:
    """Set one value here; None or empty takes it back to what counts otherwise."""
    settings = app.views.workspace().settings
    changed = {name: value, **_WITH.get(name, {})}
    try:
        app.service.save_workspace(WorkspaceSettings.model_validate({**settings.model_dump(), **changed}))
        st.toast("Saved", icon=":material/check:")
    except OrchestratorError as error:
        st.session_state[f"{key}-problem"] = error.message
    except ValidationError as error:
        st.session_state[f"{key}-problem"] = error.errors()[0]["msg"]


def _show_maker(app: App, defaults: dict[str, DefaultView], save: Save, *, key: str) -> None:
    """The provider, and the model of it where one is chosen here."""
    item, model = defaults["provider"], defaults["model"]
    usable = {provider.name: provider for provider in app.views.providers() if is_usable(provider)}
    chosen = str(item.value) if item.source is Source.HERE else ""
    titles = {"": f"Default: {item.otherwise}", **{name: p.title for name, p in usable.items()}}
    titles.setdefault(chosen, f"{chosen} (not set up)")
    show_choice("Provider", titles, chosen, lambda value: save("provider", value), key=f"{key}-provider")
    show_source(item, save, key=key, otherwise=str(item.otherwise))
    if chosen in usable:
        models = {"": f"Its first: {usable[chosen].models[0]}", **{name: name for name in usable[chosen].models}}
        current = str(model.value or "")
        models.setdefault(current, current)
        show_choice("Model", models, current, lambda value: save("model", value), key=f"{key}-model")


def _show_budget(item: DefaultView, save: Save, *, is_endless: bool, key: str) -> None:
    """The most, and, where the environment sets one, the way to say that there is none."""
    label = "Most a project may cost (US dollars)"
    show_number(item, label, save, key=key, least=0.0, is_off=is_endless)
    if item.otherwise is not None or is_endless:
        widget = f"{key}-endless"
        st.session_state[widget] = is_endless
        st.checkbox("No limit", key=widget, on_change=lambda: save("has_no_budget", st.session_state[widget]))


def _show_on_failed(item: DefaultView, save: Save, *, key: str) -> None:
    chosen = str(item.value) if item.source is Source.HERE else ""
    built_in = ON_FAILED_TITLES[OnFailed(str(item.otherwise))]
    titles = {"": f"Default: {built_in}", **{value.value: words for value, words in ON_FAILED_TITLES.items()}}
    label = "When a clip fails for good"
    show_choice(label, titles, chosen, lambda value: save("on_failed", value or None), key=f"{key}-on-failed")
    show_source(item, save, key=key, otherwise=built_in)


def _show_reviewer(item: DefaultView, save: Save, *, key: str) -> None:
    st.caption("The name that stays on record with every approval, rejection and correction made here.")
    widget, chosen = f"{key}-reviewer", str(item.value) if item.source is Source.HERE else ""
    if st.session_state.get(widget) != chosen:
        st.session_state[widget] = chosen
    st.text_input(
        "Your name",
        max_chars=80,
        placeholder=str(item.otherwise),
        key=widget,
        on_change=lambda: save(item.name, st.session_state[widget]),
    )
    show_source(item, save, key=key, otherwise=str(item.otherwise))
