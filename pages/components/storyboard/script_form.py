"""The words of the film: saved and measured as they are typed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.commands.planning import SCRIPT_CHARACTERS_MAX
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.script import ScriptFormat
from orchestrator.schema.view import CostEstimate, ProjectDetail, ScriptMeasure
from pages.components.shared import field, live_text
from pages.components.shared.notices import guarded
from pages.components.shared.numbers import clock
from pages.components.shared.prices import money
from pages.components.shared.words import count, plain
from pages.components.storyboard import brief_form

HINT = "Paste or write the words of the film. Blank lines and headings start new scenes."
FORMAT_WORDS = {
    ScriptFormat.PROSE: "Plain text",
    ScriptFormat.MARKDOWN: "Markdown: headings start scenes",
    ScriptFormat.SCENES: "Scene lines: each starts a scene",
    ScriptFormat.SCREENPLAY: "Screenplay: only dialogue is spoken",
    ScriptFormat.DIALOGUE: "Dialogue: names say who speaks",
}
FORMATS_HELP = (
    "Understood without being told which it is: plain text, Markdown, “Scene 2: title” lines, screenplays "
    "(INT./EXT., names above lines) and dialogue (NAME: text). [Brackets] say what is seen, not spoken."
)


def show(app: App, detail: ProjectDetail, *, key: str) -> None:
    """The script with what it needs: words, time, clips and money, and what stands in the way, if anything."""

    def save(value: Any, seen: Any, *, is_apart: bool) -> None:
        brief_form.keep_draft(app, detail, script=value or "", seen_script=seen, is_apart=is_apart)

    def use_sample() -> None:
        st.session_state[f"{key}-script"] = sample = app.service.sample_script()
        with guarded():
            field.send(f"{key}-script", sample, save, read=str)

    with st.container(key=f"{key}-texts"):
        script = field.show(
            st.text_area,
            "Script",
            key=f"{key}-script",
            saved=detail.script,
            save=save,
            read=lambda text: (text or "").replace("\x00", "")[:SCRIPT_CHARACTERS_MAX],
            height=340,
            placeholder=HINT,
        )
    live_text.show(container_key=f"{key}-texts", key=key)
    if (script or "").strip():
        measure = measured(app, script or "", detail.settings, key=key)
        _show_measure(measure, app.views.estimate(measure.clip_seconds, settings=detail.settings))
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption("Words, length, clips and cost are counted here as you type.", width="content", help=FORMATS_HELP)
        st.button(
            "Use the sample script",
            type="tertiary",
            icon=":material/article:",
            key=f"{key}-sample",
            on_click=use_sample,
        )


def measured(app: App, script: str, settings: ProjectSettings, *, key: str) -> ScriptMeasure:
    """The measure of ``script``, taken again only when something changed."""
    cached = st.session_state.get(f"{key}-measured")
    if cached is None or cached[0] != script or cached[1] != settings:
        cached = (script, settings, app.service.measure_script(script, settings=settings))
        st.session_state[f"{key}-measured"] = cached
    return cached[2]


def measure_words(measure: ScriptMeasure, estimate: CostEstimate | None) -> str:
    """What a script needs in one line of Markdown. Pure."""
    parts = [count(measure.words, "word"), f"{clock(measure.seconds)} of {clock(measure.max_seconds)}"]
    if measure.clips:
        parts.append(count(measure.clips, "clip"))
        is_free = estimate is not None and not estimate.high_usd
        parts.append("free" if is_free else f"about {money(estimate.likely_usd)}" if estimate else "")
    return " · ".join(f"**{plain(part)}**" for part in parts if part)


def _show_measure(measure: ScriptMeasure, estimate: CostEstimate | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.markdown(measure_words(measure, estimate), width="content")
        st.caption(FORMAT_WORDS[measure.format], width="content", help=FORMATS_HELP)
    if measure.problem:
        st.warning(plain(measure.problem), icon=":material/warning:")
