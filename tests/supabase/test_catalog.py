"""The migrations, the models and what older versions had made are one schema; a difference is seen."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from orchestrator.db.address import read_address
from orchestrator.db.models import Base
from orchestrator.db.session import migrate_database
from tests.fakes.postgres import create_database
from tests.supabase.catalog import security, structure
from tests.supabase.conftest import unique
from tests.supabase.snapshots import SECURITY, as_text

SCHEMA_5 = Path(__file__).parents[1] / "unit" / "data" / "schema_5.postgres.sql"
# Kept only so that versions before the migrations refuse the database.
IS_FOR_OLDER = "schema_versions"
# Kept for row security alone, so no model has it: the project that a row hangs on, and what indexes hold beside.
HANGING = ("animatics", "assessment_overrides", "assessments", "clip_plan_clips", "clip_runs", "final_renders",
           "preferences", "ratings", "scenes")  # fmt: skip
OF_ROW_SECURITY = {f"column {table}.project_id uuid not null" for table in HANGING}
_BESIDE = re.compile(r" INCLUDE \((score, created_at, )?project_id\)")


@pytest.fixture(scope="module")
def of_models(postgres_url: str) -> set[str]:
    url = create_database(postgres_url, unique("models"), is_empty=True)
    engine = create_engine(read_address(url))
    Base.metadata.create_all(engine)
    engine.dispose()
    with psycopg.connect(url) as connection:
        return structure(connection)


def structure_at(connection: psycopg.Connection) -> set[str]:
    found = structure(connection)
    assert found >= OF_ROW_SECURITY
    return {_BESIDE.sub("", line) for line in found - OF_ROW_SECURITY if IS_FOR_OLDER not in line}


def test_the_migrations_make_what_the_models_say(secured_url: str, of_models: set[str]) -> None:
    with psycopg.connect(secured_url) as connection:
        assert structure_at(connection) == of_models
    assert len(of_models) > 300


def test_a_database_of_version_5_becomes_the_same(postgres_url: str, of_models: set[str]) -> None:
    url = create_database(postgres_url, unique("five"), is_empty=True)
    with psycopg.connect(url) as connection:
        connection.execute(SCHEMA_5.read_bytes())
    migrate_database(url, data_dir=Path())
    with psycopg.connect(url) as connection:
        assert structure_at(connection) == of_models
        assert as_text(security(connection)) == SECURITY.read_text(encoding="utf-8")
        rows = connection.execute(
            "select r.generation_id, p.owner_id::text from clip_runs r join video_projects p on p.id = r.project_id"
        )
        assert rows.fetchall() == [("video_1", "00000000-0000-0000-0000-000000000000")]


@pytest.mark.parametrize(
    "fault",
    [
        "alter table ratings drop constraint stars_in_range",
        "alter table ratings drop constraint stars_in_range, add constraint stars_in_range check (stars > 0)",
        "alter table animatics drop constraint animatics_pkey",
        "alter table scenes drop constraint scenes_clip_plan_id_position_key",
        "alter table clip_runs drop constraint clip_runs_asset_id_fkey",
        "alter table clip_runs drop constraint clip_runs_asset_id_fkey, "
        "add constraint clip_runs_asset_id_fkey foreign key (asset_id) references video_assets (id)",
        "drop index ix_clip_runs_clip_id",
        "drop index ix_provider_calls_generation; create unique index ix_provider_calls_generation "
        "on provider_calls (provider, endpoint, generation_id) where state = 'accepted'",
        "alter table clip_runs alter column model drop not null",
        "alter table clip_runs alter column model type varchar(10)",
        "alter table clip_runs alter column crashes set default 0",
        "alter table video_projects alter column owner_id drop default",
        "alter table edits add column more text",
        "alter table edits drop column label",
    ],
)
def test_a_difference_of_structure_is_seen(secured_url: str, of_models: set[str], fault: str) -> None:
    with psycopg.connect(secured_url) as connection:
        connection.execute(fault.encode())
        assert structure_at(connection) != of_models
        connection.rollback()


def test_who_may_do_what_is_as_it_was_looked_at(secured_url: str) -> None:
    with psycopg.connect(secured_url) as connection:
        found = as_text(security(connection))
    assert found == SECURITY.read_text(encoding="utf-8"), "look at it, then: python -m tests.supabase.snapshots"


def test_every_table_is_closed_to_those_who_are_not_signed_in(secured_url: str) -> None:
    with psycopg.connect(secured_url) as connection:
        lines = security(connection)
    tables = {line for line in lines if line.startswith("table ")}
    assert len(tables) == len(Base.metadata.tables) + 1
    assert all(line.endswith(": row security on") for line in tables)
    assert not [line for line in lines if " anon" in line or "PUBLIC" in line or "public using" in line]


@pytest.mark.parametrize(
    "fault",
    [
        "alter table edits disable row level security",
        "drop policy see on edits",
        "alter policy see on edits using (true)",
        "alter policy see on edits to public",
        "grant select on edits to anon",
        "grant update (cost_usd) on provider_calls to authenticated",
        "drop trigger guard_reviewing on clip_runs",
        "alter function private.projects_as(text[]) reset search_path",
        "alter function private.projects_as(text[]) security invoker",
        "grant execute on function private.projects_as(text[]) to anon",
        "grant usage on schema private to anon",
        "create view all_projects as select * from video_projects",
    ],
)
def test_a_difference_of_rights_is_seen(secured_url: str, fault: str) -> None:
    with psycopg.connect(secured_url) as connection:
        connection.execute(fault.encode())
        assert as_text(security(connection)) != SECURITY.read_text(encoding="utf-8")
        connection.rollback()
