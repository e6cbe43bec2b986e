"""Row security that stays quick: each row names its project, and no statement asks up the chain of its parents."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bench.scale.people import ALL, TEN, add_people
from bench.scale.reads import READS
from bench.scale.seeding import Extent, Ids, seed
from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.db.session import Database
from orchestrator.errors import NotAllowed, NotFound
from tests.conftest import make_settings
from tests.fakes.postgres import create_database
from tests.fakes.statements import statements
from tests.supabase.conftest import unique
from tests.supabase.test_catalog import HANGING
from tests.supabase.world import World

# --- what is asked ---


@pytest.fixture(scope="module")
def seeded(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Ids]]:
    url = create_database(postgres_url, unique("quick"))
    settings = make_settings(tmp_path_factory.mktemp("quick"), database_url=SecretStr(url))
    app = bootstrap.build(settings, is_durable=False)
    ids = seed(app.database, Extent(projects=12, clips=4, takes=2, singles=8), now=datetime.now(UTC))
    add_people(app.database)
    yield app, ids
    app.stop()


def explained(database: Database, statement: str, values: Any = None) -> Any:
    with database.read() as session:
        connection = session.connection()
        return connection.exec_driver_sql(f"explain (format json) {statement}", values).scalar_one()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def tables(explanation: Any) -> Counter[str]:
    """How often a plan reads each table."""
    return Counter(node["Relation Name"] for node in nodes(explanation[0]["Plan"]) if "Relation Name" in node)


@pytest.mark.parametrize("name", READS)
def test_row_security_reads_no_further_table_for_any_read(seeded: tuple[App, Ids], name: str) -> None:
    app, ids = seeded
    for user in (ALL, TEN):
        views = app.for_user(user).views
        with statements(app) as said:
            try:
                READS[name](views, ids)
            except (NotAllowed, NotFound):
                assert user is TEN or name in ("doctor", "spending", "storage")
        for statement, values in said:
            if statement.lstrip().upper().startswith("SELECT") and "set_config(" not in statement:
                as_user = explained(app.database.as_user({"sub": user.id}), statement, values)
                assert tables(as_user) == tables(explained(app.database, statement, values)), statement


@pytest.mark.parametrize("table", HANGING)
def test_the_projects_of_a_user_are_listed_once_a_statement(seeded: tuple[App, Ids], table: str) -> None:
    plan = explained(seeded[0].database.as_user({"sub": TEN.id}), f"select count(*) from {table}")
    lists = [node for node in nodes(plan[0]["Plan"]) if node.get("Parent Relationship") == "SubPlan"]
    assert [node["Node Type"] for node in lists] == ["ProjectSet"]
    assert set(re.findall(r"(\w+ )?SubPlan \d", json.dumps([n.get("Filter", "") for n in nodes(plan[0]["Plan"])]))) == {
        "hashed "
    }
    assert tables(plan) == {table: 1}


# --- what keeps the project right ---


def asked_of(world: World, statement: str, **values: str) -> Any:
    with world.engine.connect() as connection, connection.begin() as transaction:
        try:
            return connection.execute(text(statement), values).scalar()
        finally:
            transaction.rollback()


@pytest.mark.parametrize("table", HANGING)
def test_a_row_is_of_its_parent_s_project_whatever_is_said(world: World, table: str) -> None:
    for ids, others in ((world.ids, world.other_ids), (world.other_ids, world.ids)):
        values = {"id": ids[table], "other": others["video_projects"]}
        assert str(asked_of(world, f"select project_id from {table} where id = :id", **values)) == ids["video_projects"]
        moved = f"update {table} set project_id = :other where id = :id returning project_id"
        assert str(asked_of(world, moved, **values)) == ids["video_projects"]


def test_a_row_that_names_another_project_when_it_is_added_is_not_believed(world: World) -> None:
    scene = (
        "insert into scenes (id, clip_plan_id, position, title, created_at, project_id) "
        "values (gen_random_uuid(), :plan, 77, 'x', now(), :other) returning project_id"
    )
    values = {"plan": world.ids["clip_plans"], "other": world.other_ids["video_projects"]}
    assert str(asked_of(world, scene, **values)) == world.ids["video_projects"]


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("clip_plans", "project_id", "video_projects"),
        ("clip_plan_clips", "clip_plan_id", "clip_plans"),
        ("clip_runs", "clip_id", "clip_plan_clips"),
        ("assessments", "clip_run_id", "clip_runs"),
        ("ratings", "final_render_id", "final_renders"),
    ],
)
def test_a_row_stays_in_its_project(world: World, table: str, column: str, parent: str) -> None:
    with pytest.raises(DBAPIError, match=f"a row of {table} stays in its project"):
        asked_of(
            world,
            f"update {table} set {column} = :other where id = :id",
            id=world.ids[table],
            other=world.other_ids[parent],
        )


def test_under_a_parent_that_is_gone_nothing_is_added(world: World) -> None:
    scene = (
        "insert into scenes (id, clip_plan_id, position, title, created_at) "
        "values (gen_random_uuid(), gen_random_uuid(), 77, 'x', now())"
    )
    with pytest.raises(DBAPIError, match="foreign key"):
        asked_of(world, scene)
