"""Seed a workspace, ask every read of it, and time each of its statements on SQLite and on Postgres; with ``--users``
also on Postgres as two people have it who are signed in.

Prints a table of all reads, and the plans of the slowest ten statements of each.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.scale.people import ALL, TEN, add_people
from bench.scale.reads import READS, count_all
from bench.scale.seeding import Extent, Ids, seed
from orchestrator.bootstrap import App, build
from orchestrator.db.models import new_id, utc_now
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.settings import Settings
from tests.fakes.postgres import create_database, own_postgres
from tests.fakes.statements import statements

LIMIT_MS = 50
_ACT = "select set_config('request.jwt.claims', %s, false), set_config('role', 'authenticated', false)"


class Statement(NamedTuple):
    text: str
    values: Any
    ms: float


class Measured(NamedTuple):
    """One read: its statements, and how long all of it took with what Python does of it."""

    name: str
    statements: tuple[Statement, ...]
    view_ms: float

    @property
    def slowest(self) -> Statement:
        return max(self.statements, key=lambda one: one.ms, default=Statement("", (), 0.0))

    @property
    def total_ms(self) -> float:
        return sum(one.ms for one in self.statements)


def measure(app: App, name: str, read: Callable[[], Any], *, times: int) -> Measured:
    """The median of ``times`` runs, of the read and of each of its statements to its last row, after one to warm up.
    What a user may not ask, or not see, counts as far as it gets."""
    with contextlib.suppress(NotAllowed, NotFound):
        read()
    with statements(app) as said, contextlib.suppress(NotAllowed, NotFound):
        read()
    spans = [_seconds(read) for _ in range(times)]
    with _cursor(app) as cursor:

        def ask(text: str, values: Any) -> None:
            cursor.execute(text, values).fetchall()

        timed = tuple(
            Statement(text, values, 1000 * median(_seconds(lambda: ask(text, values)) for _ in range(times)))  # noqa: B023
            for text, values in said
            if text.lstrip().upper().startswith(("SELECT", "WITH")) and "set_config(" not in text
        )
    return Measured(name, timed, 1000 * median(spans))


def explain(app: App, statement: Statement) -> list[str]:
    """How the database finds its rows, and on Postgres how many pages it touched."""
    how = "EXPLAIN QUERY PLAN" if app.database.is_sqlite else "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF)"
    with _cursor(app) as cursor:
        rows = cursor.execute(f"{how} {statement.text}", statement.values).fetchall()
    return [str(row[-1]) for row in rows]


@contextlib.contextmanager
def _cursor(app: App) -> Iterator[Any]:
    """Of a connection that is closed in the end; acting as the app's user, where it has one."""
    with app.database.engine.connect() as connection:
        cursor = connection.connection.cursor()
        if app.user is not None:
            cursor.execute(_ACT, (json.dumps({"sub": app.user.id}),))
        yield cursor
        connection.invalidate()


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    with contextlib.suppress(NotAllowed, NotFound):
        work()
    return time.perf_counter() - started


def _seeded(extent: Extent, url: str, folder: Path) -> tuple[App, Ids]:
    settings = Settings(data_dir=folder, database_url=url, _env_file=None)  # type: ignore[call-arg]
    app = build(settings, is_durable=False)
    started = time.perf_counter()
    ids = seed(app.database, extent, now=utc_now())
    _analyze(app)
    print(f"{app.database.engine.dialect.name}: seeded in {time.perf_counter() - started:.0f} s", flush=True)
    return app, ids


def _analyze(app: App) -> None:
    """As a server does by itself within a minute; nobody does so for a file."""
    if not app.database.is_sqlite:
        with app.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _apps(app: App, *, has_users: bool) -> Iterator[tuple[str, App]]:
    """The app as the worker has it, and then as people have it to whom everything is given."""
    name = app.database.engine.dialect.name
    yield name, app
    if has_users and not app.database.is_sqlite:
        add_people(app.database)
        _analyze(app)
        yield from ((f"{name}, all", app.for_user(ALL)), (f"{name}, ten", app.for_user(TEN)))


def measure_all(app: App, ids: Ids, *, times: int, only: str) -> dict[str, Measured]:
    """Every read with ``only`` in its name. ``/metrics`` counts as the worker alone."""
    asked = {name: (lambda read=read: read(app.views, ids)) for name, read in READS.items()}
    asked |= count_all(app) if app.user is None else {}
    return {name: measure(app, name, read, times=times) for name, read in asked.items() if only in name}


def _table(found: dict[str, dict[str, Measured]]) -> Iterator[str]:
    yield "| read | statements | " + " | ".join(f"{n}: slowest ms | sum ms | read ms" for n in found) + " |"
    yield "|---|--:|" + "--:|" * 3 * len(found)
    for name, first in next(iter(found.values())).items():
        cells = " | ".join(_cells(measured.get(name)) for measured in found.values())
        yield f"| {name} | {len(first.statements)} | {cells} |"


def _cells(one: Measured | None) -> str:
    if one is None:
        return " | | "
    mark = "**" if one.slowest.ms > LIMIT_MS else ""
    return f"{mark}{one.slowest.ms:.1f}{mark} | {one.total_ms:.1f} | {one.view_ms:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--projects", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=7, help="runs of which the median counts")
    parser.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    parser.add_argument("--users", action="store_true", help="on Postgres, as people under row security too")
    parser.add_argument("--only", default="", help="reads with this in their name")
    parser.add_argument("--plans", type=int, default=10, help="plans shown, of the slowest statements")
    asked = parser.parse_args()
    extent = Extent(projects=asked.projects, singles=max(8, asked.projects))
    found: dict[str, dict[str, Measured]] = {}
    plans: list[str] = []
    with tempfile.TemporaryDirectory() as folder, own_postgres() as server:
        for database in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
            url = "" if database == "sqlite" else create_database(server.url, f"scale_{new_id()[:8]}")
            whole, ids = _seeded(extent, url, Path(folder) / database)
            for name, app in _apps(whole, has_users=asked.users):
                found[name] = measure_all(app, ids, times=asked.times, only=asked.only)
                slowest = {s.text: (m.name, s) for m in found[name].values() for s in m.statements}
                for reader, one in sorted(slowest.values(), key=lambda pair: -pair[1].ms)[: asked.plans]:
                    plans += [f"\n{name}, {reader}: {one.ms:.1f} ms", one.text, *explain(app, one)]
            whole.database.close()
    print("\n".join((*_table(found), *plans)))


if __name__ == "__main__":
    main()
