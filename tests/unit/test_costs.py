"""What a plan will probably cost: never less likely than the least, never more than every attempt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.costs import ENOUGH_CLIPS, TAKES_GUESS, estimate, expect_takes
from orchestrator.schema.view import CostEstimate
from providers.base import AudioSupport, ProviderProfile


def a_profile(**facts: object) -> ProviderProfile:
    fields = {
        "name": "house",
        "title": "House",
        "models": ("one",),
        "durations_seconds": (4, 8, 12),
        "sizes": ("1280x720", "1920x1080"),
        "prompt_limit_characters": 100,
        "audio": AudioSupport.NATIVE,
        "cost_usd_per_second": {"one": 0.1, "one@1920x1080": 0.3},
    }
    return ProviderProfile.model_validate(fields | facts)


def cost_of(*seconds: int, max_attempts: int = 3, history: tuple[int, int] = (0, 0), size: str = "1280x720",
            profile: ProviderProfile | None = None) -> CostEstimate:  # fmt: skip
    return estimate(
        seconds, profile=profile or a_profile(), model="one", size=size, max_attempts=max_attempts, history=history
    )


def test_every_clip_is_counted_once_as_often_as_usual_and_as_often_as_it_may_be_tried() -> None:
    found = cost_of(4, 8, 8)
    assert (found.low_usd, found.likely_usd, found.high_usd) == (2.0, 2.6, 6.0)
    assert (found.takes_per_clip, found.is_from_history) == (TAKES_GUESS, False)


def test_lengths_and_sizes_that_are_not_sold_cost_what_is_made_instead() -> None:
    assert cost_of(5, 13).low_usd == pytest.approx(0.8 + 1.2)
    assert cost_of(4, size="1920x1080").low_usd == pytest.approx(1.2)
    assert cost_of(4, size="1900x1060").low_usd == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("history", "takes", "is_known"),
    [
        ((ENOUGH_CLIPS - 1, 70), TAKES_GUESS, False),
        ((ENOUGH_CLIPS, 2 * ENOUGH_CLIPS), 2.0, True),
        ((ENOUGH_CLIPS, ENOUGH_CLIPS + 1), 1.125, True),
        ((ENOUGH_CLIPS, 0), 1.0, True),  # refused ones alone say nothing of takes
        ((100, 900), 3.0, True),  # never more than is tried
    ],
)
def test_history_counts_when_there_is_enough_of_it(history: tuple[int, int], takes: float, is_known: bool) -> None:
    assert expect_takes(clips=history[0], takes=history[1], max_attempts=3) == (takes, is_known)
    found = cost_of(4, history=history)
    assert found.is_from_history is is_known
    assert found.likely_usd == pytest.approx(0.4 * takes)


def test_a_clip_that_is_tried_once_costs_one_take() -> None:
    found = cost_of(4, max_attempts=1)
    assert found.low_usd == found.likely_usd == found.high_usd


def test_what_is_free_costs_nothing() -> None:
    found = cost_of(4, 8, profile=a_profile(cost_usd_per_second={"one": 0.0}, is_free=True))
    assert found.low_usd == found.likely_usd == found.high_usd == 0


@given(
    seconds=st.lists(st.integers(1, 20), max_size=40),
    max_attempts=st.integers(1, 10),
    clips=st.integers(0, 1000),
    takes=st.integers(0, 5000),
    rate=st.floats(0, 10),
)
def test_low_is_at_most_likely_and_likely_at_most_high(
    seconds: list[int], max_attempts: int, clips: int, takes: int, rate: float
) -> None:
    found = cost_of(
        *seconds,
        max_attempts=max_attempts,
        history=(clips, takes),
        profile=a_profile(cost_usd_per_second={"one": rate}),
    )
    assert 0 <= found.low_usd <= found.likely_usd <= found.high_usd
    assert 1 <= found.takes_per_clip <= max_attempts
    assert found.is_from_history is (clips >= ENOUGH_CLIPS)
