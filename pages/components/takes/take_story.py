"""How a clip came about: take after take, what led to each, who made it, what it cost, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from orchestrator.schema.assessment import Verdict
from orchestrator.schema.clip_run import RepairStrategy
from orchestrator.schema.view import Phase, TakeView
from pages.components.shared.numbers import lasting
from pages.components.shared.prices import cost_words
from pages.components.shared.take_words import REPAIR_WORDS, maker_words, phase_words, take_badge
from pages.components.shared.words import count


def show(takes: Sequence[TakeView]) -> None:
    """Nothing for a clip that no take was begun of."""
    ordered = sorted((take for take in takes if take.phases), key=lambda take: take.attempt)
    if not ordered:
        return
    makers = len({take.provider for take in ordered})
    title = f"How it went: {count(len(ordered), 'take')}" + (f", {count(makers, 'provider')}" if makers > 1 else "")
    with st.expander(title, icon=":material/history:"):
        st.html(story(ordered))


def story(takes: Sequence[TakeView]) -> str:
    """The takes in their order as a list in HTML: between two of them stands what was done and why. Pure."""
    steps = [_take(take) + _repair(take, is_last=take is takes[-1]) for take in takes]
    return f'<ol class="svo-story">{"".join(steps)}</ol>'


def _take(take: TakeView) -> str:
    outcome = take_badge(take)[0]
    score = "" if take.score is None else f"{take.score:.2f}"
    made = f"cut from take {take.source_attempt}" if take.edit and take.source_attempt else maker_words(take)
    facts = " · ".join(escape(part) for part in (outcome, score, made, cost_words(take)) if part)
    kept = "<mark>kept</mark>" if take.is_accepted else "<mark>best so far</mark>" if take.is_best else ""
    why = f" <small>{escape(take.best_reason)}</small>" if take.best_reason else ""
    head = f"<p><strong>Take {take.attempt}</strong> · {facts} {kept}{why}</p>"
    return f'<li class="{_tone(take)}">{head}{bar(take.phases)}'


def _repair(take: TakeView, *, is_last: bool) -> str:
    """What followed from a take: the means and the reason. Closes the item of the take."""
    if not take.repair_strategy or take.is_accepted:  # what was decided of it before a person approved it is past
        return "</li>"
    done = escape(REPAIR_WORDS.get(take.repair_strategy, "Repaired"))
    free = " at no cost" if take.repair_strategy in (RepairStrategy.TRIM, RepairStrategy.RETIME) else ""
    sign = "■" if is_last else "↓"
    reason = f": {escape(take.repair_reason)}" if take.repair_reason else ""
    return f'<p class="svo-led"><span aria-hidden="true">{sign}</span> <strong>{done}{free}</strong>{reason}</p></li>'


def _tone(take: TakeView) -> str:
    if take.is_accepted or take.verdict is Verdict.PASS:
        return "pass"
    return "fail" if take.verdict is Verdict.FAIL or take.error_message else "open"


def bar(phases: Sequence[Phase]) -> str:
    """What a take went through as one bar, each phase as wide as it was long, with the words under it."""
    parts = "".join(f'<b class="{phase.name}" style="flex-grow:{phase.seconds:g}"></b>' for phase in phases)
    words = "".join(f'<li class="{phase.name}">{phase_words(phase)}</li>' for phase in phases)
    whole = lasting(sum(phase.seconds for phase in phases))
    return f'<div class="svo-phases"><i aria-hidden="true">{parts}</i><ul>{words}<li>{whole} in all</li></ul></div>'
