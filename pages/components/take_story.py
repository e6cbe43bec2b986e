"""How a clip came about: take after take, who made each, how long what took, and what was changed for the next."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.view import Phase, TakeView
from pages.components.words import (
    REPAIR_WORDS,
    cost_words,
    count,
    lasting,
    maker_words,
    phase_words,
    plain,
    take_badge,
)


def show(takes: Sequence[TakeView]) -> None:
    """Nothing for a clip that no take was begun of."""
    ordered = sorted((take for take in takes if take.phases), key=lambda take: take.attempt)
    if not ordered:
        return
    makers = len({take.provider for take in ordered})
    title = f"How it went: {count(len(ordered), 'take')}" + (f", {count(makers, 'provider')}" if makers > 1 else "")
    with st.expander(title, icon=":material/history:"):
        for take in ordered:
            st.markdown(line(take))
            st.html(bar(take.phases))


def line(take: TakeView) -> str:
    """One take as a line of a Markdown list."""
    facts = " · ".join(filter(None, (maker_words(take), take_badge(take)[0], cost_words(take))))
    then = f"{REPAIR_WORDS.get(take.repair_strategy, 'Repaired')}: {take.repair_reason}" if take.repair_reason else ""
    return f"- **Take {take.attempt}** · {plain(facts)}" + (f"  \n  :small[{plain(then)}]" if then else "")


def bar(phases: Sequence[Phase]) -> str:
    """What a take went through as one bar, each phase as wide as it was long, with the words under it."""
    parts = "".join(f'<b class="{phase.name}" style="flex-grow:{phase.seconds:g}"></b>' for phase in phases)
    words = "".join(f'<li class="{phase.name}">{phase_words(phase)}</li>' for phase in phases)
    whole = lasting(sum(phase.seconds for phase in phases))
    return f'<div class="svo-phases"><i aria-hidden="true">{parts}</i><ul>{words}<li>{whole} in all</li></ul></div>'
