"""Never twice, and never a person bothered without need: connections that break, processes that are stopped and woken,
people who decide meanwhile, clocks that disagree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from orchestrator import decisions
from orchestrator.calls import CLOCK_SKEW, SEND_SECONDS, Calls, PaidCall, end_sends, spent_usd
from orchestrator.db.models import ClipRow, ProviderCallRow, RunRow, utc_now
from orchestrator.db.records import fetch
from orchestrator.db.session import Database, Session
from orchestrator.errors import DatabaseAway, NeedsDecision, TakeNotFetched, Withdrawn
from orchestrator.ledger import Ledger
from orchestrator.schema.status import ClipStatus, RunStatus
from providers.base import AuthFailed, ContentRejected, CreateClipInput, Generation, RateLimited
from tests.fakes.billing import BillingProvider, Death, Moment
from tests.fakes.paid import Interrupted, add_calls


def one_call(database: Database) -> PaidCall:
    (call,) = add_calls(database)
    return call


def row_of(database: Database, call: PaidCall) -> ProviderCallRow | None:
    return Calls(database, owner="looks on").find(call.request.key)


def change(database: Database, call: PaidCall, **values: Any) -> None:
    """What another process or person does to the row."""
    with database.write() as session:
        row = session.scalars(select(ProviderCallRow).where(ProviderCallRow.key == call.request.key)).one()
        for name, value in values.items():
            setattr(row, name, value)


class Meanwhile(BillingProvider):
    """``during`` happens while a request is at the provider."""

    def __init__(self, during: Callable[[], None], **options: Any) -> None:
        super().__init__(**options)
        self._during = during

    async def create_clip(self, request: CreateClipInput) -> Generation:
        try:
            return await super().create_clip(request)
        finally:
            self._during()


# --- the database goes away ---


async def create_patiently(ledger: Ledger, call: PaidCall, provider: BillingProvider) -> str:
    """As a step does: again while the database is away."""
    while True:
        try:
            return await ledger.create(call, provider)
        except DatabaseAway:
            continue


@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("broken", [["begin"], ["commit"], ["commit", "commit"], ["commit", "begin", "commit"]])
async def test_a_request_that_this_process_has_not_sent_is_sent_when_the_answer_of_its_intent_was_lost(
    database: Database, broken: list[str], is_listed: bool
) -> None:
    provider, call = BillingProvider(supports_reconcile=is_listed), one_call(database)
    ledger = Ledger(Interrupted(database, *broken), owner="local")
    assert await create_patiently(ledger, call, provider)
    assert len(provider.charges) == 1
    row = row_of(database, call)
    assert row is not None and row.state == "accepted"


async def test_a_refusal_is_written_down_when_the_database_is_back(database: Database) -> None:
    provider, call = BillingProvider(supports_reconcile=False), one_call(database)
    provider.errors = [ContentRejected("Not this.")]
    with pytest.raises(ContentRejected, match="Not this"):
        await Ledger(Interrupted(database, "", "begin"), owner="local").create(call, provider)
    row = row_of(database, call)
    assert row is not None and (row.state, row.cost_usd) == ("refused", 0)


@pytest.mark.parametrize("moment", ["begin", "commit"])
async def test_an_answer_is_written_down_when_the_database_is_back(database: Database, moment: str) -> None:
    provider, call = BillingProvider(supports_reconcile=False), one_call(database)
    assert await Ledger(Interrupted(database, "", moment), owner="local").create(call, provider)
    row = row_of(database, call)
    assert row is not None and row.generation_id and len(provider.charges) == 1
    with database.read() as session:
        run = fetch(session, RunRow, call.run_id)
        assert (run.generation_id, run.status) == (row.generation_id, RunStatus.GENERATING)


async def test_the_right_to_send_again_is_not_spent_when_the_answer_of_taking_it_was_lost(database: Database) -> None:
    provider, call = BillingProvider(deaths=[Moment.BEFORE_SENDING]), one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    ledger = Ledger(Interrupted(database, "commit"), owner="local")
    assert await create_patiently(ledger, call, provider)
    assert len(provider.charges) == 1


# --- a process that was stopped and woken ---


@pytest.mark.parametrize("is_listed", [True, False])
async def test_a_request_is_written_down_anew_when_its_sender_was_stopped_before_it_could_send(
    database: Database, is_listed: bool
) -> None:
    provider, call = BillingProvider(supports_reconcile=is_listed), one_call(database)
    stopped = Interrupted(database, lambda real: change(real, call, send_by=utc_now() + timedelta(seconds=60)))
    assert await Ledger(stopped, owner="local").create(call, provider)
    row = row_of(database, call)
    assert row is not None and row.sends == 2 and len(provider.charges) == 1
    assert row.send_by - row.sent_at == timedelta(seconds=SEND_SECONDS)


async def test_nothing_is_sent_when_another_process_took_the_call_over_meanwhile(database: Database) -> None:
    provider, call = BillingProvider(), one_call(database)

    def take_over(real: Database) -> None:
        change(real, call, owner="worker-2", sends=2, send_by=utc_now() + timedelta(seconds=0.3))

    ledger = Ledger(Interrupted(database, take_over), owner="worker-1")
    creating = asyncio.create_task(ledger.create(call, provider))
    await asyncio.sleep(0.15)
    assert not provider.charges
    await creating  # worker-2 has had its time, and nothing was found
    row = row_of(database, call)
    assert row is not None and (row.owner, row.sends, len(provider.charges)) == ("worker-1", 3, 1)


async def test_a_request_that_leaves_at_the_last_moment_is_found_before_another_is_sent(database: Database) -> None:
    """Its sender was slow, and another process has taken over: what may still come is waited for and looked for."""
    provider = BillingProvider(deaths=[Moment.BEFORE_SENDING], list_lag_seconds=0.2, grace_seconds=0.4)
    call = one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="worker-1").create(call, provider)
    change(database, call, send_by=utc_now() + timedelta(seconds=0.3))
    taking_over = asyncio.create_task(Ledger(database, owner="worker-2").create(call, provider))
    await asyncio.sleep(0.25)
    await provider.create_clip(call.request)  # by worker-1
    assert (await taking_over).endswith("-0")
    assert len(provider.charges) == 1


async def test_another_process_is_given_time_without_the_provider_being_pestered(database: Database) -> None:
    class Counting(BillingProvider):
        looks = 0

        async def find_generation(self, *arguments: Any, **options: Any) -> Generation | None:
            self.looks += 1
            return await super().find_generation(*arguments, **options)

    provider, call = Counting(deaths=[Moment.BEFORE_SENDING]), one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="worker-1").create(call, provider)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await Ledger(database, owner="worker-2").create(call, provider)
    assert provider.looks == 1 and not provider.charges


async def test_a_late_refusal_says_nothing_of_the_request_that_was_sent_after_it(database: Database) -> None:
    call = one_call(database)
    provider = Meanwhile(lambda: change(database, call, owner="worker-2", sends=2))
    provider.errors = [RateLimited()]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await Ledger(database, owner="worker-1").create(call, provider)
    row = row_of(database, call)
    assert row is not None and (row.state, row.cost_usd, row.sends) == ("intent", 0.4, 2)


async def test_what_became_of_a_call_is_not_overwritten_by_a_question(database: Database) -> None:
    calls = Calls(database, owner="worker-2")
    for state in ({"state": "refused", "cost_usd": 0.0}, {"state": "accepted", "generation_id": "there"}):
        provider, call = BillingProvider(deaths=[Moment.BEFORE_SENDING], supports_reconcile=False), one_call(database)
        with pytest.raises(Death):
            await Ledger(database, owner="worker-1").create(call, provider)
        seen = calls.find(call.request.key)
        assert seen is not None
        change(database, call, **state)
        assert not calls.ask_a_person(seen, "What became of it?")
        row = row_of(database, call)
        assert row is not None and row.state == state["state"]


async def test_a_person_is_told_the_id_when_the_answer_comes_after_the_question(database: Database) -> None:
    call = one_call(database)

    def decide() -> None:
        """The other process waited as long as a request may take, and asked a person."""
        calls = Calls(database, owner="worker-2")
        row = calls.find(call.request.key)
        assert row is not None and calls.ask_a_person(row, "Its answer was lost.")
        with database.write() as session:
            run = fetch(session, RunRow, call.run_id)
            run.status, run.error_code, run.error_message = (
                RunStatus.SETTLED,
                NeedsDecision.code,
                "Its answer was lost.",
            )
            run.clip.status, run.clip.reason = ClipStatus.NEEDS_REVIEW, "Its answer was lost."

    provider = Meanwhile(decide, supports_reconcile=False)
    with pytest.raises(NeedsDecision, match="came late: it was taken and is paid") as told:
        await Ledger(database, owner="worker-1").create(call, provider)
    generation_id = provider._generation(0).id
    assert generation_id in str(told.value)
    with database.write() as session:
        run = fetch(session, RunRow, call.run_id)
        assert generation_id in run.error_message and generation_id in run.clip.reason
        decisions.adopt(session, run, generation_id=generation_id, by="somebody", now=database.now(session))
    assert await Ledger(database, owner="worker-2").create(call, provider) == generation_id
    assert len(provider.charges) == 1


async def test_what_a_person_adopted_stays_when_the_answer_comes_after_it(database: Database) -> None:
    call = one_call(database)

    def adopt() -> None:
        change(database, call, state="accepted", generation_id="found by hand", is_adopted=True)
        with database.write() as session:
            fetch(session, RunRow, call.run_id).generation_id = "found by hand"

    provider = Meanwhile(adopt)
    assert await Ledger(database, owner="local").create(call, provider) == "found by hand"
    with database.read() as session:
        assert fetch(session, RunRow, call.run_id).generation_id == "found by hand"


# --- nobody wants it any more ---


def abandon(database: Database, call: PaidCall) -> None:
    with database.write() as session:
        clip = fetch(session, RunRow, call.run_id).clip
        decisions.abandon(session, fetch(session, ClipRow, clip.id))


async def test_a_take_that_was_given_up_just_before_it_was_sent_is_not_sent(database: Database) -> None:
    provider, call = BillingProvider(), one_call(database)
    given_up = Interrupted(database, lambda real: abandon(real, call))
    with pytest.raises(Withdrawn):
        await Ledger(given_up, owner="local").create(call, provider)
    assert not provider.charges and row_of(database, call) is None
    with database.read() as session:
        assert spent_usd(session, call.project_id) == 0


async def test_a_take_that_was_given_up_while_it_was_on_its_way_stays_on_the_books(database: Database) -> None:
    call = one_call(database)
    provider = Meanwhile(lambda: abandon(database, call))
    await Ledger(database, owner="local").create(call, provider)
    row = row_of(database, call)
    assert row is not None and row.generation_id and row.finished_at is not None and row.cost_usd == 0.4
    with database.read() as session:
        assert fetch(session, RunRow, call.run_id).status == RunStatus.SETTLED


async def test_a_lost_request_that_was_not_taken_is_forgotten_when_the_plan_was_stopped_meanwhile(
    database: Database,
) -> None:
    provider, call = BillingProvider(deaths=[Moment.BEFORE_SENDING]), one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    with pytest.raises(Withdrawn):
        await Ledger(database, owner="local").create(call, provider, is_wanted=lambda: False)
    assert row_of(database, call) is None and not provider.charges
    assert await Ledger(database, owner="local").create(call, provider), "the plan goes on, and it is asked for"
    assert len(provider.charges) == 1


async def test_a_lost_request_that_was_taken_is_adopted_though_the_plan_was_stopped(database: Database) -> None:
    provider, call = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER]), one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    assert await Ledger(database, owner="local").create(call, provider, is_wanted=lambda: False)
    assert len(provider.charges) == 1


# --- looking for it ---


class Looking(BillingProvider):
    """``refusals`` answer lookups, one each; ``created_after`` is what they were asked with."""

    def __init__(self, *refusals: Exception, **options: Any) -> None:
        super().__init__(**options)
        self.refusals = list(refusals)
        self.created_after: list[datetime] = []

    async def find_generation(
        self, request: CreateClipInput, *, created_after: datetime, claimed: Collection[str]
    ) -> Generation | None:
        self.created_after.append(created_after)
        if self.refusals:
            raise self.refusals.pop(0)
        return await super().find_generation(request, created_after=created_after, claimed=claimed)


async def test_a_lost_request_is_found_at_once_when_the_list_shows_it(database: Database) -> None:
    provider, call = BillingProvider(deaths=[Moment.BEFORE_THE_ANSWER], grace_seconds=60), one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="local").create(call, provider)
    async with asyncio.timeout(5):
        await Ledger(database, owner="local").create(call, provider)
    assert len(provider.charges) == 1


async def test_a_list_that_cannot_be_read_is_read_when_it_is_tried_again(database: Database) -> None:
    """The key is mended meanwhile: nobody has to look the generation up by hand."""
    provider, call = Looking(AuthFailed("no"), deaths=[Moment.BEFORE_THE_ANSWER]), one_call(database)
    ledger = Ledger(database, owner="local")
    with pytest.raises(Death):
        await ledger.create(call, provider)
    with pytest.raises(TakeNotFetched, match=r"list cannot be read: no"):
        await ledger.create(call, provider)
    assert await ledger.create(call, provider)
    assert len(provider.charges) == 1


class Ahead(Database):
    """A server whose clock is an hour ahead."""

    def now(self, session: Session) -> datetime:
        return super().now(session) + timedelta(hours=1)


async def test_the_provider_is_asked_by_the_clock_of_this_machine_when_the_servers_is_another(
    database: Database,
) -> None:
    provider, call = Looking(deaths=[Moment.BEFORE_THE_ANSWER]), one_call(database)
    server = Ahead(database.engine)
    began = datetime.now(UTC)
    with pytest.raises(Death):
        await Ledger(server, owner="local").create(call, provider)
    await Ledger(server, owner="local").create(call, provider)
    (asked,) = provider.created_after
    assert timedelta() <= asked + CLOCK_SKEW - began < timedelta(seconds=10)


async def test_a_lost_request_is_looked_for_from_afar_when_the_clock_was_set_back_since(database: Database) -> None:
    provider, call = Looking(deaths=[Moment.BEFORE_THE_ANSWER]), one_call(database)
    with pytest.raises(Death):
        await Ledger(Ahead(database.engine), owner="local").create(call, provider)
    await Ledger(database, owner="local").create(call, provider)
    (asked,) = provider.created_after
    assert asked < datetime.now(UTC) - timedelta(days=1)
    assert len(provider.charges) == 1


async def test_the_request_of_a_process_that_is_certainly_dead_is_not_waited_for(database: Database) -> None:
    provider, call = BillingProvider(deaths=[Moment.BEFORE_SENDING]), one_call(database)
    with pytest.raises(Death):
        await Ledger(database, owner="worker-1").create(call, provider)
    with database.write() as session:
        end_sends(session, "worker-1", now=database.now(session))
    async with asyncio.timeout(10):
        await Ledger(database, owner="worker-2").create(call, provider)
    assert len(provider.charges) == 1
