"""Flows as they are seen from outside: every step says on its log lines what it is at work on, and is traced.

Only steps are looked at. A flow is replayed after a crash, and what it said the first time it would say again; a step
that has ended is not run again.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from orchestrator.db import subjects
from orchestrator.db.session import Database
from orchestrator.engine import Flow, FlowContext, Step
from orchestrator.logs import about
from orchestrator.schema.subject import Part, Subject

log = logging.getLogger(__name__)

_IDS = ("plan_id", "clip_id", "render_id", "run_id")


class Tracer(Protocol):
    """Where traces go. A step is traced while it runs; the attempt, clip or plan around it once that has ended."""

    is_on: bool

    def step(self, name: str, subject: Subject) -> AbstractContextManager[None]: ...

    def ended(self, part: Part, subject: Subject, *, started_at: datetime, facts: Mapping[str, Any]) -> None: ...

    def close(self) -> None:
        """Send what is not sent yet, within a few seconds."""
        ...


class NoTracer:
    """Nobody asked for traces."""

    is_on = False

    def step(self, name: str, subject: Subject) -> AbstractContextManager[None]:
        return nullcontext()

    def ended(self, part: Part, subject: Subject, *, started_at: datetime, facts: Mapping[str, Any]) -> None: ...

    def close(self) -> None: ...


def observe(flows: Mapping[str, Flow], *, database: Database, tracer: Tracer) -> dict[str, Flow]:
    """The same flows under the same names, observed."""
    return {name: _observe(flow, database, tracer) for name, flow in flows.items()}


def _observe(flow: Flow, database: Database, tracer: Tracer) -> Flow:
    first, *_ = list(inspect.signature(flow).parameters)[1:]

    @functools.wraps(flow)
    async def run(context: FlowContext, *arguments: Any) -> Any:
        with about(**{first: arguments[0]}):
            return await flow(_ObservedContext(context, database, tracer), *arguments)

    return run


@dataclass(frozen=True)
class _ObservedContext:
    flow: FlowContext
    database: Database
    tracer: Tracer

    async def step(self, name: str, function: Step, *arguments: Any) -> Any:
        named = dict(zip(inspect.signature(function).parameters, arguments, strict=False))
        ids = {key: value for key, value in named.items() if key in _IDS}

        async def run(*arguments: Any) -> Any:
            with self.database.read() as session:
                subject = subjects.subject_of(session, ids)
            with about(step=name, **subject.ids()), self.tracer.step(name, subject):
                result = await function(*arguments)
            if self.tracer.is_on:
                self._trace_ends(name, result, subject)
            return result

        return await self.flow.step(name, run, *arguments)

    async def run_all(
        self, queue: str, flow: str, calls: Mapping[str, tuple[Any, ...]], *, partition: str = ""
    ) -> dict[str, Any]:
        return await self.flow.run_all(queue, flow, calls, partition=partition)

    async def sleep(self, seconds: float) -> None:
        await self.flow.sleep(seconds)

    def _trace_ends(self, name: str, result: Any, subject: Subject) -> None:
        try:
            with self.database.read() as session:
                for part in _parts_ended(name, result):
                    if end := subjects.end_of(session, part, subject):
                        self.tracer.ended(part, subject, started_at=end[0], facts=end[1])
        except Exception as error:  # a gap in a trace is no reason to do a step again
            log.warning("A trace is incomplete: %s", type(error).__name__)


def _parts_ended(step: str, result: Any) -> tuple[Part, ...]:
    """What is over with this step: an attempt when it is settled, a clip or a plan when its flow ends."""
    match step:
        case "settle":
            return ("attempt",) if result["is_retry"] else ("attempt", "clip")
        case "break_off":
            return ("clip",)
        case "close_plan" | "finish_plan" | "park":
            return () if str(result).startswith(("again", "render:")) else ("plan",)
        case _:
            return ()
