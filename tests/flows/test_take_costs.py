"""What a take's row says that it cost is what the ledger says, whatever happens there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from orchestrator import bootstrap
from orchestrator.calls import Calls
from orchestrator.db.models import PerceptionCallRow, ProviderCallRow, RunRow, new_id
from orchestrator.db.session import Database
from orchestrator.errors import LookFailed
from orchestrator.perception.base import Frame
from orchestrator.places import Site
from providers.base import Generation, GenerationStatus, RateLimited
from tests.conftest import make_settings
from tests.fakes.paid import add_run, call_for
from tests.fakes.postgres import create_database
from tests.flows.test_looks import Eyes, fail, look, memory

CALL_EVENTS = ("write", "accept", "refuse", "ask", "finish", "finish_known", "cancel", "forget")
LOOK_EVENTS = ("look", "look_again", "look_fails", "look_is_free", "look_is_lost")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = ""
    if request.param == "postgres":
        url = create_database(request.getfixturevalue("postgres_url"), f"costs_{new_id().replace('-', '')}")
    kept = make_settings(tmp_path_factory.mktemp("costs"), database_url=SecretStr(url))
    app = bootstrap.build(kept, is_durable=False)
    yield app.database
    app.stop()


class Story:
    """What may happen to the request of one take and to the looks at it."""

    def __init__(self, database: Database) -> None:
        self.project_id, self.run_id = add_run(database)
        self.database, self.calls = database, Calls(database, owner="ann")
        self.call = call_for(self.project_id, self.run_id)
        self.number = 0

    def happens(self, event: str) -> None:
        if event in LOOK_EVENTS:
            asyncio.run(self._look(event))
            return
        if event == "write":
            site = Site("billing", "", places=10_000, deadline_seconds=60)
            self.calls.write_intent(self.call, site, balance_usd=None)
            return
        row = self.calls.find(self.run_id)
        if row is None:
            return
        tell: dict[str, Callable[[], object]] = {
            "accept": lambda: self.calls.accept(self.call, self._generation(), is_adopted=False),
            "refuse": lambda: self.calls.refuse(row, RateLimited("Slow down")),
            "ask": lambda: self.calls.ask_a_person(row, "Nobody knows"),
            "finish": lambda: self.calls.finish(self.run_id, cost_usd=None),
            "finish_known": lambda: self.calls.finish(self.run_id, cost_usd=0.7),
            "cancel": lambda: self.calls.note_cancelled(self.run_id),
            "forget": lambda: self.calls.forget(row),
        }
        tell[event]()

    def _generation(self) -> Generation:
        return Generation(id=self.run_id, status=GenerationStatus.QUEUED)

    async def _look(self, event: str) -> None:
        befores: dict[str, Callable[[], object]] = {
            "look_fails": fail(LookFailed("Away")),
            "look_is_free": fail(LookFailed("Busy", is_free=True)),
            "look_is_lost": fail(LookFailed("Cut", tokens=(10, 1))),
        }
        self.number += event != "look_again"
        frames = [Frame(jpeg=f"{self.run_id} {self.number}".encode(), label="at 1.0 s")]
        with contextlib.suppress(LookFailed):
            await look(memory(self.database, Eyes(before=befores.get(event, lambda: None))), self.run_id, frames=frames)

    def kept_usd(self) -> float:
        with self.database.read() as session:
            return session.get_one(RunRow, self.run_id).cost_usd

    def said_usd(self) -> float:
        with self.database.read() as session:
            takes = select(ProviderCallRow.cost_usd).where(
                ProviderCallRow.clip_run_id == self.run_id, ProviderCallRow.state != "refused"
            )
            looks = select(PerceptionCallRow.cost_usd).where(PerceptionCallRow.clip_run_id == self.run_id)
            return sum(session.scalars(takes)) + sum(session.scalars(looks))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(st.sampled_from((*CALL_EVENTS, *LOOK_EVENTS)), max_size=10))
def test_a_take_costs_what_the_ledger_says_after_every_event(database: Database, events: list[str]) -> None:
    story = Story(database)
    for event in events:
        story.happens(event)
        assert story.kept_usd() == pytest.approx(story.said_usd()), event


def test_all_of_it_counts_and_a_refused_request_does_not(database: Database) -> None:
    story = Story(database)
    told = [0.0]
    for event in ("write", "accept", "look", "look_again", "finish_known", "cancel"):
        story.happens(event)
        told.append(round(story.kept_usd(), 4))
    assert told == [0.0, 0.4, 0.4, 0.7, 0.7, 1.0, 0.3]
    refused = Story(database)
    refused.happens("write")
    refused.happens("refuse")
    assert refused.kept_usd() == 0


def test_a_take_that_was_paid_for_has_not_changed_itself(database: Database) -> None:
    story = Story(database)
    with database.read() as session:
        before = session.get_one(RunRow, story.run_id).updated_at
    story.happens("write")
    with database.read() as session:
        assert session.get_one(RunRow, story.run_id).updated_at == before
