"""Metrics for Prometheus, read from the rows when they are asked for. The only importer of its client, which is only
there when installed.

Counting rows, not events: all processes of a database tell the same, and a restart loses nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from orchestrator.db import counts
from orchestrator.db.session import Database

log = logging.getLogger(__name__)


class MetricsServer:
    """Answers ``GET /metrics`` on an address of its own. ``is_executor`` tells whether this process executes flows."""

    def __init__(self, database: Database, *, is_executor: Callable[[], bool]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Rows(database, is_executor))
        ProcessCollector(registry=self._registry)
        self._server: WSGIServer | None = None

    def start(self, host: str, port: int) -> None:
        """Begin to answer. A port that is taken is only warned of: most likely another process of the same database
        tells the same there, and work goes on."""
        try:
            self._server, _ = start_http_server(port, addr=host, registry=self._registry)
        except OSError as error:
            log.warning("Metrics cannot be told at %s port %d: %s", host, port, error.strerror or error)

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Rows(Collector):
    def __init__(self, database: Database, is_executor: Callable[[], bool]) -> None:
        self._database = database
        self._is_executor = is_executor

    def describe(self) -> Iterable[Metric]:
        return ()  # without it, registering would ask the database

    def collect(self) -> Iterator[Metric]:
        try:
            families = list(self._read())
        except Exception as error:
            log.warning("Metrics cannot be read: %s", type(error).__name__)
            families = []
        yield GaugeMetricFamily("video_database_up", "Whether the rows could be read.", value=bool(families))
        yield from families

    def _read(self) -> Iterator[Metric]:
        with self._database.read() as session:
            yield _gauge("video_plans", "Plans by state.", ["state"], counts.plans(session))
            yield _gauge("video_clips", "Clips by state.", ["state"], counts.clips(session))
            takes = counts.takes(session)
            yield _gauge("video_takes", "Takes by provider and newest verdict.", ["provider", "verdict"], takes)
            creates = CounterMetricFamily(
                "video_creates",
                "Requests for a generation by what became of them; error_code of those refused.",
                labels=["provider", "state", "error_code"],
            )
            for *labels, count in counts.creates(session):
                creates.add_metric(labels, count)
            yield creates
            cost = counts.costs_usd(session)
            yield _gauge("video_cost_usd", "US dollars spent, final or still estimated.", ["provider", "kind"], cost)
            phases = SummaryMetricFamily(
                "video_phase_seconds", "How long takes spent in each phase.", labels=["provider", "phase"]
            )
            for provider, phase, count, seconds in counts.phases(session, is_sqlite=self._database.is_sqlite):
                phases.add_metric([provider, phase], count_value=count, sum_value=seconds)
            yield phases
            yield _gauge("video_queue", "What waits for its turn.", ["queue"], counts.queues(session))
            if self._database.is_sqlite:
                executors = int(self._is_executor())
            else:
                executors = counts.executors(session, now=self._database.now(session))
            yield GaugeMetricFamily("video_executors", "Processes that execute flows.", value=executors)


def _gauge(name: str, help_text: str, labels: list[str], rows: Iterable[tuple[Any, ...]]) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for *values, value in rows:
        family.add_metric(values, value)
    return family
