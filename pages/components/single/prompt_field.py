"""The prompt while it is written: how much room is left, what Optimize added to it, and the way back."""

from __future__ import annotations

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.view import ProviderView
from pages.components.shared import prompt_diff
from pages.components.shared.notices import guarded
from pages.components.shared.words import plain

HINT = "A founder alone in a dim office at 2 a.m., blue monitor light on her face. Slow push-in, 35 mm."


def show(app: App, provider: ProviderView, *, key: str) -> str:
    """The field with its count, and what was added while that is what stands in it. What stands in it."""
    prompt = st.text_area("Prompt", height=150, placeholder=HINT, key=f"{key}-prompt", persist_state="session") or ""
    st.caption(count_line(prompt.strip(), provider))
    if prompt and st.session_state.pop(f"{key}-unchanged", "") == prompt:
        st.caption(":material/check: Nothing to add: camera, light, motion and sound are all there.")
    before, after = st.session_state.get(f"{key}-optimized", ("", ""))
    if after and after == prompt:
        with st.container(key=f"{key}-diff", gap="small"):
            st.html(prompt_diff.draw(app.views.compare_prompts(before, after)))
            with st.container(horizontal=True, gap="small"):
                st.button("Undo", icon=":material/undo:", key=f"{key}-undo", on_click=_set, args=(before, key))
                st.button("Keep", type="tertiary", key=f"{key}-keep", on_click=_set, args=(after, key))
    return prompt


def show_optimize(app: App, provider: str, model: str, *, key: str) -> None:
    """Adds what a video model needs to be told and the prompt does not say; its own words stay."""

    def optimize() -> None:
        with guarded():
            prompt = st.session_state.get(f"{key}-prompt") or ""
            better = app.service.optimize_prompt(prompt, provider=provider, model=model)
            if better == prompt.strip():
                st.session_state[f"{key}-unchanged"] = prompt
                return
            st.session_state[f"{key}-optimized"] = prompt, better
            st.session_state[f"{key}-prompt"] = better

    st.button(
        "Optimize Prompt",
        icon=":material/auto_fix_high:",
        help="Adds camera, light, motion and sound where the prompt says nothing of them. Free, and can be undone.",
        key=f"{key}-optimize",
        on_click=optimize,
    )


def _set(prompt: str, key: str) -> None:
    st.session_state[f"{key}-prompt"] = prompt
    st.session_state.pop(f"{key}-optimized", None)


def settle(key: str) -> None:
    """The prompt was used as it is: what was added to it needs no way back any more."""
    st.session_state.pop(f"{key}-optimized", None)


def length(text: str, provider: ProviderView) -> int:
    """How long ``text`` is as the provider counts it."""
    return len(text.encode("utf-16-le")) // 2 if provider.prompt_unit == "utf16_units" else len(text)


def count_line(prompt: str, provider: ProviderView) -> str:
    """How much of the room is used, red when it is too much."""
    used, limit = length(prompt, provider), provider.prompt_limit_characters
    unit = "characters" if provider.prompt_unit == "characters" else "UTF-16 units, in which most characters are one"
    words = f"{used:,} of {limit:,} {unit}"
    if used > limit:
        return f":red[{words}: {used - limit:,} too many]"
    return plain(words)
