"""Places at a provider: how many generations are under way there, and who gets the next free one.

What counts is decided in the transaction that writes a call down. The lines here only see that no plan is starved, that
a place is taken as soon as it is free, and that those who wait do not all ask at once. On Postgres the processes know
of each other's lines by a row that each keeps while somebody waits, and leave places to who has a better right to them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text

from orchestrator.db.models import ClipRow, ProviderCallRow, RunRow, WaitRow
from orchestrator.db.session import Database, Session
from orchestrator.errors import OrchestratorError, Withdrawn

# How long until places that other processes have freed are seen.
PAUSE_SECONDS = 1.0
# Waiters of one line ask no oftener than this, all together, whether they are still wanted.
_ASKED_PER_SECOND = 20
# A place is kept for those who wait in other processes for so long, longer than they take to see it.
YIELD_SECONDS = 1.4 * PAUSE_SECONDS
# Who waits in a process that was not heard of for so long is forgotten.
_FRESH = timedelta(seconds=3 * PAUSE_SECONDS)
_CHANCE = random.SystemRandom()  # leaves the seed of others alone

_MARK = text(
    "insert into provider_waits (id, created_at, site, waiters, seen_at) "
    "values (:id, clock_timestamp(), :site, cast(:waiters as jsonb), clock_timestamp()) "
    "on conflict (id) do update set waiters = excluded.waiters, seen_at = excluded.seen_at"
)
# Those of processes that died go with it.
_UNMARK = text(
    "delete from provider_waits where id in (select id from provider_waits "
    "where id = :id or seen_at < clock_timestamp() - :fresh for update skip locked)"
)


@dataclass(frozen=True)
class Site:
    """Where places are: a provider at one endpoint, with ``places`` of them. A generation under way for longer than
    ``deadline_seconds`` holds none."""

    provider: str
    endpoint: str
    places: int
    deadline_seconds: float


def count_under_way(session: Session, site: Site, *, now_by: Database) -> Counter[str]:
    """How many generations are under way at ``site``, by plan."""
    since = now_by.now(session) - timedelta(seconds=site.deadline_seconds)
    query = (
        select(ClipRow.clip_plan_id, func.count())
        .select_from(ProviderCallRow)
        .join(RunRow, RunRow.id == ProviderCallRow.clip_run_id)
        .join(ClipRow, ClipRow.id == RunRow.clip_id)
        .where(
            ProviderCallRow.provider == site.provider,
            ProviderCallRow.endpoint == site.endpoint,
            ProviderCallRow.state.in_(("intent", "accepted")),
            ProviderCallRow.finished_at.is_(None),
            ProviderCallRow.sent_at > since,
        )
        .group_by(ClipRow.clip_plan_id)
    )
    return Counter({plan_id: count for plan_id, count in session.execute(query)})


@dataclass(eq=False)
class Waiter:
    """One call that waits for a place, ``since`` then by the monotonic clock. ``called``: a place is its own."""

    plan_id: str
    since: float = field(default_factory=time.monotonic)
    called: asyncio.Event = field(default_factory=asyncio.Event)


def next_in_line(waiting: Collection[Waiter], under_way: Mapping[str, int], *, free: int) -> list[Waiter]:
    """Who gets the ``free`` places: each goes to the plan with the fewest generations under way, and within equals to
    who has waited longest."""
    counts, left = Counter(under_way), list(waiting)
    called: list[Waiter] = []
    while left and len(called) < free:
        first = min(left, key=lambda waiter: (counts[waiter.plan_id], waiter.since))
        left.remove(first)
        called.append(first)
        counts[first.plan_id] += 1
    return called


class Marks:
    """What processes on one Postgres tell each other of those who wait. Each change commits by itself: a process that
    is stopped can hold no lock that others wait for."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._owner = owner
        self._set: set[Site] = set()

    def others(self, session: Session, site: Site) -> list[Waiter]:
        """Who waits for a place at ``site`` in other processes."""
        age = func.clock_timestamp() - WaitRow.seen_at
        query = select(WaitRow.waiters, func.extract("epoch", age)).where(
            WaitRow.site == _name(site), WaitRow.id != self._id(site), age < _FRESH
        )
        now = time.monotonic()
        return [
            Waiter(plan_id, now - float(seconds) - waited_seconds)
            for waiters, seconds in session.execute(query)
            for plan_id, waited_seconds in waiters
        ]

    def put(self, site: Site, waiting: Collection[Waiter]) -> None:
        """These wait here, as others shall know for the next seconds."""
        now = time.monotonic()
        waiters = [(waiter.plan_id, round(now - waiter.since, 3)) for waiter in waiting]
        self._set.add(site)
        self._execute(_MARK, id=self._id(site), site=_name(site), waiters=json.dumps(waiters))

    def clear(self, site: Site) -> None:
        """Nobody waits here any more."""
        if site in self._set:
            self._set.remove(site)
            self._execute(_UNMARK, id=self._id(site), fresh=_FRESH)

    def _id(self, site: Site) -> str:
        return f"{_name(site)} {self._owner}"

    def _execute(self, statement: Any, **values: Any) -> None:
        with self._database.write() as session:
            session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).execute(statement, values)


