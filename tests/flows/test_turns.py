"""Several processes ask a provider no faster together than one may; what one is told to wait, all wait."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import text

from orchestrator.db.session import Database, open_database
from orchestrator.errors import DatabaseAway
from orchestrator.turns import SharedTurns
from providers.base import Generation, GenerationStatus, RateLimited
from providers.patience import LONGEST_WAIT_SECONDS, Pace, PatientProvider
from tests.fakes.billing import BillingProvider
from tests.fakes.paid import Interrupted, add_calls
from tests.fakes.postgres import create_database


@pytest.fixture(scope="module")
def url(postgres_url: str) -> str:
    return create_database(postgres_url, "turns")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = open_database(url, data_dir=Path())
    with database.write() as session:
        session.execute(text("truncate provider_turns"))
    yield database
    database.close()


class CountingServer(ThreadingHTTPServer):
    """Notes when it was asked."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.times.append(time.monotonic())
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        server = self
        self.times: list[float] = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Asking(BillingProvider):
    """Looks after generations at ``server``."""

    def __init__(self, server: CountingServer, *, requests_per_minute: int) -> None:
        super().__init__()
        self.profile = self.profile.model_copy(update={"requests_per_minute": requests_per_minute})
        self._url = f"http://127.0.0.1:{server.server_port}/"

    async def get_generation(self, generation_id: str) -> Generation:
        await asyncio.to_thread(lambda: urlopen(self._url).close())
        return Generation(id=generation_id, status=GenerationStatus.QUEUED)


def shared(database: Database, *, requests_per_minute: int = 600, endpoint: str = "there") -> SharedTurns:
    return SharedTurns(database, provider="billing", endpoint=endpoint, requests_per_minute=requests_per_minute)


def test_many_workers_ask_no_faster_than_one_may(url: str, database: Database) -> None:
    """600 a minute: 60 at once, and then not one more than their pace allows."""
    pace, server, seconds = Pace.of(600), CountingServer(), 1.5

    def work(_: int) -> None:
        own = open_database(url, data_dir=Path())

        async def ask() -> None:
            provider = Asking(server, requests_per_minute=600)
            patient = PatientProvider(provider, turns=shared(own))
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(look(patient) for _ in range(5)))

        async def look(patient: PatientProvider) -> None:
            while True:
                await patient.get_generation("1")

        with pytest.raises(TimeoutError):
            asyncio.run(ask())
        own.close()

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, range(3)))
    server.shutdown()
    server.server_close()
    times = sorted(server.times)
    assert len(times) > 65
    for first in range(len(times)):
        for last in range(first, len(times)):
            held_up = 0.3  # on their way through a busy machine
            allowed = 60 + (times[last] - times[first] + held_up) / pace.interval_seconds
            assert last - first + 1 <= allowed + 1


def test_turns_are_those_of_one_endpoint_and_come_in_order(database: Database) -> None:
    waits = [shared(database, requests_per_minute=1).take() for _ in range(3)]
    assert waits == pytest.approx([0, 61, 122], abs=1)
    assert shared(database, requests_per_minute=1, endpoint="elsewhere").take() == 0


def test_nobody_waits_for_a_clock_that_was_set_back(database: Database) -> None:
    turns = shared(database)
    turns.take()
    with database.write() as session:
        session.execute(text("update provider_turns set due_at = now() + interval '1 day'"))
    assert turns.take() == pytest.approx(LONGEST_WAIT_SECONDS, abs=1)


async def test_what_one_worker_is_told_to_wait_all_wait(database: Database) -> None:
    busy = BillingProvider()
    busy.errors = [RateLimited("slow", retry_after_seconds=0.6)]
    one, other = (PatientProvider(busy, turns=shared(database)) for _ in range(2))
    (call,) = add_calls(database)
    began = time.monotonic()
    with pytest.raises(RateLimited):
        await one.create_clip(call.request)
    await other.ready()
    assert time.monotonic() - began >= 0.59
    shared(database).hold(100)
    shared(database).hold(1)
    with pytest.raises(RateLimited) as told:
        await other.ready()
    assert told.value.retry_after_seconds == pytest.approx(100, abs=5)


async def test_a_refusal_is_told_and_minded_here_when_the_database_is_away(database: Database) -> None:
    provider = BillingProvider()
    provider.errors = [RateLimited("slow", retry_after_seconds=60)]
    turns = SharedTurns(
        Interrupted(database, "begin", "", "begin"), provider="billing", endpoint="", requests_per_minute=600
    )
    patient = PatientProvider(provider, turns=turns)
    (call,) = add_calls(database)
    with pytest.raises(RateLimited, match="slow"):
        await patient.create_clip(call.request)
    with pytest.raises(RateLimited, match="asked us to wait"):
        await patient.ready()
    with pytest.raises(DatabaseAway):
        await patient.get_generation("1")


def test_a_process_that_is_stopped_while_it_waits_holds_nothing(database: Database) -> None:
    """A turn is one statement that commits by itself: no transaction is left open that others would wait for."""
    turns = shared(database)
    turns.take()
    turns.hold(0.0)
    with database.read() as session:
        open_transactions = session.scalar(
            text("select count(*) from pg_stat_activity where state like 'idle in%' and datname = current_database()")
        )
    assert open_transactions == 0
