"""The port of the engine: what runs flows durably, and what a flow may ask of it.

A flow is an async function of (context, *ids). It reads no clock, no random numbers and no rows by itself: everything
that could come out differently a second time happens inside a step. ``InlineEngine`` runs the same flows in memory;
``engine_dbos`` remembers every finished step.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

Step = Callable[..., Awaitable[Any]]
Flow = Callable[..., Coroutine[Any, Any, Any]]


class FlowContext(Protocol):
    """What a flow may do. Step results and arguments are plain JSON."""

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        """Run ``function`` once and remember its result; after a crash in the middle it is run again."""
        ...

    async def run_all(self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
        """Start one child flow per (flow id -> arguments) and wait for all. An id already started is only awaited.
        A child that broke gives None."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; the time already waited survives a restart."""
        ...


class Engine(Protocol):
    """Starts flows. All methods may be called from any thread."""

    is_executor: bool

    def launch(self, *, on_executor: Callable[[], None]) -> None:
        """Begin to work, and go on with what an earlier process left unfinished. ``on_executor`` is called once this
        process executes flows: at once, or when the process that does so now has ended."""
        ...

    def stop(self) -> None:
        """Stop working. Unfinished flows stay as they are and go on at the next launch."""
        ...

    def enqueue(self, queue: str, flow: str, flow_id: str, *arguments: Any) -> None:
        """Start a flow unless ``flow_id`` was started before."""
        ...

    def is_finished(self, flow_id: str) -> bool:
        """Whether the flow has ended, well or badly. False for one never started."""
        ...


class InlineEngine:
    """All flows as tasks of one event loop on one thread, nothing remembered. For tests and one-off work."""

    is_executor = True

    def __init__(self, flows: Mapping[str, Flow], *, widths: Mapping[str, int]) -> None:
        self._flows = flows
        self._widths = widths
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._gates: dict[str, asyncio.Semaphore] = {}
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

    def enqueue(self, queue: str, flow: str, flow_id: str, *arguments: Any) -> None:
        async def start() -> None:
            self._start(queue, flow, flow_id, *arguments)

        asyncio.run_coroutine_threadsafe(start(), self._loop).result(timeout=30)

    def is_finished(self, flow_id: str) -> bool:
        task = self._tasks.get(flow_id)
        return task is not None and task.done()

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        return await function(*arguments)

    async def run_all(self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
        tasks = {flow_id: self._start(queue, flow, flow_id, *arguments) for flow_id, arguments in calls.items()}
        await asyncio.wait(tasks.values()) if tasks else None
        return {flow_id: None if task.exception() else task.result() for flow_id, task in tasks.items()}

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _start(self, queue: str, flow: str, flow_id: str, *arguments: Any) -> asyncio.Task[Any]:
        if flow_id not in self._tasks:
            gate = self._gates.setdefault(queue, asyncio.Semaphore(self._widths.get(queue, 1)))

            async def run() -> Any:
                async with gate:
                    return await self._flows[flow](self, *arguments)

            self._tasks[flow_id] = asyncio.create_task(run(), name=flow_id)
        return self._tasks[flow_id]

    async def _cancel_all(self) -> None:
        """Flows, and whatever they left running on this loop."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:  # a child process cancelled while it starts may not end in time; it ends with this process
            await asyncio.wait(tasks, timeout=10)
