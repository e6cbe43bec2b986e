"""An older database is taken up to the models and keeps its rows; one of a newer version is left alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from orchestrator.db.migrate import SCHEMA_VERSION, prepare_schema
from orchestrator.db.models import (
    AssessmentRow,
    ClipRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RunRow,
    SceneRow,
    ScriptRow,
    new_id,
)
from orchestrator.db.records import add_brief
from orchestrator.db.session import Database, open_database
from orchestrator.errors import NotConfigured
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.brief import ContentBrief
from tests.fakes.postgres import create_database
from tests.unit.rows import add_clip, add_project

VERSION_1 = Path(__file__).parent / "data" / "schema_1.sql"
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


def test_the_step_is_the_same_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    url = create_database(postgres_url, f"migrate_{new_id().replace('-', '')}")
    database = open_database(url, data_dir=tmp_path)
    add_take(database)
    fresh, fresh_types = columns_of(database.engine), types_of(database.engine)
    with database.engine.begin() as connection:
        for table, names in ADDED_SINCE.items():
            for name in names:
                connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {name}"))
    for _ in range(2):
        prepare_schema(database.engine)
        assert_rows_are_kept(database)
        assert columns_of(database.engine) == fresh
    assert types_of(database.engine) == fresh_types
    with database.write() as session:
        session.query(ProviderCallRow).one().finished_at = None
    prepare_schema(database.engine)
    with database.read() as session:
        assert session.query(ProviderCallRow).one().finished_at is None, "a row of today is no row of version 1"
    database.close()


def types_of(engine: Engine) -> dict[tuple[str, str], str]:
    inspector = inspect(engine)
    return {(t, c["name"]): str(c["type"]) for t in inspector.get_table_names() for c in inspector.get_columns(t)}


def add_take(database: Database) -> None:
    """The take of ``schema_1.sql`` with everything it hangs on."""
    project_id, plan_id, scene_id, clip_id, run_id, script_id = (new_id() for _ in range(6))
    with database.write() as session:
        session.add(ProjectRow(id=project_id, name="Harbour", settings={}))
        session.flush()
        brief = add_brief(session, project_id, ContentBrief())
        for row in (
            ScriptRow(id=script_id, project_id=project_id, text="Hello."),
            PlanRow(
                id=plan_id, project_id=project_id, content_brief_id=brief.id, script_id=script_id, status="completed",
                settings={}, plan={}, words_per_minute=150, max_attempts=3, total_seconds=4, spoken_words=1,
            ),
            SceneRow(id=scene_id, clip_plan_id=plan_id, position=1, title="One"),
            ClipRow(
                id=clip_id, clip_plan_id=plan_id, scene_id=scene_id, position=1, order_key=1, text="Hello.", words=1,
                seconds=4, visual_intent="A hill", acceptance=[], status="passed",
            ),
            RunRow(
                id=run_id, clip_id=clip_id, attempt=1, status="settled", provider="sora", model="sora-2",
                request={"prompt": "A hill"}, generation_id="video_1", settled_at=SETTLED_AT,
            ),
            ProviderCallRow(
                key=run_id, project_id=project_id, clip_run_id=run_id, provider="sora", model="sora-2", endpoint="",
                request_hash="0" * 64, state="accepted", generation_id="video_1", cost_usd=0.4, owner="local", sends=1,
                send_by=SETTLED_AT, sent_at=SETTLED_AT,
            ),
        ):  # fmt: skip
            session.add(row)
            session.flush()


@pytest.mark.parametrize("is_server", [False, True])
def test_an_older_database_gets_the_indexes_and_is_told_which_checks_failed(
    is_server: bool, postgres_url: str, tmp_path: Path
) -> None:
    url = create_database(postgres_url, f"migrate_{new_id().replace('-', '')}") if is_server else ""
    database = open_database(url, data_dir=tmp_path)
    project_id = add_project(database, SETTLED_AT)
    add_clip(database, project_id, SETTLED_AT, takes=("fail", "pass"), failed=CheckName.NO_ARTIFACTS)
    fresh = indexes_of(database.engine)
    with database.engine.execution_options(is_write=True).begin() as connection:
        for name in ("ix_assessments_newest", "ix_assessments_created", "ix_final_renders_created"):
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(text("ALTER TABLE assessments DROP COLUMN failed_checks"))
    assert indexes_of(database.engine) != fresh
    for _ in range(2):
        prepare_schema(database.engine)
        assert indexes_of(database.engine) == fresh
    with database.read() as session:
        found = {(row.verdict, row.failed_checks) for row in session.query(AssessmentRow)}
    assert found == {("fail", "no_artifacts"), ("pass", "")}
    database.close()


def indexes_of(engine: Engine) -> set[tuple[str, str | None, tuple[str | None, ...]]]:
    inspector = inspect(engine)
    return {
        (table, index["name"], tuple(index["column_names"]))
        for table in inspector.get_table_names()
        for index in inspector.get_indexes(table)
    }
