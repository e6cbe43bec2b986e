"""The port of the engine: what runs flows durably, and what a flow may ask of it.

A flow is an async function of (context, *ids). It reads no clock, no random numbers and no rows by itself: everything
that could come out differently a second time happens inside a step. ``InlineEngine`` runs the same flows in memory;
``engine_dbos`` remembers every finished step.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Protocol

from orchestrator.errors import Away

log = logging.getLogger(__name__)

Step = Callable[..., Awaitable[Any]]
Flow = Callable[..., Coroutine[Any, Any, Any]]

# How long a step waits before it asks again for what is away.
_AWAY_SECONDS = 1.0


@dataclass(frozen=True)
class Width:
    """How many flows of a queue run at once: in one process, of one partition and over all processes. None is no
    limit. Where ``per_partition`` is set, every flow names its partition, and partitions take turns. ``look_seconds``:
    how often a process looks for what it may begin; each look costs a few statements."""

    per_worker: int
    per_partition: int | None = None
    total: int | None = None
    look_seconds: float = 0.25


class FlowContext(Protocol):
    """What a flow may do. Step results and arguments are plain JSON."""

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        """Run ``function`` once and remember its result; after a crash in the middle it is run again. So it is when
        the database or the storage went away under it, as soon as that is back."""
        ...

    async def run_all(
        self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]], *, partition: str = ""
    ) -> dict[str, Any]:
        """Start one child flow per (flow id -> arguments), in this order, and wait for all. An id already started is
        only awaited. A child that broke gives None."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; the time already waited survives a restart."""
        ...


class Engine(Protocol):
    """Starts flows. All methods may be called from any thread."""

    is_executor: bool

    def launch(self, *, on_executor: Callable[[], None]) -> None:
        """Begin to work, and go on with what an earlier process left unfinished. ``on_executor`` is called once this
        process executes flows: at once, when the process that does so now has ended, or never."""
        ...

    def stop(self) -> None:
        """Stop working. Unfinished flows stay as they are and go on at the next launch, or in another process."""
        ...

    def enqueue(
        self, queue: str, flow: str, flow_id: str, *arguments: Any, partition: str = "", place: int = 0
    ) -> None:
        """Start a flow unless ``flow_id`` was started before. Of those that wait in a partition the one with the lowest
        ``place`` comes first."""
        ...

    def is_finished(self, flow_id: str) -> bool:
        """Whether the flow has ended, well or badly. False for one never started."""
        ...

    def broken(self, flow_ids: Collection[str]) -> dict[str, str]:
        """Of these flows, those that ended badly, each with the reason in words; ``CUT_OFF`` is that its process
        stopped under it, and nothing else."""
        ...

    def resume(self, flow_id: str) -> bool:
        """Put a flow that was begun and that no process executes any more back in its queue; whether it was. One that
        is at work, waits for its turn, has ended or was never started is left alone."""
        ...


async def run_patiently(function: Step, *arguments: Any) -> Any:
    """Run a step, again and again while the database or the storage is away: it would otherwise count against the clip.
    Steps may be repeated by their nature. A process that stops meanwhile cancels it."""
    is_waiting = False
    while True:
        try:
            return await function(*arguments)
        except Away as error:
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError from None
            if not is_waiting:
                log.warning("Work waits, and goes on by itself. %s", error)
                is_waiting = True
            await asyncio.sleep(_AWAY_SECONDS)


class InlineEngine:
    """All flows as tasks of one event loop on one thread, nothing remembered. For tests and one-off work."""

    is_executor = True

    def __init__(self, flows: Mapping[str, Flow], *, widths: Mapping[str, Width]) -> None:
        self._flows = flows
        self._widths = widths
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._gates: dict[tuple[str, str], asyncio.Semaphore] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)

    def launch(self, *, on_executor: Callable[[], None]) -> None:
        if not self._thread.is_alive():
            self._thread.start()
            on_executor()

    def stop(self) -> None:
        if not self._thread.is_alive():
            self._loop.close()  # it was never launched, or is stopped already
            return
        asyncio.run_coroutine_threadsafe(self._cancel_all(), self._loop).result(timeout=30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=30)
        self._loop.close()

    def enqueue(
        self, queue: str, flow: str, flow_id: str, *arguments: Any, partition: str = "", place: int = 0
    ) -> None:
        async def start() -> None:
            self._start(queue, flow, flow_id, *arguments, partition=partition)

        asyncio.run_coroutine_threadsafe(start(), self._loop).result(timeout=30)

    def is_finished(self, flow_id: str) -> bool:
        task = self._tasks.get(flow_id)
        return task is not None and task.done()

    def broken(self, flow_ids: Collection[str]) -> dict[str, str]:
        ended = {i: t for i, t in self._tasks.items() if i in set(flow_ids) and t.done() and not t.cancelled()}
        return {flow_id: str(error) for flow_id, task in ended.items() if (error := task.exception())}

    def resume(self, flow_id: str) -> bool:
        return False  # what was begun is at work as long as this process lives

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        return await run_patiently(function, *arguments)

    async def run_all(
        self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]], *, partition: str = ""
    ) -> dict[str, Any]:
        tasks = {i: self._start(queue, flow, i, *arguments, partition=partition) for i, arguments in calls.items()}
        await asyncio.wait(tasks.values()) if tasks else None
        return {flow_id: None if task.exception() else task.result() for flow_id, task in tasks.items()}

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _start(self, queue: str, flow: str, flow_id: str, *arguments: Any, partition: str) -> asyncio.Task[Any]:
        if flow_id not in self._tasks:
            width = self._widths.get(queue, Width(per_worker=1))
            here = min(width.per_worker, width.total or width.per_worker)
            # The partition's gate first: what waits at the queue's is then never more than a partition's share.
            own = self._gate(queue, partition, width.per_partition) if width.per_partition else nullcontext()
            shared = self._gate(queue, "", here)

            async def run() -> Any:
                async with own, shared:
                    return await self._flows[flow](self, *arguments)

            self._tasks[flow_id] = asyncio.create_task(run(), name=flow_id)
        return self._tasks[flow_id]

    def _gate(self, queue: str, partition: str, width: int) -> asyncio.Semaphore:
        return self._gates.setdefault((queue, partition), asyncio.Semaphore(width))

    async def _cancel_all(self) -> None:
        """Flows, and whatever they left running on this loop."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:  # a child process cancelled while it starts may not end in time; it ends with this process
            await asyncio.wait(tasks, timeout=10)
