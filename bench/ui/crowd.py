"""Twenty viewers of one running plan, without browsers: how late their ticks are and what one costs the server."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from dataclasses import dataclass

import psutil

from bench.ui.viewer import Viewer
from bench.ui.workspace import cpu_seconds

INTERVAL_SECONDS = 1.0


@dataclass(frozen=True)
class Ticks:
    """``cpu_seconds`` is the server's per tick, what it does with nobody looking taken off."""

    p50_seconds: float
    p95_seconds: float
    cpu_seconds: float
    count: int


async def watch(
    address: str, page: str, query: dict[str, str], *, process: psutil.Process, viewers: int, seconds: float
) -> Ticks:
    """Open the page ``viewers`` times and let each tick once a second for ``seconds``."""
    idle = await _idle_cpu(process, seconds=5.0)
    async with asyncio.TaskGroup() as group:
        entered = [group.create_task(Viewer(address, page, query).__aenter__()) for _ in range(viewers)]
    crowd = [task.result() for task in entered]
    try:
        for viewer in crowd:
            await viewer.open()
        before, begun = cpu_seconds(process), time.perf_counter()
        async with asyncio.TaskGroup() as group:
            ticking = [group.create_task(_tick(viewer, seconds=seconds)) for viewer in crowd]
        took = time.perf_counter() - begun
        spent = cpu_seconds(process) - before - idle * took
    finally:
        for viewer in crowd:
            await viewer.__aexit__()
    errors = [error for viewer in crowd for error in viewer.errors]
    assert not errors, errors[:3]
    ticks = sorted(latency for task in ticking for latency in task.result())
    return Ticks(
        p50_seconds=statistics.median(ticks),
        p95_seconds=ticks[int(0.95 * len(ticks))],
        cpu_seconds=max(0.0, spent) / len(ticks),
        count=len(ticks),
    )


async def _tick(viewer: Viewer, *, seconds: float) -> list[float]:
    until = time.perf_counter() + seconds
    await asyncio.sleep(random.uniform(0, INTERVAL_SECONDS))
    took: list[float] = []
    while time.perf_counter() < until:
        due = time.perf_counter() + INTERVAL_SECONDS
        took.append(await viewer.tick())
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return took


async def _idle_cpu(process: psutil.Process, *, seconds: float) -> float:
    """CPU seconds a second with nobody looking."""
    before = cpu_seconds(process)
    await asyncio.sleep(seconds)
    return (cpu_seconds(process) - before) / seconds


async def open_times(address: str, page: str, query: dict[str, str], *, times: int) -> list[float]:
    """How long the page took, ``times`` new viewers one after the other, in seconds; the first one is left out."""
    took: list[float] = []
    for _ in range(times + 1):
        async with Viewer(address, page, query) as viewer:
            took.append(await viewer.open())
            assert not viewer.errors, viewer.errors
    return took[1:]
