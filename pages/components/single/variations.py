"""The takes of one wish beside each other, the best first."""

from __future__ import annotations

import streamlit as st

from orchestrator.schema.single import Wish
from orchestrator.schema.view import TakeView
from pages.components.shared.take_words import take_badge
from pages.components.shared.words import count, plain
from pages.components.single import blind_pick, composer


def show(wish: Wish, chosen: TakeView, *, key: str) -> None:
    """Which take is looked at, why the first is first, and the way to choose without being told."""
    numbers = {take.clip_id: number for number, take in enumerate(wish.takes, start=1)}
    widget = f"{key}-take"
    st.session_state[widget] = chosen.clip_id

    def choose() -> None:
        st.query_params[composer.ADDRESS] = st.session_state[widget] or chosen.clip_id

    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute", gap="small"):
        st.segmented_control(
            f"{count(len(wish.takes), 'take')} of one prompt",
            list(numbers),
            format_func=lambda clip_id: _title(numbers[clip_id], wish.takes[numbers[clip_id] - 1]),
            key=widget,
            on_change=choose,
            required=True,
        )
        if wish.pair:
            blind_pick.show_offer(wish, key=key)
    if wish.best_reason:
        st.caption(f":material/star: Take 1: {plain(_lower(wish.best_reason))}")


def _title(number: int, take: TakeView) -> str:
    if take.is_active:
        return f"{number} · being made"
    return f"{number} · {take_badge(take)[0] if take.score is None else f'{take.score:.2f}'}"


def _lower(reason: str) -> str:
    """A reason as it goes on after a colon."""
    return reason.removeprefix("Best take: ")
