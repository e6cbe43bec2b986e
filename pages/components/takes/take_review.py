"""One take with what is known of it and what people say about it, beside the page."""

from __future__ import annotations

from html import escape

import streamlit as st

from orchestrator.bootstrap import App
from orchestrator.schema.clip_run import RepairStrategy
from orchestrator.schema.view import TakeView
from pages.components.shared import address, badge, prompt_diff, retry
from pages.components.shared.notices import guarded
from pages.components.shared.prices import cost_words
from pages.components.shared.take_words import (
    REPAIR_WORDS,
    is_answer_lost,
    is_cut_off,
    maker_words,
    narration_words,
    take_badge,
)
from pages.components.shared.words import plain
from pages.components.takes import assessment, decision_history, evidence_player, waveform
from pages.components.takes.take_decision import show_decision, show_override


def facts(take: TakeView, *, max_attempts: int = 0, noun: str = "take") -> str:
    """Length, maker, attempt and cost in one line of Markdown."""
    number = f"{noun} {take.attempt}" + (f" of {max_attempts}" if max_attempts >= take.attempt else "")
    parts = (f"{take.seconds} s", take.size.replace("x", " x "), maker_words(take), number)
    return plain(" · ".join(filter(None, (*parts, cost_words(take)))))


def show_why(take: TakeView) -> None:
    """Why a take failed or waits, what the repair was, and whose voice is heard, before anything else."""
    if take.override_reason:
        st.info(f"{take.override.capitalize()} by a person: {plain(take.override_reason)}", icon=":material/person:")
    if not is_answer_lost(take):  # its own card says it all
        waits = take.reason if is_cut_off(take) or take.is_held else ""
        found = "" if take.is_accepted else take.summary.partition(" Not run: ")[0]  # the checks below say the rest
        if why := waits or take.error_message or found:
            st.warning(plain(why), icon=":material/visibility:")
        is_decided = take.repair_strategy == RepairStrategy.NEEDS_HUMAN and (why or take.override)
        is_told = take.repair_reason == why or is_decided
        if take.repair_reason and not (is_told or take.is_accepted):
            done = REPAIR_WORDS.get(take.repair_strategy, "Repaired")
            st.caption(f":material/build: **{done}**: {plain(take.repair_reason)}")
    if voice := narration_words(take):
        st.caption(f":material/record_voice_over: {plain(voice)}")


def show_prompt(take: TakeView) -> None:
    """The prompt, with what was changed since the take before."""
    is_changed = prompt_diff.is_changed(take)
    with st.expander("Prompt, and what changed in it" if is_changed else "Prompt", icon=":material/notes:"):
        prompt_diff.show(take)
        st.code(take.prompt, language=None, wrap_lines=True)


@st.dialog(
    "Assessment",
    width="medium",
    position="right",
    icon=":material/fact_check:",
    on_dismiss=lambda: address.put("take", ""),
)
def open_drawer(app: App, run_id: str) -> None:
    """One take with its evidence beside the page; decisions are made here."""
    with guarded():
        take = app.views.take(run_id)
        evidence_player.show(
            take, label=f"Take {take.attempt}", placeholder=take_badge(take)[0], key=f"drawer-{run_id}-player"
        )
        waveform.show(take, key=f"drawer-{run_id}-wave")
        with st.container(horizontal=True, vertical_alignment="center"):
            badge.show(take_badge(take))
            st.caption(facts(take))
        show_why(take)
        if is_answer_lost(take):
            retry.show_lost(app, take, key=f"drawer-{run_id}")
        if take.line:
            st.html(f'<p class="svo-line">{escape(take.line)}</p>')
        assessment.show(app, take)
        decision_history.show(take)
        if take.checks:
            st.markdown("**Your decision**")
            show_decision(app, take, key=f"drawer-{run_id}")
            with st.expander("Correct one check", icon=":material/rule:"):
                show_override(app, take, key=f"drawer-{run_id}")
        show_prompt(take)
