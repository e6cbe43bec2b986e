"""Brief, script and how the clips are made: saved as they are typed, measured as they grow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_MAX, WORDS_PER_MINUTE_MIN
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.view import ProjectDetail, ProviderView, ScriptMeasure
from pages.components import live_text, provider_choice
from pages.components.notices import guarded
from pages.components.provider_words import is_usable
from pages.components.words import clock, count, size_title

BRIEF_FIELDS = (
    ("objective", "Objective", "Explain product features", 1000),
    ("audience", "Audience", "Tech founders", 400),
    ("tone", "Tone", "Professional, confident", 400),
    ("call_to_action", "Call to action", "Start free today", 400),
)
TRANSITION_TITLES = {
    TransitionKind.CUT: "Cut",
    TransitionKind.CROSSFADE: "Crossfade",
    TransitionKind.WIPE: "Wipe",
    TransitionKind.FADE_BLACK: "Fade to black",
}
ON_FAILED_TITLES = {
    OnFailed.WAIT: "Make the others, the film waits",
    OnFailed.HALT: "Pause, and pay for nothing more",
    OnFailed.SKIP: "Make the film without it",
}
SCRIPT_HINT = "Paste or write the words of the film. Blank lines and headings start new scenes."


def show(app: App, detail: ProjectDetail, *, key: str) -> tuple[ContentBrief, str, ProjectSettings]:
    """Draw the form with what was saved; returns brief, script and settings as they stand on screen."""

    def save() -> None:
        with guarded():
            app.service.save_draft(detail.id, brief=read_brief(detail.brief, key=key), script=read_script(key=key))

    def use_sample() -> None:
        st.session_state[f"{key}-script"] = app.service.sample_script()
        save()

    with st.container(key=f"{key}-texts"):
        left, right = st.columns([4, 7], gap="medium")
        with left:
            for name, label, example, limit in BRIEF_FIELDS:
                st.text_input(
                    label,
                    value=getattr(detail.brief, name),
                    placeholder=example,
                    max_chars=limit,
                    key=f"{key}-{name}",
                    on_change=save,
                )
        with right:
            script = st.text_area(
                "Script", value=detail.script, height=290, placeholder=SCRIPT_HINT, key=f"{key}-script", on_change=save
            )
    live_text.show(container_key=f"{key}-texts", key=key)
    settings = show_settings(app, detail, key=key)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        show_measure(_measured(app, script or "", settings, key=key), is_empty=not (script or "").strip())
        st.button(
            "Use the sample script",
            type="tertiary",
            icon=":material/article:",
            key=f"{key}-sample",
            on_click=use_sample,
        )
    return read_brief(detail.brief, key=key), script or "", settings


def _measured(app: App, script: str, settings: ProjectSettings, *, key: str) -> ScriptMeasure:
    """The measure of ``script``, taken again only when something changed: the page ticks while clips are made."""
    cached = st.session_state.get(f"{key}-measured")
    if cached is None or cached[0] != script or cached[1] != settings:
        cached = (script, settings, app.service.measure_script(script, settings=settings))
        st.session_state[f"{key}-measured"] = cached
    return cached[2]


def show_measure(measure: ScriptMeasure, *, is_empty: bool) -> None:
    """Words, time and clips in one line; what stands in the way, if anything."""
    with st.container(gap="xxsmall", width="content"):
        if is_empty:
            st.caption("Words, length and clips are counted here as you type.")
            return
        line = f"**{count(measure.words, 'word')}** · **{clock(measure.seconds)}** of {clock(measure.max_seconds)}"
        st.markdown(f"{line} · **{count(measure.clips, 'clip')}**" if measure.clips else line)
        if measure.problem:
            st.badge(measure.problem, icon=":material/warning:", color="orange")


def read_brief(saved: ContentBrief, *, key: str) -> ContentBrief:
    """The saved brief with what stands on screen laid over it."""
    typed = {name: st.session_state.get(f"{key}-{name}", getattr(saved, name)) or "" for name, *_ in BRIEF_FIELDS}
    return ContentBrief.model_validate({**saved.model_dump(), **typed})


def read_script(*, key: str) -> str:
    return st.session_state.get(f"{key}-script") or ""


def show_settings(app: App, detail: ProjectDetail, *, key: str) -> ProjectSettings:
    """Pace, frame, provider, transition, seed and money, folded away until wanted. Every change is saved at once."""
    saved, providers = detail.settings, app.views.providers()
    with st.expander("Pace, look and budget", icon=":material/tune:", key=f"{key}-settings"):
        settings = _draw_settings(app, saved, providers, key=key)
    if st.session_state.pop(f"{key}-touched", False) and settings != saved:
        with guarded():
            app.service.update_project(detail.id, settings=settings)
    return settings


def _draw_settings(app: App, saved: ProjectSettings, providers: Sequence[ProviderView], *, key: str) -> ProjectSettings:
    def touch() -> None:
        st.session_state[f"{key}-touched"] = True

    first, second, third = st.columns(3, gap="medium")
    with first:
        by_name = {provider.name: provider for provider in providers if is_usable(provider)}
        default = next((p.name for p in by_name.values() if p.is_default), next(iter(by_name), ""))
        current = saved.provider if saved.provider in by_name else default
        name = st.selectbox(
            "Provider",
            list(by_name),
            index=list(by_name).index(current) if current in by_name else None,
            format_func=lambda item: provider_choice.title(by_name[item]),
            key=f"{key}-provider",
            on_change=touch,
        )
        provider = by_name.get(name or current)
        models = provider_choice.offered_models(app, provider) if provider else ()
        model = _pick("Model", models, saved.model, key=f"{key}-model-{name}", on_change=touch)
        sizes = app.views.provider(provider.name, model=model).sizes if provider else ()
        frame = f"{key}-size-{name}-{model}"
        size = _pick("Frame", sizes, saved.size, key=frame, titles=size_title, on_change=touch)
    with second:
        pace = st.slider(
            "Pace (words per minute)",
            WORDS_PER_MINUTE_MIN,
            WORDS_PER_MINUTE_MAX,
            saved.words_per_minute,
            step=5,
            key=f"{key}-pace",
            on_change=touch,
        )
        transition = _draw_transition(saved.transition, key=key, on_change=touch)
    with third:
        budget = st.number_input(
            "Budget (US dollars)",
            min_value=0.0,
            value=saved.budget_usd,
            placeholder="No limit",
            key=f"{key}-budget",
            on_change=touch,
        )
        seed = st.number_input(
            "Seed", min_value=0, max_value=2**31 - 1, value=saved.seed, step=1, key=f"{key}-seed", on_change=touch
        )
        attempts = st.number_input(
            "Takes per clip at most",
            1,
            10,
            saved.retry_policy.max_attempts,
            step=1,
            key=f"{key}-attempts",
            on_change=touch,
        )
        on_failed = st.selectbox(
            "When a clip fails for good",
            list(ON_FAILED_TITLES),
            index=list(ON_FAILED_TITLES).index(saved.on_failed),
            format_func=ON_FAILED_TITLES.__getitem__,
            key=f"{key}-on-failed",
            on_change=touch,
        )
    return ProjectSettings.model_validate(
        {
            **saved.model_dump(),
            "provider": name or "",
            "model": model,
            "size": size,
            "words_per_minute": pace,
            "transition": transition,
            "budget_usd": budget,
            "seed": int(seed),
            "retry_policy": {"max_attempts": int(attempts)},
            "on_failed": on_failed,
        }
    )


def _draw_transition(saved: Transition, *, key: str, on_change: Callable[[], None]) -> Transition:
    kind = st.selectbox(
        "Transition",
        list(TRANSITION_TITLES),
        index=list(TRANSITION_TITLES).index(saved.kind),
        format_func=TRANSITION_TITLES.__getitem__,
        key=f"{key}-transition",
        on_change=on_change,
    )
    if kind is TransitionKind.CUT:
        return Transition()
    seconds = st.slider(
        "Transition length (s)",
        0.5,
        2.0,
        saved.seconds or 0.5,
        step=0.1,
        key=f"{key}-transition-s",
        on_change=on_change,
    )
    return Transition(kind=TransitionKind(kind), seconds=seconds)


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
