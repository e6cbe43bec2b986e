"""Every moment around a payment at which a process can die, exactly: one charge each, and the clip passes.

Everything is real but the fate: a process of its own with rows, ledger, engine and flows, and a server that charges
what it accepts. The process dies by its own hand or is killed by the server, and is started again.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.fakes.doomed import Death, KillingServer, Moment, live
from tests.fakes.postgres import create_database

POINTS = (
    *(Death.BEFORE_INTENT, Death.AFTER_INTENT),
    *(Moment.SENT, Moment.ACCEPTED),
    *(Death.ANSWERED, Death.STORED),
    Moment.POLLED,
)
COLOURS = ("red", "blue", "green", "white", "black", "brown", "grey")
LINES = tuple(f"The {colour} lamp is lit before dawn." for colour in COLOURS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_clip_is_charged_once_at_whatever_point_of_paying_the_process_dies(
    tmp_path: Path, short_clip: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    """One clip for each point; each life finishes the clip of the one before, and dies at the next."""
    database = create_database(request.getfixturevalue("postgres_url"), "crash_points") if kind == "postgres" else ""
    deaths = []
    with KillingServer(tmp_path / "server", clip=short_clip) as server:
        for number, point in enumerate(POINTS, start=1):
            server.moment, server.word = point if isinstance(point, Moment) else None, LINES[number - 1]
            death = point if isinstance(point, Death) else None
            deaths.append(live(tmp_path / "data", server, clips=LINES[:number], database=database, dies=death))
            if (
                database
            ):  # the minute and a half passes in which its sender might have been another machine's, and alive
                with psycopg.connect(database) as connection:
                    connection.execute("update provider_calls set send_by = now() where generation_id is null")
        server.moment = None
        report = live(tmp_path / "data", server, clips=LINES, database=database)
        charged = [next(line for line in LINES if line in charge["prompt"]) for charge in server.charges()]
    assert deaths == [None] * len(POINTS), "every life died"
    assert report == {line: ["passed", ""] for line in LINES}
    assert dict(zip(POINTS, map(charged.count, LINES), strict=True)) == dict.fromkeys(POINTS, 1)
