"""The turns of a provider shared by all processes of one Postgres: a row that each moves on by one statement.

The wait for a turn is done outside the database, so whoever dies while waiting leaves nothing behind but a turn that
nobody uses.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from orchestrator.db.session import Database
from orchestrator.errors import OrchestratorError
from providers.patience import LONGEST_WAIT_SECONDS, OwnTurns, Pace

log = logging.getLogger(__name__)

# As ``Pace.next_due``, by the server's clock.
_TAKE = text(
    "insert into provider_turns as turn (id, created_at, due_at) "
    "values (:id, clock_timestamp(), clock_timestamp() - :burst) "
    "on conflict (id) do update set due_at = "
    "least(greatest(turn.due_at + :interval, clock_timestamp() - :burst), clock_timestamp() + :longest) "
    "returning extract(epoch from due_at - clock_timestamp())::float"
)
_HELD = text("select extract(epoch from held_until - clock_timestamp())::float from provider_turns where id = :id")
_HOLD = text(
    "insert into provider_turns as turn (id, created_at, due_at, held_until) "
    "values (:id, clock_timestamp(), clock_timestamp(), clock_timestamp() + :held) "
    "on conflict (id) do update set held_until = greatest(turn.held_until, excluded.held_until)"
)


class SharedTurns:
    """See ``Turns``. Raises ``DatabaseAway`` where no turn can be had."""

    def __init__(self, database: Database, *, provider: str, endpoint: str, requests_per_minute: int) -> None:
        self._database = database
        self._id = f"{provider} {endpoint}"
        pace = Pace.of(requests_per_minute)
        self._pace = {
            "interval": timedelta(seconds=pace.interval_seconds),
            "burst": timedelta(seconds=pace.burst_seconds),
            "longest": timedelta(seconds=LONGEST_WAIT_SECONDS),
        }
        self._own = OwnTurns(requests_per_minute)

    def take(self) -> float:
        return max(0.0, self._ask(_TAKE, **self._pace) or 0.0)

    def held_seconds(self) -> float:
        return max(self._own.held_seconds(), self._ask(_HELD) or 0.0)

    def hold(self, seconds: float) -> None:
        self._own.hold(seconds)
        try:
            self._ask(_HOLD, held=timedelta(seconds=seconds))
        except OrchestratorError as error:  # what the provider answered matters more
            log.warning("Other processes could not be told to wait for %s: %s", self._id, error)

    def _ask(self, statement: Any, **values: Any) -> float | None:
        """One statement that commits by itself: a process that is stopped can hold no lock that others wait for."""
        with self._database.write() as session:
            connection = session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            answer = connection.execute(statement, {"id": self._id, **values})
            return answer.scalar() if answer.returns_rows else None
