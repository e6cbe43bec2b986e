"""Traces by OpenTelemetry, sent by OTLP over HTTP. The only importer of its SDK, which is only there when installed.

A plan's id is the id of its trace, and the spans of plan, clip and attempt have ids that follow from theirs. So the
processes that share a plan, and one that goes on with it after a crash, add to one tree without telling each other.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags, set_span_in_context

from orchestrator.schema.flow_id import clip_flow_id, plan_flow_id
from orchestrator.schema.subject import Part, Subject

SERVICE = "sora-video-orchestrator"
_EXPORT_SECONDS = 3.0
_BATCH_MILLISECONDS = 1000
_OF_A_RUN = {"run_id": "", "attempt": 0, "provider": "", "generation_id": ""}
# (trace id, span id) of the span that is begun next; None for a span of its own.
_NEXT: ContextVar[tuple[int, int] | None] = ContextVar("next_span", default=None)


class OtlpTracer:
    """Spans to the collector at ``endpoint``, its address without ``/v1/traces``; ``headers`` as ``name=value,...``.

    Sending happens on a thread of its own. A collector that is away costs spans and a warning, and no work.
    """

    is_on = True

    def __init__(self, endpoint: str, *, headers: str = "") -> None:
        instance = f"{socket.gethostname()}:{os.getpid()}"
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", headers=_parse_headers(headers), timeout=_EXPORT_SECONDS
        )
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": SERVICE, "service.instance.id": instance}),
            id_generator=_Ids(),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_BATCH_MILLISECONDS))
        self._tracer = self._provider.get_tracer(SERVICE)

    @contextmanager
    def step(self, name: str, subject: Subject) -> Iterator[None]:
        parent = _parent_of(subject)
        span = self._tracer.start_span(name, context=_inside(subject, parent), attributes=_attributes(subject.ids()))
        try:
            yield
        except BaseException as error:  # only its kind: the words may be a prompt's
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            span.end()

    def ended(self, part: Part, subject: Subject, *, started_at: datetime, facts: Mapping[str, Any]) -> None:
        """A span from ``started_at`` until now, with the id by which its children know it."""
        keys = {"plan": _plan_key(subject), "clip": _clip_key(subject), "attempt": _run_key(subject)}
        parents = {"plan": "", "clip": keys["plan"], "attempt": keys["clip"]}
        own = subject if part == "attempt" else subject.model_copy(update=_OF_A_RUN)
        token = _NEXT.set((_trace_id(subject), _span_id(keys[part])))
        try:
            span = self._tracer.start_span(
                part,
                context=_inside(subject, parents[part]),
                attributes=_attributes({**own.ids(), **facts}),
                start_time=int(started_at.timestamp() * 1e9),
            )
        finally:
            _NEXT.reset(token)
        span.end()

    def close(self) -> None:
        self._provider.shutdown()


class _Ids(RandomIdGenerator):
    def generate_span_id(self) -> int:
        given = _NEXT.get()
        return given[1] if given else super().generate_span_id()

    def generate_trace_id(self) -> int:
        given = _NEXT.get()
        return given[0] if given else super().generate_trace_id()


def _parent_of(subject: Subject) -> str:
    if subject.run_id:
        return _run_key(subject)
    return _clip_key(subject) if subject.clip_id else _plan_key(subject)


def _plan_key(subject: Subject) -> str:
    return plan_flow_id(subject.plan_id, subject.plan_generation)


def _clip_key(subject: Subject) -> str:
    return clip_flow_id(subject.clip_id, subject.clip_generation)


def _run_key(subject: Subject) -> str:
    return f"run:{subject.run_id}"


def _trace_id(subject: Subject) -> int:
    return uuid.UUID(subject.plan_id).int


def _span_id(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])


def _inside(subject: Subject, key: str) -> Context:
    """The span of that key as parent, which is sent when it has ended, maybe by another process; none without key."""
    if not (key and subject.plan_id):
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED)
    place = SpanContext(_trace_id(subject), _span_id(key), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(place), Context())


def _attributes(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"orchestrator.{name}": value for name, value in values.items() if value not in (None, "")}


def _parse_headers(text: str) -> dict[str, str] | None:
    pairs = [part.partition("=") for part in text.split(",") if "=" in part]
    return {name.strip(): value.strip() for name, _, value in pairs} or None
