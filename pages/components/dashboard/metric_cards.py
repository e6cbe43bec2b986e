"""The success metrics, each beside its target and the period before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

import streamlit as st

from orchestrator.schema.statistics import ENOUGH_FOR_A_RATE, Figure, Metrics
from pages.components.shared.numbers import clock, percent
from pages.components.shared.prices import money
from pages.components.shared.words import count


@dataclass(frozen=True)
class Card:
    """One number as shown. ``is_met`` is None where there is no target or nothing to count; ``is_better``: than in the
    period before, None where neither is good or bad."""

    label: str
    value: str
    target: str
    basis: str
    change: str = ""
    is_met: bool | None = None
    is_better: bool | None = None


def show(metrics: Metrics) -> None:
    st.caption(over(metrics.days))
    st.html(table(cards(metrics)))


def over(days: int | None) -> str:
    """Which time the numbers are of, and what they are held against."""
    return f"The last {days} days, against the {days} days before." if days else "From the first take until now."


def cards(metrics: Metrics) -> tuple[Card, ...]:
    """The numbers in words. Pure."""
    return (
        _card("First-attempt pass rate", metrics.first_pass_rate, "clip", percent, "over", _points),
        _card("Retries per clip", metrics.retries_per_clip, "clip", _tenths, "under"),
        _card("Time per 60 s of film", metrics.seconds_per_film_minute, "film", clock, "under"),
        _card("Cost per accepted second", metrics.cost_per_accepted_second, "clip", money),
        _card("Satisfaction", metrics.satisfaction, "rating", lambda n: f"{n:.1f} of 5", "over", _tenths),
        _card("Spent", metrics.spend, "take", money, is_neutral=True),
    )


def table(shown: tuple[Card, ...]) -> str:
    """The cards as a list of terms. Pure."""
    return f'<dl class="svo-metrics">{"".join(map(_html, shown))}</dl>'


def _card(
    label: str,
    figure: Figure,
    noun: str,
    say: Callable[[float], str],
    side: str = "",
    say_change: Callable[[float], str] | None = None,
    *,
    is_neutral: bool = False,
) -> Card:
    change, is_better = "", None
    if figure.change is not None:
        said, nothing = ((say_change or say)(number) for number in (abs(figure.change), 0))
        is_better = None if said == nothing or is_neutral else (figure.change > 0) == figure.is_more_better
        change = "unchanged" if said == nothing else f"{'+' if figure.change > 0 else '−'}{said}"
    return Card(
        label=label,
        value="–" if figure.value is None else say(figure.value),
        target=f"target {side} {say(figure.target)}" if figure.target is not None else "",
        basis=basis(figure, noun, is_rate=label.endswith("rate")),
        change=f"{change}{_BETTER[is_better]}",
        is_met=figure.is_met,
        is_better=is_better,
    )


def basis(figure: Figure, noun: str, *, is_rate: bool = False) -> str:
    """What a number rests on, or why there is none."""
    if not figure.sample:
        return f"no {noun}s yet"
    if is_rate and figure.value is None:
        return f"{count(figure.sample, noun)}: too few for a rate, {ENOUGH_FOR_A_RATE} are needed"
    return f"of {count(figure.sample, noun)}"


def _points(share: float) -> str:
    return f"{round(share * 100)} points"


def _tenths(number: float) -> str:
    return f"{number:.1f}"


_BETTER = {True: ", better", False: ", worse", None: ""}
_VERDICTS = {True: ("met", "Met"), False: ("missed", "Missed"), None: ("", "")}


def _html(card: Card) -> str:
    kind, verdict = _VERDICTS[card.is_met]
    told = {True: "better", False: "worse", None: ""}[card.is_better]
    met = f'<b class="{kind}">{verdict}</b> ' if verdict else ""
    target = f'<dd class="target">{met}{escape(card.target)}</dd>' if card.target else ""
    change = f'<dd class="{told}">{escape(card.change)}</dd>' if card.change else ""
    return (
        f'<div><dt>{escape(card.label)}</dt><dd class="value">{escape(card.value)}</dd>{target}'
        f"<dd>{escape(card.basis)}</dd>{change}</div>"
    )