class Lines:
    """Those who wait in this process, called ``owner``; a line for each site. Belongs to one event loop."""

    def __init__(self, database: Database, *, owner: str) -> None:
        self._database = database
        self._marks = None if database.is_sqlite else Marks(database, owner=owner)
        self._lines: dict[Site, list[Waiter]] = {}
        self._looked_at: dict[Site, float] = {}
        self._yields_since: dict[Site, float] = {}

    @contextlib.contextmanager
    def enter(self, site: Site, plan_id: str) -> Iterator[Waiter]:
        """Stand in line at ``site``. A place that is its own and was not taken goes to the next one at the end."""
        waiter, line = Waiter(plan_id), self._lines.setdefault(site, [])
        line.append(waiter)
        try:
            self._call_next(site)
            yield waiter
        finally:
            line.remove(waiter)
            if not line:
                self._forget(site)
            elif waiter.called.is_set():
                self.wake(site)

    async def wait(self, site: Site, waiter: Waiter, *, is_wanted: Callable[[], bool]) -> None:
        """Until a place is this waiter's. Raises ``Withdrawn`` when it is not wanted any more."""
        while is_wanted():
            if waiter.called.is_set():
                return
            if time.monotonic() - self._looked_at[site] >= 0.7 * PAUSE_SECONDS:
                self._call_next(site)
            pause = max(PAUSE_SECONDS, len(self._lines[site]) / _ASKED_PER_SECOND) * _CHANCE.uniform(0.7, 1.3)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await waiter.called.wait()
        raise Withdrawn

    def wake(self, *sites: Site) -> None:
        """Places may be free: call who is next at once, at ``sites`` or wherever somebody waits."""
        for site in sites or tuple(self._lines):
            with contextlib.suppress(OrchestratorError):  # the database is away; those who wait ask again
                self._call_next(site)

    def _call_next(self, site: Site) -> None:
        line = self._lines.get(site, [])
        idle = [waiter for waiter in line if not waiter.called.is_set()]
        if not idle:
            return
        self._looked_at[site] = time.monotonic()
        with self._database.read() as session:
            under_way = count_under_way(session, site, now_by=self._database)
            under_way.update(waiter.plan_id for waiter in line if waiter.called.is_set())
            free = site.places - under_way.total()
            others = self._marks.others(session, site) if self._marks is not None and free > 0 else []
        called = self._choose(site, idle, others, under_way, free=free)
        for waiter in called:
            waiter.called.set()
        if self._marks is not None and len(called) < len(idle):
            self._marks.put(site, next_in_line(idle, under_way, free=site.places))

    def _choose(
        self, site: Site, idle: list[Waiter], others: Iterable[Waiter], under_way: Mapping[str, int], *, free: int
    ) -> list[Waiter]:
        """Who of the ``idle`` gets a place now. ``others`` of a plan that waits here too have no better right."""
        plans = {waiter.plan_id for waiter in idle}
        rivals = [waiter for waiter in others if waiter.plan_id not in plans]
        wanted = next_in_line(idle, under_way, free=free)
        fair = [waiter for waiter in next_in_line([*idle, *rivals], under_way, free=free) if waiter in idle]
        if len(fair) == len(wanted):
            self._yields_since.pop(site, None)
            return wanted
        if site not in self._yields_since:
            self._yields_since[site] = time.monotonic()
            asyncio.get_running_loop().call_later(YIELD_SECONDS, self.wake, site)
        elif time.monotonic() - self._yields_since[site] > 0.95 * YIELD_SECONDS:
            del self._yields_since[site]  # they do not take it: no place is left idle for longer
            return wanted
        return fair

    def _forget(self, site: Site) -> None:
        for of_site in (self._lines, self._looked_at, self._yields_since):
            of_site.pop(site, None)
        if self._marks is not None:
            with contextlib.suppress(OrchestratorError):  # the database is away; the mark does not count for long
                self._marks.clear(site)


def _name(site: Site) -> str:
    return f"{site.provider} {site.endpoint}"
