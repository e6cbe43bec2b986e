"""The durable engine: DBOS Transact on a file of its own, or on Postgres. The only importer of dbos.

Only plain JSON goes through it (ids in, small results out): our own tables are the truth, its tables are private to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    SetEnqueueOptions,
    SetWorkflowID,
)
from filelock import FileLock, Timeout
from sqlalchemy import Engine, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.db.failures import translated
from orchestrator.db.session import IDLE_SECONDS, Database
from orchestrator.engine import Flow, Step, Width, run_patiently
from orchestrator.errors import CUT_OFF, NotConfigured
from orchestrator.heartbeats import DEAD_SECONDS, ENGINE_LOCK, Heartbeats, Roll, read_roll

log = logging.getLogger(__name__)

# Fixed on purpose: the default is a hash of the source, and an edit would orphan every unfinished flow.
FLOWS_VERSION = "flows-1"
APP_NAME = "video-orchestrator"
# Work that ends the process is given up much earlier, by its own count; this one also counts restarts it survives.
MAX_RECOVERIES = 100
_GIVEN_UP = "It was begun again and again, and the process ended each time."
_STANDBY_SECONDS = 2.0
# How often a process compares what it has in hand with what the engine's tables say it has.
_OWN_SECONDS = 10.0
# One process at a time prepares the engine's tables. Versions before this one held it for as long as they ran.
_LAUNCH_LOCK = 7302
_OVERSLEPT_SECONDS = 5.0
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
# What Python says to a flow whose process stops under it.
_STOPPED = ("cannot schedule new futures", "Event loop is closed", "Event loop stopped")
# Flows wait and poll; what needs the processor runs in child processes.
_THREADS = 16
_CONNECTIONS = 5
_CLIENT_CONNECTIONS = 2


@event.listens_for(Engine, "connect")
def _prepare_connection(connection: Any, _record: object) -> None:
    """Also those that dbos makes.

    From Python 3.12 on it takes for granted a SQLite that knows ``unixepoch('subsec')`` (3.42, May 2023). Python may be
    linked to an older one all the same, as on Debian 12: it is then given the function. On Postgres a process that was
    stopped in the middle of a transaction would keep its locks from the others for a minute.
    """
    if isinstance(connection, sqlite3.Connection):
        if sqlite3.sqlite_version_info < (3, 42):
            connection.create_function("unixepoch", 1, lambda _: round(time.time(), 3))
    elif isinstance(connection, psycopg.Connection):
        connection.execute("select set_config('idle_in_transaction_session_timeout', %s, false)", (f"{IDLE_SECONDS}s",))
        connection.commit()


class _Context:
    """FlowContext of a running workflow."""

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        return await DBOS.run_step_async({"name": name}, run_patiently, function, *arguments)

    async def run_all(
        self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]], *, partition: str = ""
    ) -> dict[str, Any]:
        handles = {}
        for place, (flow_id, arguments) in enumerate(calls.items(), start=1):
            with SetWorkflowID(flow_id), SetEnqueueOptions(queue_partition_key=partition or None, priority=place):
                handles[flow_id] = await DBOS.enqueue_workflow_async(queue, _WORKFLOWS[flow], *arguments)
        results: dict[str, Any] = {}
        for flow_id, handle in handles.items():
            try:
                results[flow_id] = await handle.get_result(polling_interval_sec=0.25)
            except Exception as error:  # whatever broke the child: its clip says so, the plan goes on
                log.error("Flow %s ended badly: %s", flow_id, error)
                results[flow_id] = None
        return results

    async def sleep(self, seconds: float) -> None:
        # It remembers the time of day to wake at. Where the clock is set back meanwhile, that may be hours away.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds + _OVERSLEPT_SECONDS):
                await DBOS.sleep_async(seconds)


_WORKFLOWS: dict[str, Any] = {}


class _InHand:
    """The flows at work in this process, each with the tasks that run it: two, when it came back here while what
    was begun before has not noticed yet that it lost it."""

    def __init__(self) -> None:
        self._tasks: dict[str, list[asyncio.Task[Any]]] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def hold(self, flow_id: str, task: asyncio.Task[Any]) -> Iterator[None]:
        with self._lock:
            self._tasks.setdefault(flow_id, []).append(task)
        try:
            yield
        finally:
            with self._lock:
                self._tasks[flow_id].remove(task)
                if not self._tasks[flow_id]:
                    del self._tasks[flow_id]

    def ids(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._tasks)

    def drop(self, flow_id: str) -> None:
        """Break off what another process has taken over."""
        with self._lock:
            tasks = list(self._tasks.get(flow_id, ()))
        for task in tasks:
            task.get_loop().call_soon_threadsafe(task.cancel)


class DbosEngine:
    """Flows on DBOS. ``url`` empty: a SQLite file in ``data_dir``, else a Postgres.

    On Postgres any number of processes execute flows; each takes over from those that ended (``heartbeats``). On
    SQLite it is one at a time, decided by a lock that even ``kill -9`` lets go of; another one is a client, whose flows
    the first one runs, and stands by to take its place. With the role ``ui`` a process is a client and stays one.
    """

    def __init__(
        self,
        flows: Mapping[str, Flow],
        *,
        widths: Mapping[str, Width],
        url: str,
        data_dir: Path,
        database: Database,
        executor_id: str,
        role: str,
    ) -> None:
        self._flows = flows
        self._widths = widths
        self._path = data_dir / "engine.sqlite3"
        self._is_sqlite = not url
        self._url = url or f"sqlite:///{self._path}"
        self._database = database
        self._executor_id = executor_id
        self._role = role
        self._file_lock = FileLock(data_dir / ENGINE_LOCK, thread_local=False)
        self._lock_dir = data_dir / "executors"
        self._heartbeats: Heartbeats | None = None
        self._in_hand = _InHand()
        self._idle: frozenset[str] = frozenset()
        self._looked_at = 0.0
        self._client: DBOSClient | None = None
        self._standby: threading.Thread | None = None
        self._is_stopped = threading.Event()
        self.is_executor = False

    def launch(self, *, on_executor: Callable[[], None]) -> None:
        if self._client is not None:
            return
        _quieten()
        self._is_stopped.clear()
        is_client = self._role == "ui"
        is_executor = not is_client and (not self._is_sqlite or self._take_file_lock())
        if is_executor and self._is_sqlite:
            set_aside_if_damaged(self._path)
        with _in_our_words(), self._alone():
            DBOS.migrate(self._url)
        # Unlike dbos itself it says so when the database is away, where that would wait for ever.
        self._client = DBOSClient(
            system_database_url=self._url,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APP_NAME,
            system_database_pool_size=_CLIENT_CONNECTIONS,
            retry_connection_errors=False,
        )
        if is_executor:
            self._execute(on_executor)
        elif not is_client:
            self._standby = threading.Thread(
                target=self._stand_by, args=(on_executor,), name="engine-standby", daemon=True
            )
            self._standby.start()

    def _stand_by(self, on_executor: Callable[[], None]) -> None:
        while not self._is_stopped.wait(_STANDBY_SECONDS):
            if not self._take_file_lock():
                continue
            log.warning("The process that did the work has ended; this one goes on with it.")
            try:
                set_aside_if_damaged(self._path)
                self._execute(on_executor)
            except Exception as error:  # a full disk, a database that is away: whoever can may try next
                log.warning("It could not take over yet: %s", error)
                with contextlib.suppress(Exception):
                    DBOS.destroy(destroy_registry=True)
                self.is_executor = False
                self._file_lock.release()
            else:
                return

    def _execute(self, on_executor: Callable[[], None]) -> None:
        config: DBOSConfig = {
            "name": APP_NAME,
            "system_database_url": self._url,
            "application_version": FLOWS_VERSION,
            "executor_id": "local",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "enable_otlp": False,
            "max_executor_threads": _THREADS,
        }
        if self._is_sqlite:
            with contextlib.closing(sqlite3.connect(self._path)) as connection:
                connection.execute("PRAGMA journal_mode=wal")
        else:
            self._heartbeats = Heartbeats(
                self._database,
                executor_id=self._executor_id,
                role=self._role,
                lock_dir=self._lock_dir,
                look_at_own=self._look_at_own,
                look_after=self._take_over,
            )
            self._heartbeats.start()
            config["executor_id"] = self._heartbeats.executor_id
            config["sys_db_pool_size"] = _CONNECTIONS
            config["db_engine_kwargs"] = {"connect_args": {"prepare_threshold": None}}
        DBOS(config=config)
        for name, flow in self._flows.items():
            bound = _bind(flow, self._in_hand)
            _WORKFLOWS[name] = DBOS.workflow(name=name, max_recovery_attempts=MAX_RECOVERIES)(bound)
        with _in_our_words(), self._alone():
            DBOS.launch()
            for queue, width in self._widths.items():
                DBOS.register_queue(
                    queue,
                    worker_concurrency=width.per_worker,
                    partition_concurrency=width.per_partition,
                    global_concurrency=width.total,
                    polling_interval_sec=width.look_seconds,
                )
        if self._heartbeats is not None:
            self._heartbeats.keep_on()
        self.is_executor = True
        on_executor()

    def stop(self) -> None:
        self._is_stopped.set()
        if self._standby is not None:
            self._standby.join(timeout=30)
            self._standby = None
        if self.is_executor:
            DBOS.destroy(destroy_registry=True)
            self.is_executor = False
        if self._heartbeats is not None:
            self._heartbeats.stop()
            self._heartbeats = None
        self._file_lock.release()
        if self._client is not None:
            self._client.destroy()
            self._client = None

    def enqueue(
        self, queue: str, flow: str, flow_id: str, *arguments: Any, partition: str = "", place: int = 0
    ) -> None:
        options: EnqueueOptions = {
            "queue_name": queue,
            "workflow_name": flow,
            "workflow_id": flow_id,
            "app_version": FLOWS_VERSION,
        }
        if partition:
            options["queue_partition_key"] = partition
        if place:
            options["priority"] = place
        with self._asking() as client:
            client.enqueue(options, *arguments)

    def is_finished(self, flow_id: str) -> bool:
        found = self._list(workflow_ids=[flow_id])
        return bool(found) and found[0].status in _ENDED

    def broken(self, flow_ids: Collection[str]) -> dict[str, str]:
        found = self._list(workflow_ids=list(flow_ids), status=list(_ENDED[1:]), load_output=True) if flow_ids else []
        return {f.workflow_id: _reason(f.error) if f.status == "ERROR" else _GIVEN_UP for f in found}

    def resume(self, flow_id: str) -> bool:
        found = self._list(workflow_ids=[flow_id], status="PENDING")
        if not found or not self._is_adrift(found[0]):
            return False
        self._put_back(found)
        return True

    def _is_adrift(self, flow: Any) -> bool:
        claimed_at = _claimed_at(flow)
        if self._is_sqlite:
            is_late = datetime.now(UTC).timestamp() - claimed_at.timestamp() > DEAD_SECONDS
            return self.is_executor and is_late and flow.workflow_id not in self._in_hand.ids()
        with self._database.read() as session:
            roll = read_roll(self._database, session)
        if self._heartbeats is not None and flow.executor_id == self._heartbeats.executor_id:
            is_late = (roll.now - claimed_at).total_seconds() > DEAD_SECONDS
            return is_late and flow.workflow_id not in self._in_hand.ids()
        return roll.is_adrift(flow.executor_id, claimed_at)

    # --- on Postgres, every two seconds ---

    def _look_at_own(self, was_away: bool) -> None:
        """Compare what this process works on with what it is said to have in hand. What others took over meanwhile is
        broken off; what was claimed and never begun, because the server went away in between, is put back."""
        if not was_away and time.monotonic() - self._looked_at < _OWN_SECONDS:
            return
        self._looked_at = time.monotonic()
        assert self._heartbeats is not None
        before = self._in_hand.ids()
        mine = {f.workflow_id: f for f in self._list(executor_id=self._heartbeats.executor_id, status="PENDING")}
        for flow_id in before - mine.keys():
            self._in_hand.drop(flow_id)
        idle = frozenset(mine) - before - self._in_hand.ids()
        lost = [mine[flow_id] for flow_id in idle & self._idle]  # seen so twice, for each is idle for a moment
        self._idle = idle
        self._put_back(lost)

    def _take_over(self, roll: Roll) -> None:
        adrift = [f for f in self._list(status="PENDING") if roll.is_adrift(f.executor_id, _claimed_at(f))]
        self._put_back(adrift)
        if adrift:
            log.warning("Took over %d flows of processes that ended.", len(adrift))

    def _put_back(self, flows: Iterable[Any]) -> None:
        by_queue: dict[str, list[str]] = {}
        for flow in flows:
            by_queue.setdefault(flow.queue_name, []).append(flow.workflow_id)
        with self._asking() as client:
            for queue, ids in by_queue.items():
                # Without its queue a flow would go to one of the engine's own, past every limit.
                client.resume_workflows(ids, queue_name=queue)

    def _list(self, *, load_output: bool = False, **what: Any) -> list[Any]:
        with self._asking() as client:
            return client.list_workflows(load_input=False, load_output=load_output, **what)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[DBOSClient]:
        """Raises ``DatabaseAway`` and its like."""
        assert self._client is not None, "flows are started after launch"
        with _in_our_words():
            yield self._client

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process prepares the engine's tables meanwhile."""
        if self._is_sqlite:
            yield  # dbos sees to it itself there
            return
        if not self._database.keeps_sessions():
            raise NotConfigured(
                "DATABASE_URL leads to a pooler in transaction mode. It keeps no session, and the engine needs one.",
                hint="Use a pooler in session mode, or the server's own address.",
            )
        # Outside of any transaction, which the making of indexes would wait for.
        with self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            started, is_said = time.monotonic(), False
            while not connection.scalar(select(func.pg_try_advisory_lock(_LAUNCH_LOCK))):
                if not is_said and time.monotonic() - started > 10:
                    log.warning("Waiting for a process of an earlier version to end; stop it.")
                    is_said = True
                time.sleep(0.1)
            try:
                yield
            finally:
                connection.scalar(select(func.pg_advisory_unlock(_LAUNCH_LOCK)))

    def _take_file_lock(self) -> bool:
        try:
            self._file_lock.acquire(blocking=False)
        except Timeout:
            return False
        return True


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise translated(error) or error from error


