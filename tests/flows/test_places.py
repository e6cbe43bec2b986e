"""A free place at a provider is taken at once, by the plan that has the fewest; nobody who waits is forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from orchestrator.calls import PaidCall
from orchestrator.db.models import WaitRow
from orchestrator.db.session import Database, Session, open_database
from orchestrator.errors import DatabaseAway, Withdrawn
from orchestrator.ledger import Ledger
from orchestrator.places import PAUSE_SECONDS, YIELD_SECONDS, Marks, Site, Waiter, next_in_line
from providers.base import Unavailable
from tests.fakes.billing import BillingProvider
from tests.fakes.paid import Interrupted, add_calls

# --- the choice ---

PLANS = st.sampled_from("abcd")
LINES = st.lists(PLANS, max_size=20)
UNDER_WAY = st.dictionaries(PLANS, st.integers(0, 6))


@given(line=LINES, under_way=UNDER_WAY, free=st.integers(-3, 25))
def test_no_place_is_left_idle_and_none_is_given_twice(line: list[str], under_way: dict[str, int], free: int) -> None:
    waiting = [Waiter(plan, since) for since, plan in enumerate(line)]
    called = next_in_line(waiting, under_way, free=free)
    assert len(called) == len(set(called)) == max(0, min(free, len(waiting)))
    assert set(called) <= set(waiting)


@given(line=LINES, under_way=UNDER_WAY, free=st.integers(0, 25))
def test_no_plan_that_still_waits_has_fewer_under_way_than_one_that_was_called_had(
    line: list[str], under_way: dict[str, int], free: int
) -> None:
    waiting = [Waiter(plan, since) for since, plan in enumerate(line)]
    called = next_in_line(waiting, under_way, free=free)
    after = Counter(under_way) + Counter(waiter.plan_id for waiter in called)
    for waiter in called:
        for other in set(waiting) - set(called):
            assert after[other.plan_id] >= after[waiter.plan_id] - 1
            assert other.plan_id != waiter.plan_id or waiter.since < other.since


# --- the line ---


@pytest.fixture
def file(tmp_path: Path) -> Database:
    return open_database("", data_dir=tmp_path)


async def make(ledger: Ledger, call: PaidCall, provider: BillingProvider, *, seconds: float = 0.0) -> None:
    """Create, and be done after so long."""
    await ledger.create(call, provider)
    await asyncio.sleep(seconds)
    ledger.finish(call.request.key, cost_usd=None)


async def test_a_plan_of_75_clips_does_not_starve_one_of_three_that_starts_later(database: Database) -> None:
    provider, ledger = BillingProvider(max_concurrent=2), Ledger(database, owner="local")
    long, short = add_calls(database, clips=75), add_calls(database, clips=3)
    at_work = [asyncio.create_task(make(ledger, call, provider, seconds=0.02)) for call in long]
    async with asyncio.timeout(30):
        await asyncio.wait(at_work[:10])
        before = len(provider.charges)
        await asyncio.gather(*(make(ledger, call, provider, seconds=0.02) for call in short))
    # It had to wait for the clips under way, and then had every other place.
    assert len(provider.charges) - before <= 8
    assert sum(task.done() for task in at_work) < 25
    for task in at_work:
        task.cancel()
    await asyncio.gather(*at_work, return_exceptions=True)


async def test_a_place_is_taken_at_once_when_it_is_free(database: Database) -> None:
    """One after the other, without the pauses in which other processes are looked after."""
    provider, ledger = BillingProvider(max_concurrent=1), Ledger(database, owner="local")
    calls, began = add_calls(database, clips=10), time.monotonic()
    await asyncio.gather(*(make(ledger, call, provider) for call in calls))
    assert len(provider.charges) == 10
    assert time.monotonic() - began < 5 * PAUSE_SECONDS
    assert [request.key for _, request in provider.charges] == [call.request.key for call in calls]


async def test_a_place_that_another_process_freed_is_found_soon(database: Database) -> None:
    provider = BillingProvider(max_concurrent=1)
    first, second = add_calls(database, clips=2)
    other = Ledger(database, owner="worker-1")
    await other.create(first, provider)
    waiting = asyncio.create_task(Ledger(database, owner="worker-2").create(second, provider))
    await asyncio.sleep(0.1)
    other.finish(first.request.key, cost_usd=None)
    async with asyncio.timeout(5 * PAUSE_SECONDS):
        await waiting
    assert len(provider.charges) == 2


async def test_whoever_goes_away_while_waiting_or_when_called_blocks_nobody(file: Database) -> None:
    provider, ledger = BillingProvider(max_concurrent=1), Ledger(file, owner="local")
    first, cancelled, withdrawn, refused, last = add_calls(file, clips=5)
    await ledger.create(first, provider)
    is_wanted = [True]
    gone = asyncio.create_task(ledger.create(cancelled, provider))
    unwanted = asyncio.create_task(ledger.create(withdrawn, provider, is_wanted=lambda: bool(is_wanted)))
    resting = asyncio.create_task(ledger.create(refused, provider))
    waiting = asyncio.create_task(ledger.create(last, provider))
    await asyncio.sleep(0.1)
    gone.cancel()
    is_wanted.clear()
    provider.waits = [Unavailable("resting")]
    with contextlib.suppress(asyncio.CancelledError):
        await gone
    began = time.monotonic()
    ledger.finish(first.request.key, cost_usd=None)
    for task, error in ((unwanted, Withdrawn), (resting, Unavailable)):
        with pytest.raises(error):
            await task
    await waiting
    assert len(provider.charges) == 2 and time.monotonic() - began < 0.7 * PAUSE_SECONDS


async def test_those_who_wait_go_on_waiting_when_the_database_is_away_while_a_place_frees(file: Database) -> None:
    class Away(Interrupted):
        is_away = False

        def read(self) -> AbstractContextManager[Session]:
            if self.is_away:
                raise DatabaseAway
            return super().read()

    provider, ledger = BillingProvider(max_concurrent=1), Ledger(away := Away(file), owner="local")
    first, second = add_calls(file, clips=2)
    await ledger.create(first, provider)
    waiting = asyncio.create_task(ledger.create(second, provider))
    await asyncio.sleep(0.1)
    away.is_away = True
    ledger.finish(first.request.key, cost_usd=None)
    away.is_away = False
    async with asyncio.timeout(5 * PAUSE_SECONDS):
        await waiting


# --- several processes ---


@pytest.fixture
def join(emptied_url: str) -> Iterator[Callable[[str], tuple[Database, Ledger]]]:
    """Another process at the same Postgres, by its name: its database and its ledger."""
    databases: list[Database] = []

    def open_as(owner: str) -> tuple[Database, Ledger]:
        databases.append(open_database(emptied_url, data_dir=Path()))
        return databases[-1], Ledger(databases[-1], owner=owner)

    with (reset := open_database(emptied_url, data_dir=Path())).write() as session:
        session.execute(text("truncate video_projects, provider_waits cascade"))
    databases.append(reset)
    yield open_as
    for database in databases:
        database.close()


Join = Callable[[str], tuple[Database, Ledger]]


async def stop(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("places", [1, 2])
async def test_a_small_plan_of_another_process_is_not_starved_by_one_that_frees_and_takes(
    join: Join, places: int
) -> None:
    provider, (database, first), (_, second) = BillingProvider(max_concurrent=places), join("one"), join("two")
    long, short = add_calls(database, clips=60), add_calls(database, clips=3)
    queue = iter(long)

    async def work() -> None:
        """As flows do: of a long plan some wait at a time."""
        for call in queue:
            await make(first, call, provider, seconds=0.1)

    at_work = [asyncio.create_task(work()) for _ in range(4)]
    await asyncio.sleep(0.5)
    assert provider.charges
    began = time.monotonic()
    async with asyncio.timeout(20):
        await asyncio.gather(*(make(second, call, provider, seconds=0.1) for call in short))
    assert time.monotonic() - began < 3 * (YIELD_SECONDS + 0.5) + 1
    assert len(provider.charges) < 60
    times = [at for at, _ in provider.charges]
    assert max(b - a for a, b in itertools.pairwise(times)) < YIELD_SECONDS + 0.5, "no place is idle for long"
    await stop(at_work)
    with database.read() as session:
        assert session.scalars(select(WaitRow)).all() == []


async def test_a_process_that_died_while_it_waited_costs_the_others_a_few_seconds(join: Join) -> None:
    provider, (database, first), (dead, _) = BillingProvider(max_concurrent=1), join("one"), join("two")
    calls = add_calls(database, clips=8)
    site = Site("billing", "", 1, provider.profile.deadline_seconds)
    Marks(dead, owner="two").put(site, [Waiter("a plan of its own", time.monotonic() - 60)])
    began = time.monotonic()
    await asyncio.gather(*(make(first, call, provider) for call in calls))
    assert YIELD_SECONDS / 2 < time.monotonic() - began < 3 * PAUSE_SECONDS + YIELD_SECONDS + 1.5


async def test_clips_of_one_plan_do_not_leave_places_to_each_other(join: Join) -> None:
    """Whoever of them frees a place takes it again at once: nothing is won by a pause."""
    provider, (database, first), (_, second) = BillingProvider(max_concurrent=1), join("one"), join("two")
    elsewhere, *calls = add_calls(database, clips=20)
    await first.create(calls[0], provider)
    waiting = asyncio.create_task(make(second, elsewhere, provider))
    await asyncio.sleep(0.1)
    began = time.monotonic()
    others = [asyncio.create_task(make(first, call, provider)) for call in calls[1:]]
    first.finish(calls[0].request.key, cost_usd=None)
    await asyncio.gather(waiting, *others)
    assert time.monotonic() - began < 2 * PAUSE_SECONDS + 1
