"""How a clip came about: take after take, who made each, what became of it and what was changed for the next."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from orchestrator.schema.view import TakeView
from pages.components.words import REPAIR_WORDS, cost_words, count, maker_words, plain, take_badge


def show(takes: Sequence[TakeView]) -> None:
    """Nothing for a single take: all there is to say of it stands beside its picture."""
    if len(takes) < 2:
        return
    ordered = sorted(takes, key=lambda take: take.attempt)
    makers = len({take.provider for take in ordered})
    title = f"How it went: {count(len(ordered), 'take')}" + (f", {count(makers, 'provider')}" if makers > 1 else "")
    with st.expander(title, icon=":material/history:"):
        st.markdown("\n".join(line(take) for take in ordered))


def line(take: TakeView) -> str:
    """One take as a line of a Markdown list."""
    facts = " · ".join(filter(None, (maker_words(take), take_badge(take)[0], cost_words(take))))
    then = f"{REPAIR_WORDS.get(take.repair_strategy, 'Repaired')}: {take.repair_reason}" if take.repair_reason else ""
    return f"- **Take {take.attempt}** · {plain(facts)}" + (f"  \n  :small[{plain(then)}]" if then else "")
