"""Never twice: whatever moment a process dies at, one attempt is paid once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from orchestrator.calls import Calls, PaidCall, spent_usd
from orchestrator.db.models import ProviderCallRow, new_id
from orchestrator.db.session import Database
from orchestrator.errors import BudgetExceeded, NeedsDecision, Withdrawn
from orchestrator.ledger import Ledger
from providers.base import (
    AuthFailed,
    ContentRejected,
    CreateClipInput,
    Generation,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Unavailable,
)
from tests.fakes.billing import BillingProvider, Death, Moment
from tests.fakes.paid import add_run, call_for


async def create_over_lives(database: Database, provider: BillingProvider, call: PaidCall) -> str:
    """Create as a process that is restarted whenever it dies."""
    while True:
        try:
            return await Ledger(database, owner="local").create(call, provider)
        except Death:
            continue


@pytest.mark.parametrize("moment", [None, *Moment])
async def test_one_create_is_paid_when_the_process_dies_once(database: Database, moment: Moment | None) -> None:
    provider = BillingProvider(deaths=[moment] if moment else [])
    call = call_for(*add_run(database))
    generation_id = await create_over_lives(database, provider, call)
    assert generation_id.endswith("-0")
    assert len(provider.charges) == 1


async def test_the_stored_id_is_returned_when_the_engine_forgot_the_step(database: Database) -> None:
    provider, call = BillingProvider(), call_for(*add_run(database))
    first = await Ledger(database, owner="local").create(call, provider)
    again = await Ledger(database, owner="local").create(call, provider)
    assert first == again
    assert len(provider.charges) == 1


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.sampled_from(Moment), max_size=2))
async def test_one_create_is_paid_whatever_the_deaths(database: Database, deaths: list[Moment]) -> None:
    provider = BillingProvider(deaths=deaths, grace_seconds=0.1, accept_delay_seconds=0.05)
    await create_over_lives(database, provider, call_for(*add_run(database), prompt=new_id()))
    assert len(provider.charges) == 1


async def test_a_job_that_shows_late_in_the_list_is_adopted_when_the_grace_covers_it(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], list_lag_seconds=0.3, grace_seconds=0.5)
    await create_over_lives(database, provider, call_for(*add_run(database)))
    assert len(provider.charges) == 1
    with database.read() as session:
        assert session.scalars(select(ProviderCallRow)).one().is_adopted


async def test_two_lost_creates_with_the_same_words_adopt_a_job_each(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER] * 2)
    project_id, first_run = add_run(database)
    _, second_run = add_run(database)
    calls = [call_for(project_id, first_run), call_for(project_id, second_run)]
    for call in calls:
        with pytest.raises(Death):
            await Ledger(database, owner="local").create(call, provider)
    found = [await Ledger(database, owner="local").create(call, provider) for call in calls]
    assert sorted(i[-2:] for i in found) == ["-0", "-1"]
    assert len(provider.charges) == 2


async def test_a_lost_answer_is_reconciled_without_a_restart(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [OutcomeUnknown()]
    await Ledger(database, owner="local").create(call_for(*add_run(database)), provider)
    assert len(provider.charges) == 1


async def test_an_answer_on_its_way_is_not_lost_when_another_call_took_its_job(database: Database) -> None:
    """Two calls with the same words: one lost its answer and adopts the job whose answer is still on its way."""
    project_id, lost_run = add_run(database)
    _, slow_run = add_run(database)
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER])
    lost, slow = call_for(project_id, lost_run), call_for(project_id, slow_run)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(lost, provider)

    class Slow(BillingProvider):
        async def create_clip(self, request: CreateClipInput) -> Generation:
            generation = await provider.create_clip(request)
            with database.write() as session:  # the other call adopts this very job meanwhile
                row = session.scalars(select(ProviderCallRow).where(ProviderCallRow.key == lost_run)).one()
                row.generation_id, row.state = generation.id, "accepted"
            return generation

        async def find_generation(self, *arguments: Any, **options: Any) -> Generation | None:
            return await provider.find_generation(*arguments, **options)

    found = await Ledger(database, owner="local").create(slow, Slow())
    assert found.endswith("-0")
    assert len(provider.charges) == 2


async def test_a_person_decides_when_the_provider_has_no_list(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], supports_reconcile=False)
    call = call_for(*add_run(database))
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    for _ in range(2):
        with pytest.raises(NeedsDecision):
            await Ledger(database, owner="local").create(call, provider)
    assert len(provider.charges) == 1


async def test_a_create_of_another_live_process_is_waited_for_and_not_sent_again(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_SENDING])
    call = call_for(*add_run(database))
    with pytest.raises(Death):
        await Ledger(database, owner="worker-1").create(call, provider)
    other = Calls(database, owner="worker-2")
    row = other.find(call.request.key)
    assert row is not None
    assert not other.reclaim(row), "its sender may still be about to send"


async def test_a_refused_create_costs_nothing_and_stays_refused(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [ContentRejected("Not this.")]
    project_id, run_id = add_run(database)
    for _ in range(2):
        with pytest.raises(ContentRejected, match="Not this"):
            await Ledger(database, owner="local").create(call_for(project_id, run_id), provider)
    with database.read() as session:
        assert spent_usd(session, project_id) == 0
    assert not provider.charges


async def test_rate_limits_are_raised_and_not_retried_inside(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [RateLimited(retry_after_seconds=3)]
    with pytest.raises(RateLimited):
        await Ledger(database, owner="local").create(call_for(*add_run(database)), provider)
    assert not provider.charges


async def test_nothing_is_sent_when_the_budget_does_not_hold_it(database: Database) -> None:
    provider = BillingProvider()
    project_id, first = add_run(database, budget_usd=0.5)
    _, second = add_run(database)
    await Ledger(database, owner="local").create(call_for(project_id, first), provider)
    with pytest.raises(BudgetExceeded, match=r"\$0\.10 of the budget"):
        await Ledger(database, owner="local").create(call_for(project_id, second), provider)
    assert len(provider.charges) == 1


# --- turns and places ---


def call_rows(database: Database) -> list[ProviderCallRow]:
    with database.read() as session:
        return list(session.scalars(select(ProviderCallRow).order_by(ProviderCallRow.sent_at)))


async def test_a_turn_is_waited_for_before_anything_is_written_or_sent(database: Database) -> None:
    provider, seen = BillingProvider(), list[tuple[int, int]]()
    provider.on_ready = lambda: seen.append((len(call_rows(database)), len(provider.charges)))
    await Ledger(database, owner="local").create(call_for(*add_run(database)), provider)
    assert seen == [(0, 0)]
    assert len(call_rows(database)) == len(provider.charges) == 1


@pytest.mark.parametrize("error", [Unavailable("resting"), RateLimited("slow", retry_after_seconds=40)])
async def test_nothing_is_written_or_sent_when_there_is_no_turn(database: Database, error: ProviderError) -> None:
    provider, call = BillingProvider(), call_for(*add_run(database))
    provider.waits = [error]
    with pytest.raises(type(error)) as refusal:
        await Ledger(database, owner="local").create(call, provider)
    assert refusal.value.retry_after_seconds == error.retry_after_seconds
    assert not call_rows(database) and not provider.charges
    await Ledger(database, owner="local").create(call, provider)
    assert len(provider.charges) == 1


async def test_a_lost_create_that_was_not_taken_is_refused_when_there_is_no_turn_for_another(
    database: Database,
) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_SENDING])
    project_id, run_id = add_run(database)
    call = call_for(project_id, run_id)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    provider.waits = [Unavailable("resting")]
    for _ in range(2):
        with pytest.raises(Unavailable, match="resting"):
            await Ledger(database, owner="local").create(call, provider)
    with database.read() as session:
        assert spent_usd(session, project_id) == 0
    assert not provider.charges, "what was refused is asked for anew, under a new key"


async def test_the_next_create_waits_for_a_place_and_goes_on_when_one_is_free(database: Database) -> None:
    provider = BillingProvider(max_concurrent=2)
    calls = [call_for(*add_run(database)) for _ in range(3)]
    ledger = Ledger(database, owner="local")
    for call in calls[:2]:
        await ledger.create(call, provider)
    turns = list[None]()
    provider.on_ready = lambda: turns.append(None)
    waiting = asyncio.create_task(ledger.create(calls[2], provider))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    assert (len(provider.charges), len(call_rows(database)), turns) == (2, 2, []), "it takes no turns from the others"
    ledger.finish(calls[0].request.key, cost_usd=None)
    assert (await waiting).endswith("-2")
    assert len(provider.charges) == 3 and turns == [None]


async def test_a_refused_create_holds_no_place(database: Database) -> None:
    provider = BillingProvider(max_concurrent=1)
    provider.errors = [ContentRejected()]
    ledger = Ledger(database, owner="local")
    with pytest.raises(ContentRejected):
        await ledger.create(call_for(*add_run(database)), provider)
    async with asyncio.timeout(5):
        await ledger.create(call_for(*add_run(database)), provider)
    assert len(provider.charges) == 1


async def test_places_are_those_of_one_endpoint(database: Database) -> None:
    provider = BillingProvider(max_concurrent=1)
    here, there = (call_for(*add_run(database)) for _ in range(2))
    ledger = Ledger(database, owner="local")
    await ledger.create(here, provider)
    async with asyncio.timeout(5):
        await ledger.create(there.model_copy(update={"endpoint": "http://127.0.0.1:9"}), provider)
    assert len(provider.charges) == 2


async def test_a_place_held_longer_than_the_deadline_does_not_count(database: Database) -> None:
    provider = BillingProvider(max_concurrent=1, deadline_seconds=0.4)
    ledger = Ledger(database, owner="local")
    await ledger.create(call_for(*add_run(database)), provider)
    await asyncio.sleep(0.5)
    async with asyncio.timeout(5):
        await ledger.create(call_for(*add_run(database)), provider)
    assert len(provider.charges) == 2


async def test_whoever_is_not_wanted_any_more_withdraws_while_waiting_for_a_place(database: Database) -> None:
    provider = BillingProvider(max_concurrent=1)
    ledger = Ledger(database, owner="local")
    await ledger.create(call_for(*add_run(database)), provider)
    answers = [True, True]
    with pytest.raises(Withdrawn):
        await ledger.create(call_for(*add_run(database)), provider, is_wanted=lambda: bool(answers) and answers.pop())
    assert not answers
    assert len(call_rows(database)) == len(provider.charges) == 1


async def test_whoever_is_not_wanted_any_more_withdraws_when_the_turn_comes(database: Database) -> None:
    """A plan that is paused while its create waits for the rate limit."""
    provider, wanted = BillingProvider(), [True]
    provider.on_ready = wanted.clear
    with pytest.raises(Withdrawn):
        await Ledger(database, owner="local").create(
            call_for(*add_run(database)), provider, is_wanted=lambda: bool(wanted)
        )
    assert not call_rows(database) and not provider.charges


def test_places_are_never_given_twice_when_many_ask_at_once(database: Database) -> None:
    """Takes of many projects, by several processes: what one of them counts, no other changes meanwhile."""
    provider = BillingProvider(max_concurrent=2)
    calls = [call_for(*add_run(database)) for _ in range(6)]
    start = threading.Barrier(len(calls), timeout=10)

    async def ask(number: int) -> None:
        async with asyncio.timeout(0.6):
            await Ledger(database, owner=f"worker-{number}").create(calls[number], provider)

    def work(number: int) -> None:
        start.wait()
        with contextlib.suppress(TimeoutError):
            asyncio.run(ask(number))

    with ThreadPoolExecutor(len(calls)) as workers:
        list(workers.map(work, range(len(calls))))
    assert len(provider.charges) == len(call_rows(database)) == 2


# --- what it cost ---


async def test_the_actual_cost_replaces_the_estimate_and_the_budget_counts_it(database: Database) -> None:
    provider, ledger = BillingProvider(), Ledger(database, owner="local")
    project_id, first = add_run(database, budget_usd=0.85)
    calls = [call_for(project_id, run) for run in (first, *(add_run(database)[1] for _ in range(3)))]
    for call in calls[:2]:
        await ledger.create(call, provider)
    with pytest.raises(BudgetExceeded, match=r"\$0\.05 of the budget"):
        await ledger.create(calls[2], provider)
    ledger.finish(calls[0].request.key, cost_usd=0.0)
    await ledger.create(calls[2], provider)
    ledger.finish(calls[1].request.key, cost_usd=0.7)
    with pytest.raises(BudgetExceeded, match=r"\$0\.00 of the budget"):
        await ledger.create(calls[3], provider)
    assert len(provider.charges) == 3
    with database.read() as session:
        assert spent_usd(session, project_id) == pytest.approx(0.0 + 0.7 + 0.4)
    assert [(row.estimated_usd, row.cost_usd) for row in call_rows(database)] == [(0.4, 0.0), (0.4, 0.7), (0.4, 0.4)]


async def test_the_estimate_stays_when_no_other_cost_is_known_and_the_first_end_counts(database: Database) -> None:
    provider, ledger, call = BillingProvider(), Ledger(database, owner="local"), call_for(*add_run(database))
    await ledger.create(call, provider)
    ledger.finish(call.request.key, cost_usd=None)
    (row,) = call_rows(database)
    assert row.cost_usd == 0.4 and row.finished_at is not None
    ledger.finish(call.request.key, cost_usd=9.0)  # the step is run a second time
    (again,) = call_rows(database)
    assert (again.cost_usd, again.finished_at) == (0.4, row.finished_at)


@pytest.mark.parametrize(
    ("balances", "said"),
    [
        ((10.0, 9.6), r"credit was \$10\.00 before and is \$9\.60 after, so it was probably taken"),
        ((10.0, 10.0), r"is \$10\.00 after, so it was probably not taken"),
        ((10.0, 9.9), r"probably not taken"),
        ((AuthFailed(), 9.6), r"If it was taken, it costs \$0\.40\. Look at your account"),
        ((10.0, Unavailable()), r"If it was taken, it costs \$0\.40\. Look at your account"),
    ],
)
async def test_a_person_is_told_what_the_credit_says_when_a_lost_create_cannot_be_looked_up(
    database: Database, balances: tuple[float | ProviderError, ...], said: str
) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], supports_reconcile=False, balances=balances)
    call = call_for(*add_run(database))
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    for _ in range(2):  # the second time it is remembered
        with pytest.raises(NeedsDecision, match=said):
            await Ledger(database, owner="local").create(call, provider)
    (row,) = call_rows(database)
    told = [None if isinstance(balance, ProviderError) else balance for balance in balances]
    assert [row.balance_before_usd, row.balance_after_usd] == told
    assert (row.state, row.cost_usd, len(provider.charges)) == ("needs_decision", 0.4, 1)


async def test_a_lost_create_that_a_person_has_to_decide_on_holds_no_place(database: Database) -> None:
    provider = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], supports_reconcile=False, max_concurrent=1)
    ledger, call = Ledger(database, owner="local"), call_for(*add_run(database))
    with pytest.raises(Death):
        await ledger.create(call, provider)
    with pytest.raises(NeedsDecision):
        await ledger.create(call, provider)
    async with asyncio.timeout(5):
        await ledger.create(call_for(*add_run(database)), provider)