def set_aside_if_damaged(path: Path) -> Path | None:
    """Move a damaged file away under a telling name, kept for whoever wants to look; where it is now. What it knew of
    unfinished flows is found again in our own tables."""
    if not path.exists() or not _is_damaged(path):
        return None
    aside = path.with_name(f"{path.stem}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}{path.suffix}")
    for end in ("-wal", "-shm", ""):
        part = path.with_name(path.name + end)
        if part.exists():
            part.replace(aside.with_name(aside.name + end))
    log.warning(
        "%s was damaged and is now %s. Unfinished work goes on from the database; nothing is paid again.",
        path.name,
        aside.name,
    )
    return aside


def _is_damaged(path: Path) -> bool:
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=30)) as connection:
            return connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return True
        raise


def _reason(error: Exception | None) -> str:
    is_cancelled = getattr(error, "name", type(error).__name__) == "CancelledError"
    return CUT_OFF if is_cancelled or any(words in str(error) for words in _STOPPED) else str(error)


def _claimed_at(flow: Any) -> datetime:
    return datetime.fromtimestamp((flow.dequeued_at or flow.updated_at or flow.created_at or 0) / 1000, UTC)


def _bind(flow: Flow, in_hand: _InHand) -> Any:
    context = _Context()

    async def run(*arguments: Any) -> Any:
        task = asyncio.current_task()
        assert task is not None and DBOS.workflow_id is not None
        with in_hand.hold(DBOS.workflow_id, task):
            return await flow(context, *arguments)

    run.__qualname__ = run.__name__ = getattr(flow, "__name__", "flow")
    return run


def _quieten() -> None:
    """Its INFO lines advertise a console we do not have; its errors about cancelled flows are expected."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
