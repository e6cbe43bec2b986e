"""How money, time and room read before a clip is asked for, and how it goes while it is made. Pure."""

from __future__ import annotations

from orchestrator.schema.single import LineFit, UnderWay, WaitEstimate
from orchestrator.schema.view import CostEstimate
from pages.components.shared.numbers import lasting, time_left
from pages.components.shared.prices import money
from pages.components.shared.words import count

LONGER = "longer than usual"


def price_words(estimate: CostEstimate | None, *, takes: int = 1) -> str:
    """What ``takes`` takes cost, and with all repairs they may need; empty where nobody can say."""
    if estimate is None:
        return "Price unknown"
    if not estimate.high_usd:
        return "Free"
    most = f", up to {money(estimate.high_usd)} with repairs" if estimate.high_usd > estimate.low_usd else ""
    return f"{money(estimate.low_usd)} {'a take' if takes == 1 else f'for {takes} takes'}{most}"


def wait_words(wait: WaitEstimate) -> str:
    """How long it will take, and how that is known."""
    if wait.seconds is None:
        return "no takes here yet, so the wait is not known"
    return f"about {lasting_roughly(wait.seconds)}, from {count(wait.takes, 'take')} here"


def lasting_roughly(seconds: float) -> str:
    """A wait, as coarse as the guess behind it."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    if seconds < 90:
        return f"{round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min"


def fit_words(fit: LineFit, *, seconds: int) -> str:
    """How long the line takes, and what to do where the clip is too short for it."""
    if not fit.words:
        return "No line: nobody speaks"
    told = f"{count(fit.words, 'word')}, about {fit.seconds:.1f} s at {fit.words_per_minute} words a minute"
    if fit.seconds <= seconds:
        return told
    remedy = f"choose {fit.needed_seconds} s" if fit.needed_seconds else "shorten it, no clip is that long"
    return f"{told}. The clip lasts {seconds} s: {remedy}."


def left_words(item: UnderWay) -> str:
    """How long it has been under way and how long it will take yet."""
    been = f"{lasting(item.elapsed_seconds)} so far"
    if item.left_seconds is None:
        return f"{been}, no takes here yet to tell how long"
    return f"{been}, {time_left(item.left_seconds) if item.left_seconds > 0 else LONGER}"
