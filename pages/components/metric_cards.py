"""The success metrics, each beside its target."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from orchestrator.schema.view import Metrics
from pages.components.words import clock, money, percent

FIRST_PASS_TARGET = 0.70
RETRIES_TARGET = 2.0
SECONDS_PER_FILM_MINUTE_TARGET = 15 * 60


@dataclass(frozen=True)
class Card:
    """One number as shown. ``is_met`` is None while there is nothing to count."""

    label: str
    value: str
    target: str
    is_met: bool | None = None


def cards(metrics: Metrics) -> tuple[Card, ...]:
    """The numbers and whether each meets its target. Pure."""
    first, retries, pace = metrics.first_pass_rate, metrics.retries_per_clip, metrics.seconds_per_film_minute
    per_second = metrics.cost_usd / metrics.accepted_seconds if metrics.accepted_seconds else None
    return (
        Card(
            "First-attempt pass rate",
            "–" if first is None else percent(first),
            f"target over {percent(FIRST_PASS_TARGET)}",
            None if first is None else first > FIRST_PASS_TARGET,
        ),
        Card(
            "Retries per clip",
            "–" if retries is None else f"{retries:.1f}",
            f"target under {RETRIES_TARGET:g}",
            None if retries is None else retries < RETRIES_TARGET,
        ),
        Card(
            "Time per 60 s of film",
            "–" if pace is None else clock(pace),
            f"target under {clock(SECONDS_PER_FILM_MINUTE_TARGET)}",
            None if pace is None else pace < SECONDS_PER_FILM_MINUTE_TARGET,
        ),
        Card(
            "Spent",
            money(metrics.cost_usd).replace("$", r"\$"),
            "nothing accepted yet" if per_second is None else f"{money(per_second)} per accepted second",
        ),
    )


def show(metrics: Metrics) -> None:
    columns = st.columns(4, gap="small")
    for column, card in zip(columns, cards(metrics), strict=True):
        with column:
            verdict = {True: "Met", False: "Missed", None: None}[card.is_met]
            st.metric(
                card.label,
                card.value.replace("\\", ""),
                verdict,
                delta_color="off" if card.is_met is None else "normal" if card.is_met else "inverse",
                delta_arrow="off",
                delta_description=card.target.replace("$", r"\$"),
                border=True,
                height="stretch",
            )
