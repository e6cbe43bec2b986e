"""An older database is taken up to the models and keeps its rows; one of a newer version is left alone."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, inspect, text

from orchestrator.db.migrate import SCHEMA_VERSION
from orchestrator.db.migrations import read_migrations
from orchestrator.db.models import (
    LOCAL_OWNER,
    AssessmentRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RunRow,
    new_id,
)
from orchestrator.db.session import Database, migrate_database, open_database
from orchestrator.errors import NotConfigured
from orchestrator.schema.assessment import CheckName
from tests.fakes.postgres import create_database
from tests.unit.rows import add_clip, add_project

VERSION_1 = Path(__file__).parent / "data" / "schema_1.sql"
SCHEMA_5 = VERSION_1.with_name("schema_5.postgres.sql")
FOR_LISTS = ("20261123100400", "20261123100600")  # they add columns and indexes that lists are found by
ADDED_SINCE = {
    "clip_plans": ("reason",),
    "clip_runs": ("provider_state", "narration", "source_run_id", "edit"),
    "provider_calls": ("estimated_usd", "balance_before_usd", "balance_after_usd", "finished_at"),
}
SETTLED_AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    """A DATA_DIR whose database version 1 has written."""
    with closing(sqlite3.connect(tmp_path / "orchestrator.sqlite3")) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    return tmp_path


def columns_of(engine: Engine) -> dict[str, set[tuple[str, bool]]]:
    """(name, whether it may be null) of every column, by table."""
    inspector = inspect(engine)
    return {t: {(c["name"], c["nullable"]) for c in inspector.get_columns(t)} for t in inspector.get_table_names()}


def assert_rows_are_kept(database: Database) -> None:
    with database.read() as session:
        plan, run, call = (session.query(row).one() for row in (PlanRow, RunRow, ProviderCallRow))
    assert (plan.status, plan.total_seconds, plan.reason) == ("completed", 4, "")
    assert (run.generation_id, run.request) == ("video_1", {"prompt": "A hill"})
    assert (run.provider_state, run.narration) == ("", "")
    assert (call.key, call.generation_id, call.cost_usd) == (run.id, "video_1", 0.4)
    assert (call.balance_before_usd, call.balance_after_usd) == (None, None)
    assert call.estimated_usd == 0.4, "nothing else was known when it was asked for"
    assert call.finished_at == SETTLED_AT, "its take is settled, so it holds no place"


def test_a_file_of_version_1_keeps_its_rows_and_gets_the_new_columns(old_folder: Path) -> None:
    database = open_database("", data_dir=old_folder)
    assert_rows_are_kept(database)
    fresh_folder = old_folder / "fresh"
    fresh_folder.mkdir()
    fresh = open_database("", data_dir=fresh_folder)
    assert columns_of(database.engine) == columns_of(fresh.engine)
    for opened in (database, fresh):
        with opened.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == SCHEMA_VERSION
        opened.close()


def test_opening_an_old_file_twice_changes_nothing_the_second_time(old_folder: Path) -> None:
    open_database("", data_dir=old_folder).close()
    with closing(sqlite3.connect(old_folder / "orchestrator.sqlite3")) as connection:
        connection.execute("UPDATE provider_calls SET cost_usd = 0.3, finished_at = NULL")  # as life goes on
        connection.commit()
        before = list(connection.iterdump())
    open_database("", data_dir=old_folder).close()
    with closing(sqlite3.connect(old_folder / "orchestrator.sqlite3")) as connection:
        assert list(connection.iterdump()) == before


def test_a_step_that_breaks_off_leaves_the_old_file_as_it_was(old_folder: Path) -> None:
    file = old_folder / "orchestrator.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        # Columns are added before rows are changed, which this forbids.
        connection.execute("CREATE TRIGGER frozen BEFORE UPDATE ON provider_calls BEGIN SELECT RAISE(ABORT, 'no'); END")
        connection.commit()
        before = list(connection.iterdump())
    with pytest.raises(NotConfigured):
        open_database("", data_dir=old_folder)
    with closing(sqlite3.connect(file)) as connection:
        assert list(connection.iterdump()) == before
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_newer_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    open_database("", data_dir=tmp_path).close()
    file = tmp_path / "orchestrator.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE final_renders")  # nothing may be made where a newer version has taken it away
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(NotConfigured, match=f"schema {SCHEMA_VERSION + 1}; this one knows {SCHEMA_VERSION}") as refusal:
        open_database("", data_dir=tmp_path)
    assert "DATA_DIR" in refusal.value.hint
    assert file.read_bytes() == before


def test_the_rows_of_an_older_server_are_kept_and_told_what_the_new_columns_say(
    postgres_url: str, tmp_path: Path
) -> None:
    url = create_database(postgres_url, f"migrate_{new_id().replace('-', '')}", is_empty=True)
    with psycopg.connect(url) as connection:
        connection.execute(SCHEMA_5.read_bytes())
        connection.execute("drop table public.schema_versions")
        for table, names in ADDED_SINCE.items():
            for name in names:
                connection.execute(f"alter table public.{table} drop column {name}".encode())
    migrate_database(url, data_dir=tmp_path)
    database = open_database(url, data_dir=tmp_path)
    assert_rows_are_kept(database)
    with database.write() as session:
        session.query(ProviderCallRow).one().finished_at = None
    migrate_database(url, data_dir=tmp_path)
    with database.read() as session:
        assert session.query(ProviderCallRow).one().finished_at is None, "a row of today is no row of version 1"
        assert session.query(ProjectRow).one().owner_id == LOCAL_OWNER
    database.close()


@pytest.mark.parametrize("is_server", [False, True])
def test_an_older_database_gets_the_indexes_and_is_told_which_checks_failed(
    is_server: bool, postgres_url: str, tmp_path: Path
) -> None:
    url = create_database(postgres_url, f"migrate_{new_id().replace('-', '')}") if is_server else ""
    database = open_database(url, data_dir=tmp_path)
    project_id = add_project(database, SETTLED_AT)
    add_clip(database, project_id, SETTLED_AT, takes=("fail", "pass"), failed=CheckName.NO_ARTIFACTS)
    fresh = indexes_of(database.engine)
    brought = [migration.sql for migration in read_migrations() if migration.version in FOR_LISTS]
    with database.engine.execution_options(is_write=True).begin() as connection:
        for index in re.findall(r"create index (\w+)", "".join(brought)):
            connection.execute(text(f"DROP INDEX IF EXISTS {index}"))
        connection.execute(text("ALTER TABLE assessments DROP COLUMN failed_checks"))
        connection.execute(text("ALTER TABLE clip_runs DROP COLUMN cost_usd"))
        if is_server:
            forget = "delete from supabase_migrations.schema_migrations where version = any(:versions)"
            connection.execute(text(forget), {"versions": list(FOR_LISTS)})
        else:
            connection.execute(text("PRAGMA user_version = 5"))
    assert indexes_of(database.engine) != fresh
    for _ in range(2):
        migrate_database(url, data_dir=tmp_path)
        assert indexes_of(database.engine) == fresh
    with database.read() as session:
        found = {(row.verdict, row.failed_checks) for row in session.query(AssessmentRow)}
    assert found == {("fail", "no_artifacts"), ("pass", "")}
    database.close()


def indexes_of(engine: Engine) -> set[tuple[str, ...]]:
    """Names and what they are of; not what a later migration has them hold beside."""
    listed = "select name, sql from sqlite_master where type = 'index' and sql is not null"
    if engine.dialect.name == "postgresql":
        listed = "select indexname, split_part(indexdef, ' INCLUDE ', 1) from pg_indexes where schemaname = 'public'"
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(listed))}
