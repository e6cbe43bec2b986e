"""Seed a workspace, ask every read of it, and time each of its statements on SQLite and on Postgres.

Prints a table of all reads, and the plans of the slowest ten statements of each database.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.scale.reads import READS, count_all
from bench.scale.seeding import Extent, seed
from orchestrator.bootstrap import App, build
from orchestrator.db.models import new_id, utc_now
from orchestrator.settings import Settings
from tests.fakes.postgres import create_database, own_postgres
from tests.fakes.statements import statements

LIMIT_MS = 50


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
    """The median of ``times`` runs, of the read and of each of its statements to its last row, after one to warm up."""
    read()
    with statements(app) as said:
        read()
    spans = [_seconds(read) for _ in range(times)]
    with app.database.engine.connect() as connection:
        cursor = connection.connection.cursor()

        def ask(text: str, values: Any) -> None:
            cursor.execute(text, values).fetchall()

        timed = tuple(
            Statement(text, values, 1000 * median(_seconds(lambda: ask(text, values)) for _ in range(times)))  # noqa: B023
            for text, values in said
            if text.lstrip().upper().startswith(("SELECT", "WITH"))
        )
    return Measured(name, timed, 1000 * median(spans))


def explain(app: App, statement: Statement) -> list[str]:
    """How the database finds its rows, and on Postgres how many pages it touched."""
    how = "EXPLAIN QUERY PLAN" if app.database.is_sqlite else "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF)"
    with app.database.engine.connect() as connection:
        cursor = connection.connection.cursor()
        rows = cursor.execute(f"{how} {statement.text}", statement.values).fetchall()
    return [str(row[-1]) for row in rows]


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _measure_all(extent: Extent, url: str, folder: Path, *, times: int, only: str) -> tuple[App, list[Measured]]:
    settings = Settings(data_dir=folder, database_url=url, _env_file=None)  # type: ignore[call-arg]
    app = build(settings, is_durable=False)
    started = time.perf_counter()
    ids = seed(app.database, extent, now=utc_now())
    if not app.database.is_sqlite:  # as a server does by itself within a minute; nobody does so for a file
        with app.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
    print(f"{app.database.engine.dialect.name}: seeded in {time.perf_counter() - started:.0f} s", flush=True)
    asked = {name: (lambda read=read: read(app.views, ids)) for name, read in READS.items()} | count_all(app)
    return app, [measure(app, name, read, times=times) for name, read in asked.items() if only in name]


def _table(found: dict[str, list[Measured]]) -> Iterator[str]:
    names = list(found)
    yield "| read | statements | " + " | ".join(f"{n}: slowest ms | sum ms | read ms" for n in names) + " |"
    yield "|---|--:|" + "--:|" * 3 * len(names)
    for row in zip(*found.values(), strict=True):
        cells = (
            f"{'**' if one.slowest.ms > LIMIT_MS else ''}{one.slowest.ms:.1f}"
            f"{'**' if one.slowest.ms > LIMIT_MS else ''} | {one.total_ms:.1f} | {one.view_ms:.1f}"
            for one in row
        )
        yield f"| {row[0].name} | {len(row[0].statements)} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--projects", type=int, default=1_000)
    parser.add_argument("--times", type=int, default=7, help="runs of which the median counts")
    parser.add_argument("--database", choices=("both", "sqlite", "postgresql"), default="both")
    parser.add_argument("--only", default="", help="reads with this in their name")
    parser.add_argument("--plans", type=int, default=10, help="plans shown, of the slowest statements")
    asked = parser.parse_args()
    extent = Extent(projects=asked.projects, singles=max(8, asked.projects))
    found: dict[str, list[Measured]] = {}
    plans: list[str] = []
    with tempfile.TemporaryDirectory() as folder, own_postgres() as server:
        for name in ("sqlite", "postgresql") if asked.database == "both" else (asked.database,):
            url = "" if name == "sqlite" else create_database(server.url, f"scale_{new_id()[:8]}")
            place = Path(folder) / name
            app, found[name] = _measure_all(extent, url, place, times=asked.times, only=asked.only)
            slowest = {s.text: (m.name, s) for m in found[name] for s in m.statements}
            for reader, one in sorted(slowest.values(), key=lambda pair: -pair[1].ms)[: asked.plans]:
                plans += [f"\n{name}, {reader}: {one.ms:.1f} ms", one.text, *explain(app, one)]
            app.database.close()
    print("\n".join((*_table(found), *plans)))


if __name__ == "__main__":
    main()
