"""Places at a provider: how many generations are under way there, and who of this process gets the next free one.

What counts is decided in the transaction that writes a call down. The lines here only see that no plan is starved, that
a place is taken as soon as it is free, and that those who wait do not all ask at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select

from orchestrator.db.models import ClipRow, ProviderCallRow, RunRow
from orchestrator.db.session import Database, Session
from orchestrator.errors import OrchestratorError, Withdrawn

# How long until places that other processes have freed are seen.
PAUSE_SECONDS = 1.0
# Waiters of one line ask no oftener than this, all together, whether they are still wanted.
_ASKED_PER_SECOND = 20
_CHANCE = random.SystemRandom()  # leaves the seed of others alone
_NUMBERS = itertools.count()


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
    """One call that waits for a place; those that came earlier have lower numbers. ``called``: a place is its own."""

    plan_id: str
    number: int = field(default_factory=lambda: next(_NUMBERS))
    called: asyncio.Event = field(default_factory=asyncio.Event)


def next_in_line(waiting: Collection[Waiter], under_way: Mapping[str, int], *, free: int) -> list[Waiter]:
    """Who gets the ``free`` places: each goes to the plan with the fewest generations under way, and within equals to
    who has waited longest."""
    counts, left = Counter(under_way), list(waiting)
    called: list[Waiter] = []
    while left and len(called) < free:
        first = min(left, key=lambda waiter: (counts[waiter.plan_id], waiter.number))
        left.remove(first)
        called.append(first)
        counts[first.plan_id] += 1
    return called


class Lines:
    """Those who wait in this process, a line for each site. Belongs to one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lines: dict[Site, list[Waiter]] = {}
        self._looked_at: dict[Site, float] = {}

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
                self._lines.pop(site, None)
                self._looked_at.pop(site, None)
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
        for waiter in next_in_line(idle, under_way, free=site.places - under_way.total()):
            waiter.called.set()
