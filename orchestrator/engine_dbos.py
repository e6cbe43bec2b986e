"""The durable engine: DBOS Transact on a file of its own, or on Postgres. The only importer of dbos.

Only plain JSON goes through it (ids in, small results out): our own tables are the truth, its tables are private to it.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from filelock import FileLock, Timeout
from sqlalchemy import Engine, event

from orchestrator.engine import Flow, Step

log = logging.getLogger(__name__)

# Fixed on purpose: the default is a hash of the source, and an edit would orphan every unfinished flow.
FLOWS_VERSION = "flows-1"
APP_NAME = "video-orchestrator"
# A clip that kills the process every time is parked after so many recoveries.
MAX_RECOVERIES = 20
_STANDBY_SECONDS = 2.0
# Any number of ours; session-wide, so a session pooler or a direct connection is needed.
_SERVER_LOCK = 7302
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


@event.listens_for(Engine, "connect")
def _teach_old_sqlite(connection: Any, _record: object) -> None:
    """From Python 3.12 on dbos takes for granted a SQLite that knows ``unixepoch('subsec')`` (3.42, May 2023). Python
    may be linked to an older one all the same, as on Debian 12: it is then given the function."""
    if isinstance(connection, sqlite3.Connection) and sqlite3.sqlite_version_info < (3, 42):
        connection.create_function("unixepoch", 1, lambda _: round(time.time(), 3))


class _Context:
    """FlowContext of a running workflow."""

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        return await DBOS.run_step_async({"name": name}, function, *arguments)

    async def run_all(self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
        handles = {}
        for flow_id, arguments in calls.items():
            with SetWorkflowID(flow_id):
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
        await DBOS.sleep_async(seconds)


_WORKFLOWS: dict[str, Any] = {}


class DbosEngine:
    """Flows on DBOS. ``url`` empty: a SQLite file in ``data_dir``, else a Postgres.

    One process at a time executes the flows of a database; which one is decided by a lock that even ``kill -9`` lets
    go of. Another process is a client, whose flows the first one runs, and stands by to take its place.
    """

    def __init__(self, flows: Mapping[str, Flow], *, widths: Mapping[str, int], url: str, data_dir: Path) -> None:
        self._flows = flows
        self._widths = widths
        self._path = data_dir / "engine.sqlite3"
        self._is_sqlite = not url
        self._url = url or f"sqlite:///{self._path}"
        self._file_lock = FileLock(data_dir / "engine.lock", thread_local=False)
        self._server_lock: psycopg.Connection[Any] | None = None
        self._client: DBOSClient | None = None
        self._standby: threading.Thread | None = None
        self._is_stopped = threading.Event()
        # Held while the client is replaced by the executor, so that no flow is handed to neither.
        self._change = threading.RLock()
        self.is_executor = False

    def launch(self, *, on_executor: Callable[[], None]) -> None:
        if self.is_executor or self._client is not None:
            return
        _quieten()
        self._is_stopped.clear()
        if self._take_lock():
            self._execute(on_executor)
            return
        self._client = DBOSClient(system_database_url=self._url, serializer=DBOSPortableJSONSerializer())
        self._standby = threading.Thread(target=self._stand_by, args=(on_executor,), name="engine-standby", daemon=True)
        self._standby.start()

    def _stand_by(self, on_executor: Callable[[], None]) -> None:
        while not self._is_stopped.wait(_STANDBY_SECONDS):
            try:
                is_ours = self._take_lock()
            except psycopg.Error:
                continue  # the server is away for a moment
            if is_ours:
                log.warning("The process that did the work has ended; this one goes on with it.")
                with self._change:
                    if self._client is not None:
                        self._client.destroy()
                        self._client = None
                    self._execute(on_executor)
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
        }
        if self._is_sqlite:
            with contextlib.closing(sqlite3.connect(self._path)) as connection:
                connection.execute("PRAGMA journal_mode=wal")
        else:
            config["db_engine_kwargs"] = {"connect_args": {"prepare_threshold": None}}
        DBOS(config=config)
        for name, flow in self._flows.items():
            _WORKFLOWS[name] = DBOS.workflow(name=name, max_recovery_attempts=MAX_RECOVERIES)(_bind(flow))
        DBOS.launch()
        for queue, width in self._widths.items():
            DBOS.register_queue(queue, worker_concurrency=width, polling_interval_sec=0.2)
        self.is_executor = True
        on_executor()

    def stop(self) -> None:
        self._is_stopped.set()
        if self._standby is not None:
            self._standby.join(timeout=30)
            self._standby = None
        if self._client is not None:
            self._client.destroy()
            self._client = None
        if self.is_executor:
            DBOS.destroy(destroy_registry=True)
            self.is_executor = False
            self._file_lock.release()
            if self._server_lock is not None:
                self._server_lock.close()

    def enqueue(self, queue: str, flow: str, flow_id: str, *arguments: Any) -> None:
        with self._change:
            if self._client is not None:
                self._client.enqueue(
                    {
                        "queue_name": queue,
                        "workflow_name": flow,
                        "workflow_id": flow_id,
                        "app_version": FLOWS_VERSION,
                    },
                    *arguments,
                )
                return
            with SetWorkflowID(flow_id):
                DBOS.enqueue_workflow(queue, _WORKFLOWS[flow], *arguments)

    def is_finished(self, flow_id: str) -> bool:
        with self._change:
            source = self._client if self._client is not None else DBOS
            found = source.list_workflows(workflow_ids=[flow_id], load_input=False, load_output=False)
        return bool(found) and found[0].status in _ENDED

    def _take_lock(self) -> bool:
        if self._is_sqlite:
            try:
                self._file_lock.acquire(blocking=False)
            except Timeout:
                return False
            return True
        connection = psycopg.connect(self._url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)
        row = connection.execute("select pg_try_advisory_lock(%s)", (_SERVER_LOCK,)).fetchone()
        if row is None or not row[0]:
            connection.close()
            return False
        self._server_lock = connection
        return True


def _bind(flow: Flow) -> Any:
    context = _Context()

    async def run(*arguments: Any) -> Any:
        return await flow(context, *arguments)

    run.__qualname__ = run.__name__ = getattr(flow, "__name__", "flow")
    return run


def _quieten() -> None:
    """Its INFO lines advertise a console we do not have; its errors about cancelled flows are expected."""
    logging.getLogger("dbos").setLevel(logging.CRITICAL)
