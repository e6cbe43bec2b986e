"""Against the real services, by hand: ``pytest -m live`` with their keys in the environment, set as for the app.

``check_account`` costs nothing. A clip is only made, and paid, with ``LIVE_PAYS=1``: the shortest and cheapest the
provider's first model sells.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.roster import read_roster
from orchestrator.settings import Settings
from providers.base import VideoProvider
from providers.registry import NAMES, profile_of
from tests.contracts.matrix import Outcome
from tests.contracts.rig import Walk, a_request, count_frames

pytestmark = [pytest.mark.live, pytest.mark.timeout(3600)]

# Read when the tests are collected: while they run, nothing of a developer's environment is left.
SETTINGS = Settings(_env_file=None)  # pyright: ignore[reportCallIssue]
IS_PAID = os.environ.get("LIVE_PAYS") == "1"
PAID_NAMES = [name for name in NAMES if not profile_of(name).is_free]


def live_provider(name: str, folder: Path) -> VideoProvider:
    """The provider as the app would make it; skips where it is not set up."""
    roster = read_roster(SETTINGS, data_dir=folder)
    if name in roster.missing:
        pytest.skip(f"Set {' or '.join(roster.missing[name])} to run it.")
    return roster.makers[name]()


@pytest.mark.parametrize("name", PAID_NAMES)
async def test_account_answers(name: str, tmp_path: Path) -> None:
    provider = live_provider(name, tmp_path)
    account = await provider.check_account()
    await provider.aclose()
    print(f"{name}: {account.note}")
    assert account.balance_usd is None or account.balance_usd >= 0


@pytest.mark.parametrize("name", PAID_NAMES)
async def test_clip_is_made(name: str, tmp_path: Path) -> None:
    provider = live_provider(name, tmp_path)
    if not IS_PAID:
        pytest.skip("Set LIVE_PAYS=1 to pay for one clip of each provider.")
    request, profile = a_request(provider, tmp_path), provider.profile
    price = profile.cost_usd(model=request.model, seconds=request.seconds, size=request.size)
    print(f"{name}: {request.seconds} s of {request.model} at {request.size} for about ${price:.2f}")
    pause = profile.poll_pace.early_seconds
    looks = int(min(profile.deadline_seconds, 3000) / pause)
    walk = Walk(provider, request, tmp_path, looks=looks, pause_seconds=pause)
    outcome = await walk.go()
    await provider.aclose()
    assert outcome in (Outcome.TAKE, Outcome.AGAIN, Outcome.RESUMED), walk.errors
    assert walk.path is not None
    assert count_frames(walk.path) > 0
