"""How numbers and states read."""

from __future__ import annotations

import pytest

from orchestrator.schema.status import PlanStatus
from orchestrator.schema.view import PlanView
from pages.components.shared import numbers, prices
from pages.components.storyboard.plan_offers import Command, offers


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (9.6, "0:10"), (88, "1:28"), (300, "5:00")])
def test_seconds_read_as_minutes_and_seconds(seconds: float, text: str) -> None:
    assert numbers.clock(seconds) == text


def test_time_left_gets_coarser_when_it_is_longer() -> None:
    assert [numbers.time_left(s) for s in (None, 3, 43, 250)] == [
        "",
        "a few seconds left",
        "about 45 s left",
        "about 4 min left",
    ]


def test_fractions_of_a_cent_stay_visible() -> None:
    assert [prices.money(v) for v in (0, 0.0025, 6.4, 1234.5)] == ["$0.00", "$0.0025", "$6.40", "$1,234.50"]


@pytest.mark.parametrize(
    ("size", "title"),
    [("1280x720", "16:9 · 1280 x 720"), ("1000x700", "1000 x 700"), ("720x1280", "9:16 · 720 x 1280")],
)
def test_a_size_names_its_shape_when_it_has_one(size: str, title: str) -> None:
    assert numbers.size_title(size) == title


def _plan(status: PlanStatus, *, passed: int = 1, failed: int = 0) -> PlanView:
    return PlanView(
        id="p",
        project_id="x",
        project_name="",
        status=status,
        is_active=status is PlanStatus.RUNNING,
        clips=(),
        total_seconds=0,
        spoken_words=0,
        words_per_minute=150,
        passed=passed,
        failed=failed,
        needs_review=0,
        progress=0,
        cost_usd=0,
        message="",
    )


@pytest.mark.parametrize(
    ("plan", "commands"),
    [
        (_plan(PlanStatus.PLANNED, passed=0), [Command.START]),
        (_plan(PlanStatus.RUNNING), [Command.PAUSE, Command.CANCEL]),
        (_plan(PlanStatus.PAUSED), [Command.RESUME, Command.CANCEL]),
        (_plan(PlanStatus.INCOMPLETE, failed=1), [Command.RETRY_FAILED, Command.RENDER]),
        (_plan(PlanStatus.INCOMPLETE, passed=0, failed=1), [Command.RETRY_FAILED]),
        (_plan(PlanStatus.COMPLETED), [Command.RENDER]),
        (_plan(PlanStatus.CANCELLED), [Command.START]),
    ],
)
def test_only_commands_that_make_sense_are_offered(plan: PlanView, commands: list[Command]) -> None:
    assert [offer.command for offer in offers(plan)] == commands
    assert sum(offer.is_primary for offer in offers(plan)) <= 1
