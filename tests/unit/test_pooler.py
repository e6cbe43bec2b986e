"""Our transactions behind a pooler that gives each of them whichever connection to the server is free."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from orchestrator import bootstrap
from orchestrator.db.library import projects_at_work
from orchestrator.db.models import ClipRow, ProjectRow, new_id, utc_now
from orchestrator.db.records import fetch
from orchestrator.db.session import Database, open_database
from orchestrator.errors import NotConfigured
from orchestrator.storage.local import LocalAssetStore
from orchestrator.transfer import Side, transfer
from tests.conftest import make_settings
from tests.fakes.pooler import PGBOUNCER, pooled
from tests.fakes.postgres import create_database
from tests.unit.rows import add_clip, add_project

AT = utc_now()
THREADS, EACH, CONNECTIONS = 6, 40, 3

pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")


@pytest.fixture
def url(postgres_url: str) -> Iterator[str]:
    """A database behind a pooler in transaction mode, with fewer connections than there are clients."""
    with pooled(create_database(postgres_url, f"pooled_{new_id().replace('-', '')}"), connections=CONNECTIONS) as url:
        yield url


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    database = open_database(url, data_dir=tmp_path)
    yield database
    database.close()


def test_reads_and_writes_of_many_threads_all_succeed(database: Database, url: str, tmp_path: Path) -> None:
    """One client's statement, prepared by name, would be missing on the connection that its next transaction gets."""
    other = open_database(url, data_dir=tmp_path)

    def work(thread: int) -> int:
        mine = (database, other)[thread % 2]
        for number in range(EACH):
            with mine.write() as session:
                session.add(ProjectRow(name=f"{thread}", settings={"n": number}))
            with mine.read() as session:
                assert projects_at_work(session) == []
                assert session.query(ProjectRow).filter_by(name=f"{thread}").count() == number + 1
        return EACH

    try:
        with ThreadPoolExecutor(THREADS) as pool:
            assert sum(pool.map(work, range(THREADS))) == THREADS * EACH
    finally:
        other.close()


def test_a_row_that_is_counted_up_by_many_loses_no_count(database: Database) -> None:
    project_id = add_project(database, AT)
    clip_id = add_clip(database, project_id, AT)

    def count_up(_: int) -> None:
        with database.write() as session:
            fetch(session, ClipRow, clip_id, lock=True).generation += 1

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(count_up, range(THREADS * EACH)))
    with database.read() as session:
        assert session.get_one(ClipRow, clip_id).generation == THREADS * EACH + 1


def test_a_snapshot_leaves_nothing_to_the_next_client(database: Database) -> None:
    with database.snapshot() as session:
        assert session.scalar(text("show transaction_isolation")) == "repeatable read"
    for _ in range(CONNECTIONS * 2):
        with database.read() as session:
            assert session.scalar(text("show transaction_isolation")) == "read committed"
            assert session.scalar(text("show idle_in_transaction_session_timeout")) == "10s"


def test_a_workspace_is_copied_through_it(database: Database, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    sides = []
    for folder in folders:
        folder.mkdir()
        sides.append(Side(str(folder), open_database("", data_dir=folder), LocalAssetStore(folder), str(folder)))
    first, second = sides
    pooled_side = Side("pooled", database, LocalAssetStore(tmp_path), "pooled")
    for number in range(3):
        add_clip(first.database, add_project(first.database, AT, name=f"Lamp {number}"), AT)
    there = transfer(first, pooled_side, has_files=False, show=lambda what, done, of: None)
    back = transfer(pooled_side, second, has_files=False, show=lambda what, done, of: None)
    assert there.copied == back.copied == there.rows > 20
    assert [t.source_sha256 for t in there.tables] == [t.target_sha256 for t in back.tables]
    for side in sides:
        side.close()


@pytest.mark.parametrize("connections", [1, 3])
def test_the_engine_does_not_start_there(postgres_url: str, tmp_path: Path, connections: int) -> None:
    server = create_database(postgres_url, f"pooled_{new_id().replace('-', '')}")
    with pooled(server, connections=connections) as url:
        app = bootstrap.build(make_settings(tmp_path, database_url=SecretStr(url)))
        with pytest.raises(NotConfigured, match="pooler in transaction mode") as refusal:
            app.start()
        assert "session mode" in refusal.value.hint
        app.stop()
    database = open_database(server, data_dir=tmp_path)
    assert database.keeps_sessions()
    database.close()


def test_a_lock_of_a_session_is_taken_by_two_there(postgres_url: str) -> None:
    """Why the engine is given a server's own sessions: its processes tell by such locks who does what."""
    server = create_database(postgres_url, f"pooled_{new_id().replace('-', '')}")
    with pooled(server, connections=1) as url, psycopg.connect(url, autocommit=True) as first:
        for address, is_free in ((server, False), (url, True)):
            first.execute("select pg_advisory_lock(1)")
            with psycopg.connect(address, autocommit=True) as second:
                assert second.execute("select pg_try_advisory_lock(1)").fetchone() == (is_free,)
