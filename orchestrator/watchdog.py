"""The watchdog: every half minute, what our tables say is to be done is held against what the engine says it does.

Plans and films that no flow looks after are taken up as they are at launch. A flow whose rows have not changed for
longer than anything in it may take is handed to the engine, which puts it back in its queue if nobody is at work on it.
Flows that live are left alone, however slow they are.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from orchestrator.db.models import ClipRow, PlanRow, ProviderCallRow
from orchestrator.db.queries import calls_of, plans_running, takes_turn
from orchestrator.db.session import Database, Session
from orchestrator.engine import Engine
from orchestrator.schema.flow_id import clip_flow_id, plan_flow_id
from orchestrator.schema.status import ClipStatus

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
# Beyond a provider's own deadline: an outage is waited out for ten minutes, then the take is fetched and assessed.
PATIENCE_SECONDS = 900.0


@dataclass(frozen=True)
class Quiet:
    """A flow that should be moving its rows: when they last changed, and how long it may take without a change."""

    flow_id: str
    changed_at: datetime
    allowed_seconds: float

    def is_overdue(self, now: datetime) -> bool:
        return (now - self.changed_at).total_seconds() > self.allowed_seconds


def flows_of(
    plan: PlanRow,
    calls: Mapping[str, ProviderCallRow],
    *,
    deadlines_seconds: Mapping[str, float],
    patience_seconds: float = PATIENCE_SECONDS,
) -> list[Quiet]:
    """The flows that should be at work on a running plan: its own, which waits for the others, comes last. ``calls``
    are by run id, ``deadlines_seconds`` by provider."""
    longest_seconds = max(deadlines_seconds.values(), default=0.0)
    flows = []
    for clip in plan.clips:
        if ClipStatus(clip.status).is_settled:
            continue
        provider = clip.runs[-1].provider if clip.runs else ""
        deadline_seconds = deadlines_seconds.get(provider, longest_seconds)
        changed_at = max(_changes(plan, clip, calls))
        flows.append(Quiet(clip_flow_id(clip.id, clip.generation), changed_at, deadline_seconds + patience_seconds))
    changed_at = max((flow.changed_at for flow in flows), default=plan.updated_at)
    flows.append(Quiet(plan_flow_id(plan.id, plan.flow_generation), changed_at, longest_seconds + patience_seconds))
    return flows


def _changes(plan: PlanRow, clip: ClipRow, calls: Mapping[str, ProviderCallRow]) -> Iterator[datetime]:
    yield plan.updated_at
    yield clip.updated_at
    for run in clip.runs:
        yield run.updated_at
        if call := calls.get(run.id):
            yield from (at for at in (call.sent_at, call.accepted_at, call.finished_at) if at is not None)


def how_ended(engine: Engine, flow_id: str) -> str | None:
    """How a flow ended: empty is well, badly is why; None when it has not."""
    broken = engine.broken([flow_id])
    if flow_id in broken:
        return broken[flow_id]
    return "" if engine.is_finished(flow_id) else None


class Watchdog:
    """Looks on a thread of its own. ``recover`` takes up what no flow looks after; ``deadlines_seconds`` are the
    providers', by name. Of several processes on one Postgres one looks at a time."""

    def __init__(
        self,
        database: Database,
        engine: Engine,
        *,
        recover: Callable[[], None],
        deadlines_seconds: Mapping[str, float],
        look_seconds: float = LOOK_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._database = database
        self._engine = engine
        self._recover = recover
        self._deadlines_seconds = deadlines_seconds
        self._look_seconds = look_seconds
        self._patience_seconds = patience_seconds
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_looking, name="watchdog", daemon=True)

    def start(self) -> None:
        """Take up at once what an earlier process left unfinished, and go on looking until ``stop``."""
        try:
            self._recover()
        except Exception as error:  # the thread looks again
            log.warning("What was unfinished could not be taken up yet: %s", error)
        self._thread.start()

    def stop(self) -> None:
        self._is_stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def look(self) -> list[str]:
        """Look once, unless another process is at it; the flows that were put back in their queues."""
        with self._turn() as is_ours:
            if not is_ours:
                return []
            self._recover()
            return [flow.flow_id for flow in self._overdue() if self._put_back(flow)]

    def _keep_looking(self) -> None:
        while not self._is_stopped.wait(self._look_seconds):
            try:
                self.look()
            except Exception as error:  # the database is away, or the process stops: there is a next time
                log.warning("The watchdog could not look: %s", error)

    def _overdue(self) -> list[Quiet]:
        with self._database.read() as session:
            now = self._database.now(session)
            return [flow for flow in self._quiet(session) if flow.is_overdue(now)]

    def _quiet(self, session: Session) -> Iterable[Quiet]:
        for plan in plans_running(session):
            calls = calls_of(session, (run for clip in plan.clips for run in clip.runs))
            yield from flows_of(
                plan, calls, deadlines_seconds=self._deadlines_seconds, patience_seconds=self._patience_seconds
            )

    def _put_back(self, flow: Quiet) -> bool:
        is_back = self._engine.resume(flow.flow_id)
        if is_back:
            log.warning("%s had not changed since %s; it is taken up again.", flow.flow_id, flow.changed_at)
        return is_back

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        if self._database.is_sqlite:
            yield True
            return
        with self._database.read() as session:
            yield takes_turn(session)
