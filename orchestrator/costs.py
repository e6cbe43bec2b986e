"""What a plan will probably cost, before a cent is spent. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.schema.view import CostEstimate
from providers.base import ProviderProfile

# Until this many clips of a provider were settled here, what they took says little.
ENOUGH_CLIPS = 8
TAKES_GUESS = 1.3


def expect_takes(*, clips: int, takes: int, max_attempts: int) -> tuple[float, bool]:
    """(takes a clip is expected to need, whether that comes from this workspace's own history)."""
    is_known = clips >= ENOUGH_CLIPS
    expected = takes / clips if is_known else TAKES_GUESS
    return min(float(max_attempts), max(1.0, expected)), is_known


def estimate(
    seconds: Sequence[int],
    *,
    profile: ProviderProfile,
    model: str,
    size: str,
    max_attempts: int,
    history: tuple[int, int],
) -> CostEstimate:
    """The cost of clips of these planned ``seconds``, in US dollars: ``low`` if every first take passes, ``likely`` by
    the takes a clip needed so far, ``high`` if every clip needs all its attempts. ``history`` is (settled clips, takes
    paid for them) at this provider; ``profile`` is the model's."""
    size = profile.fit_size(size)
    once = sum(profile.cost_usd(model=model, seconds=profile.fit_seconds(s), size=size) for s in seconds)
    takes, is_known = expect_takes(clips=history[0], takes=history[1], max_attempts=max_attempts)
    return CostEstimate(
        low_usd=round(once, 4),
        likely_usd=round(once * takes, 4),
        high_usd=round(once * max_attempts, 4),
        takes_per_clip=round(takes, 2),
        is_from_history=is_known,
    )


def add_up(estimates: Sequence[tuple[int, CostEstimate]]) -> CostEstimate | None:
    """What clips of several providers cost together: ``(how many clips, their estimate)`` of each. None of none."""
    if not estimates:
        return None
    clips = sum(count for count, _ in estimates)
    return CostEstimate(
        low_usd=round(sum(one.low_usd for _, one in estimates), 4),
        likely_usd=round(sum(one.likely_usd for _, one in estimates), 4),
        high_usd=round(sum(one.high_usd for _, one in estimates), 4),
        takes_per_clip=round(sum(count * one.takes_per_clip for count, one in estimates) / clips, 2),
        is_from_history=all(one.is_from_history for _, one in estimates),
    )


def standing_budget(configured_usd: float | None, *, then_usd: float | None, now_usd: float | None) -> float | None:
    """What the single clips may cost in all, None being no limit: ``now_usd``, which a person may have raised, for as
    long as the configured budget is what it was ``then``, when the last of them was asked for; else the configured one.
    """
    return now_usd if configured_usd == then_usd else configured_usd
