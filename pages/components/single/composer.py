"""Write a prompt, see what it will cost and how long it will take, ask for one take of it or several."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.single import LineFit
from orchestrator.schema.view import ProviderView
from pages.components.shared import budget, live_text, wishes
from pages.components.shared.notices import guarded, show_error
from pages.components.shared.provider_words import is_usable
from pages.components.shared.words import count, plain
from pages.components.single import composer_choices, prompt_field
from pages.components.single.composer_choices import Draft
from pages.components.single.single_words import fit_words, price_words, wait_words

LINE_CHARACTERS_MAX = 600
ADDRESS = "clip"
KEY = "single"  # there is one composer, and other parts of the page put things into it


def fill(*, prompt: str, line: str = "") -> None:
    """Put words into the composer; to be called before the page is drawn."""
    st.session_state[f"{KEY}-prompt"], st.session_state[f"{KEY}-line"] = prompt, line


def use_reference(asset_id: str) -> None:
    """Have the next clip start from this picture; to be called before the page is drawn."""
    st.session_state[f"{KEY}-reference"] = asset_id


def show(app: App) -> None:
    """A fragment of its own, so that nothing else on the page is drawn again while a person types."""
    st.fragment(_draw, key=f"{KEY}-composer")(app, KEY)


def _draw(app: App, key: str) -> None:
    with guarded():
        providers = {provider.name: provider for provider in app.views.providers() if is_usable(provider)}
        if not providers:
            show_error("No video provider is set up.", hint="Settings shows what is missing.")
            return
        with st.container(border=True, gap="xsmall", key=f"{key}-box"):
            draft = _draw_fields(app, providers, key=key)
        live_text.show(container_key=f"{key}-box", key=key)
        if draft is not None:
            _ask(app, draft, key=key)


def _draw_fields(app: App, providers: dict[str, ProviderView], *, key: str) -> Draft | None:
    """The fields; the draft in the run in which Generate was pressed and nothing stood in its way."""
    prompt = prompt_field.show(app, composer_choices.chosen(app, providers, key=key), key=key).strip()
    line = st.text_area(
        "Line to speak (optional)",
        height=68,
        max_chars=LINE_CHARACTERS_MAX,
        placeholder="What the person on screen says",
        help="Words between quotes in the prompt count too.",
        key=f"{key}-line",
        persist_state="session",
    )
    under_line = st.empty()
    provider, draft = composer_choices.show(app, providers, prompt=prompt, line=" ".join((line or "").split()), key=key)
    fit = app.views.line_fit(prompt=draft.prompt, line=draft.line, durations_seconds=provider.durations_seconds)
    under_line.caption(_fit_line(fit, draft.seconds))
    settings = ProjectSettings(provider=draft.provider, model=draft.model, size=draft.size)
    estimate = app.views.estimate((draft.seconds,) * draft.variations, settings=settings, has_reference=True)
    wait = app.views.wait(provider=draft.provider, model=draft.model, clips=draft.variations)
    st.caption(plain(f"{price_words(estimate, takes=draft.variations)} · {wait_words(wait)}"))
    left_usd = app.views.single_budget_left_usd()
    budget.show_shortfall(estimate, left_usd=left_usd, advice="You are asked before more than that is spent.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        label = "Generate" if draft.variations == 1 else f"Generate {draft.variations} takes"
        pressed = st.button(label, type="primary", icon=":material/play_arrow:", key=f"{key}-generate")
        prompt_field.show_optimize(app, draft.provider, draft.model, key=key)
    problem = (_problem(draft, provider) or _first_warning(draft, fit, key=key)) if pressed else ""
    if problem:
        st.warning(plain(problem), icon=":material/edit:")
    return draft if pressed and not problem else None


def _fit_line(fit: LineFit, seconds: int) -> str:
    words = plain(fit_words(fit, seconds=seconds))
    return f":orange[:material/timer: {words}]" if fit.seconds > seconds else words


def _problem(draft: Draft, provider: ProviderView) -> str:
    """What stands in the way of this draft; empty when nothing does."""
    if provider.is_retired:
        return f"{provider.title} has been switched off. Choose another provider."
    if not draft.prompt:
        return "Write a prompt first."
    if (over := prompt_field.length(draft.prompt, provider) - provider.prompt_limit_characters) > 0:
        return f"The prompt is too long for {provider.title}: shorten it by {count(over, 'character')}."
    if provider.needs_reference and not draft.reference:
        return f"{draft.model} makes clips from a picture only. Add a reference picture."
    return ""


def _first_warning(draft: Draft, fit: LineFit, *, key: str) -> str:
    """Said once before a line is paid for that does not fit; the same draft sent again goes through."""
    if fit.seconds <= draft.seconds or st.session_state.get(f"{key}-warned") == draft:
        return ""
    st.session_state[f"{key}-warned"] = draft
    return f"{fit_words(fit, seconds=draft.seconds)} Nothing was asked for yet: press again to make it all the same."


def _ask(app: App, draft: Draft, *, key: str) -> None:
    """Ask for the clips and open the first."""

    def make(request_key: str) -> str:
        return app.service.generate_single(**asdict(draft), request_key=request_key)

    clip_id, is_new = wishes.ask(app, draft, key=f"{key}-asked", make=make)
    st.query_params[ADDRESS] = clip_id
    prompt_field.settle(key)
    st.toast("Generation started" if is_new else "This clip is being made already", icon=":material/play_arrow:")
    st.rerun(scope="app")
