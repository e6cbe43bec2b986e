"""Signs of life of the processes that execute flows on one Postgres, and what tells a dead one from one unheard of.

Each writes its row every two seconds, by the server's clock. After eight seconds without, another one marks it as
ended and takes over what it had in hand. Silence counts only for one who has been heard all that time itself: after
the server was away, or this process was stopped, everybody is given the eight seconds again. A process killed on this
machine is found out at once, by the lock on a file that the system let go of.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import delete, func, select, update

from orchestrator.calls import end_sends
from orchestrator.db import counts
from orchestrator.db.models import ExecutorRow
from orchestrator.db.session import Database, Session
from orchestrator.errors import DatabaseAway

log = logging.getLogger(__name__)

ENGINE_LOCK = "engine.lock"  # in DATA_DIR, where the database is a SQLite file
BEAT_SECONDS = 2.0
DEAD_SECONDS = 8.0
_DEAD = timedelta(seconds=DEAD_SECONDS)
_KEPT = timedelta(days=1)
# Any number of ours: one process at a time looks after the others.
_SWEEP_LOCK = 7303


@dataclass(frozen=True)
class Roll:
    """Who executes flows at ``now``: the living, and until when those lived that ended."""

    now: datetime
    living: frozenset[str]
    ended: dict[str, datetime]

    def is_adrift(self, executor_id: str, claimed_at: datetime) -> bool:
        """Whether a flow that ``executor_id`` took in hand at ``claimed_at`` is in nobody's hand now. One that ended
        may have woken and claimed flows since: it is given the time to say so."""
        if executor_id in self.living:
            return False
        ended_at = self.ended.get(executor_id)
        return (ended_at is not None and claimed_at <= ended_at) or self.now - claimed_at > _DEAD


def read_roll(database: Database, session: Session) -> Roll:
    rows = session.execute(select(ExecutorRow.id, ExecutorRow.ended_at)).all()
    return Roll(
        now=database.now(session),
        living=frozenset(i for i, ended_at in rows if ended_at is None),
        ended={i: ended_at for i, ended_at in rows if ended_at is not None},
    )


def is_anyone_at_work(database: Database, *, data_dir: Path) -> bool:
    """Whether some process executes flows at present."""
    if not database.is_sqlite:
        with database.read() as session:
            return counts.executors(session, now=database.now(session)) > 0
    lock = FileLock(data_dir / ENGINE_LOCK, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


class Heartbeats:
    """Says that this process lives, and looks after the others.

    Every two seconds ``look_at_own`` is called, with whether this process was silent so long that others may have taken
    over what it had in hand; and, in one process at a time, ``look_after`` with the roll.
    """

    def __init__(
        self,
        database: Database,
        *,
        executor_id: str,
        role: str,
        lock_dir: Path,
        look_at_own: Callable[[bool], None],
        look_after: Callable[[Roll], None],
    ) -> None:
        self.executor_id = executor_id
        self._database = database.beside()
        self._role = role
        self._lock_dir = lock_dir
        self._look_at_own = look_at_own
        self._look_after = look_after
        self._lock = FileLock(self._lock_path(self.executor_id), thread_local=False)
        self._beaten_at = self._steady_since = 0.0
        self._was_away = threading.Event()
        self._is_stopped = threading.Event()
        # The sweep may wait for the engine's tables; the beat must not wait for the sweep.
        self._threads = [
            threading.Thread(target=self._repeat, args=(work,), name=name, daemon=True)
            for name, work in (("heartbeats", self._beat), ("sweep", self._sweep))
        ]

    def start(self) -> None:
        """Enter this process, before it takes anything in hand."""
        self._lock_dir.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(blocking=False)
        self._beaten_at = self._steady_since = time.monotonic()
        self._beat()

    def keep_on(self) -> None:
        """Go on beating, and look after the others, until ``stop``."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Say that this process has ended, so that others go on at once with what it had in hand."""
        self._is_stopped.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=10)
        with contextlib.suppress(Exception), self._database.write() as session:  # else its silence says it
            mine = update(ExecutorRow).where(ExecutorRow.id == self.executor_id)
            session.execute(mine.values(ended_at=self._database.now(session)))
        self._database.close()
        self._lock.release()
        self._lock_path(self.executor_id).unlink(missing_ok=True)

    def _repeat(self, work: Callable[[], None]) -> None:
        while True:
            try:
                work()
            except DatabaseAway:
                pass  # for others too, and it was said already
            except Exception as error:  # the next time may be better
                log.warning("The engine's %s failed: %s", threading.current_thread().name, _first_line(error))
            if self._is_stopped.wait(BEAT_SECONDS):
                return

    def _beat(self) -> None:
        with self._database.write() as session:
            row, now = session.get(ExecutorRow, self.executor_id), self._database.now(session)
            if row is None:
                row = ExecutorRow(id=self.executor_id, host=socket.gethostname(), pid=os.getpid(), role=self._role)
                row.created_at = now
                session.add(row)
            was_given_up = row.ended_at is not None
            row.seen_at, row.ended_at = now, None
        last, self._beaten_at = self._beaten_at, time.monotonic()
        if was_given_up or self._beaten_at - last > DEAD_SECONDS / 2:
            self._steady_since = self._beaten_at
            self._was_away.set()

    def _sweep(self) -> None:
        was_away = self._was_away.is_set()
        self._was_away.clear()
        self._look_at_own(was_away)
        with self._database.write() as session:
            if not session.scalar(select(func.pg_try_advisory_xact_lock(_SWEEP_LOCK))):
                return
            killed = self._mark_the_dead(session)
            roll = read_roll(self._database, session)
        for executor_id in killed:  # only now that it is written down
            self._lock_path(executor_id).unlink(missing_ok=True)
        self._look_after(roll)

    def _mark_the_dead(self, session: Session) -> list[str]:
        """Ids of those that were killed here, for sure."""
        now = self._database.now(session)
        # Both, for this thread may have been held up, and the other one may not have noticed yet.
        is_steady = time.monotonic() - self._steady_since >= DEAD_SECONDS
        is_heard = time.monotonic() - self._beaten_at < DEAD_SECONDS / 2
        rows = session.scalars(select(ExecutorRow).where(ExecutorRow.ended_at.is_(None))).all()
        killed: list[str] = []
        for row in rows:
            if row.id == self.executor_id:
                continue
            was_killed = self._was_killed_here(row)
            if was_killed:  # and not just stopped, to be woken and send what it wrote down
                end_sends(session, row.id, now=now)
                killed.append(row.id)
            if was_killed or (is_steady and is_heard and now - row.seen_at > _DEAD):
                log.warning("The process %s has ended without a word; others go on with its work.", row.id)
                same = update(ExecutorRow).where(ExecutorRow.id == row.id, ExecutorRow.seen_at == row.seen_at)
                session.execute(same.values(ended_at=now))
        session.execute(delete(ExecutorRow).where(ExecutorRow.ended_at < now - _KEPT))
        return killed

    def _was_killed_here(self, row: ExecutorRow) -> bool:
        """Whether the process was one of this folder, and the system has let go of its lock."""
        path = self._lock_path(row.id)
        if row.host != socket.gethostname() or not path.exists():
            return False
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        lock.release()
        return True

    def _lock_path(self, executor_id: str) -> Path:
        return self._lock_dir / f"{executor_id.replace(':', '-')}.lock"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
