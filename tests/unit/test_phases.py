"""What a take went through, reckoned from its rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orchestrator.db.models import AssessmentRow, ProviderCallRow, RunRow
from orchestrator.presentation import phases_of
from orchestrator.schema.view import Phase, PhaseName
from pages.components.shared.numbers import lasting
from pages.components.shared.take_words import phase_words
from pages.components.takes import take_story

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def make_run(
    *, updated: float = 0, settled: float | None = None, state: str = "", assessed: float | None = None
) -> RunRow:
    run = RunRow(created_at=T0, updated_at=at(updated), provider_state=state)
    run.settled_at = at(settled) if settled is not None else None
    run.assessments = [AssessmentRow(created_at=at(assessed))] if assessed is not None else []
    return run


def make_call(sent: float, accepted: float | None = None, finished: float | None = None, *, state: str = "accepted"):
    return ProviderCallRow(
        created_at=at(sent),
        accepted_at=at(accepted) if accepted is not None else None,
        finished_at=at(finished) if finished is not None else None,
        state=state,
        cost_usd=0.4,
    )


def told(
    run: RunRow,
    call: ProviderCallRow | None = None,
    *,
    stored: float | None = None,
    is_active: bool = False,
    now: float = 0,
) -> list[tuple[str, float]]:
    stored_at = at(stored) if stored is not None else None
    phases = phases_of(run, call=call, stored_at=stored_at, is_active=is_active, now=at(now))
    return [(phase.name.value, phase.seconds) for phase in phases]


def test_a_finished_take_tells_all_its_phases_and_what_it_cost() -> None:
    run = make_run(settled=70, state="completed", assessed=69)
    phases = phases_of(run, call=make_call(2, 3.5, 63), stored_at=at(65), is_active=False, now=at(500), looks_usd=0.02)
    assert [(p.name, p.seconds, p.cost_usd) for p in phases] == [
        (PhaseName.QUEUED, 2, 0),
        (PhaseName.SENT, 1.5, 0.4),
        (PhaseName.WAITING, 59.5, 0),
        (PhaseName.DOWNLOADING, 2, 0),
        (PhaseName.ASSESSING, 4, 0.02),
    ]
    assert not any(p.is_open for p in phases)
    assert [p.started_at for p in phases] == [at(0), at(2), at(3.5), at(63), at(65)]


@pytest.mark.parametrize(
    ("call", "state", "stored", "phase"),
    [
        (None, "", None, PhaseName.QUEUED),
        (make_call(2, state="intent"), "", None, PhaseName.SENT),
        (make_call(2, 3), "in_progress", None, PhaseName.WAITING),
        (make_call(2, 3, 4), "completed", None, PhaseName.DOWNLOADING),
        (make_call(2, 3, 4), "completed", 5, PhaseName.ASSESSING),
    ],
)
def test_the_phase_a_take_is_in_goes_on_until_now(
    call: ProviderCallRow | None, state: str, stored: float | None, phase: PhaseName
) -> None:
    stored_at = at(stored) if stored is not None else None
    phases = phases_of(make_run(state=state), call=call, stored_at=stored_at, is_active=True, now=at(10))
    assert [p.name for p in phases if p.is_open] == [phase] == [phases[-1].name]
    assert sum(p.seconds for p in phases) == 10


def test_a_failed_generation_ends_with_its_wait_and_nothing_is_downloaded() -> None:
    run = make_run(settled=65, state="failed")
    assert told(run, make_call(1, 2, 62), is_active=True, now=90) == [("queued", 1), ("sent", 1), ("waiting", 60)]


def test_a_refused_request_cost_nothing() -> None:
    run = make_run(settled=4)
    phases = phases_of(run, call=make_call(1, state="refused"), stored_at=None, is_active=True, now=at(90))
    assert [(p.name, p.seconds, p.cost_usd, p.is_open) for p in phases] == [
        (PhaseName.QUEUED, 1, 0, False),
        (PhaseName.SENT, 3, 0, False),
    ]


def test_a_take_that_was_cut_off_lasted_until_it_was_touched_last() -> None:
    assert told(make_run(updated=8), make_call(1, 2), now=500) == [("queued", 1), ("sent", 1), ("waiting", 6)]


def test_clocks_that_differ_make_no_phase_shorter_than_nothing() -> None:
    run = make_run(settled=9, state="completed", assessed=8)
    assert told(run, make_call(-3, -2.5, 6), stored=5) == [
        ("queued", 0),
        ("sent", 0),
        ("waiting", 6),
        ("downloading", 0),
        ("assessing", 2),
    ]


# --- on screen ---


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (185, "3 min 5 s"),
        (7860, "2 h 11 min"),
    ],
)
def test_lengths_of_time_are_told_to_two_digits(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_a_phase_says_how_long_and_what_it_cost() -> None:
    sent = Phase(name=PhaseName.SENT, started_at=T0, seconds=1.5, cost_usd=0.4)
    assert phase_words(sent) == "Sent 1.5 s, $0.40"
    assert (
        phase_words(Phase(name=PhaseName.WAITING, started_at=T0, seconds=60, is_open=True))
        == "Waiting 1 min 0 s so far"
    )


def test_every_phase_is_as_wide_as_it_was_long() -> None:
    phases = [
        Phase(name=name, started_at=T0, seconds=s) for name, s in ((PhaseName.QUEUED, 0.5), (PhaseName.WAITING, 60))
    ]
    shown = take_story.bar(phases)
    assert '<b class="queued" style="flex-grow:0.5">' in shown and '<b class="waiting" style="flex-grow:60">' in shown
    assert "<li>1 min 0 s in all</li>" in shown
