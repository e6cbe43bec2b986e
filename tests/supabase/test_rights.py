"""What people may see and do, tried on every table, and the ways around it that are closed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import ProgrammingError

from orchestrator.db.migrations import read_migrations
from orchestrator.db.models import new_id
from tests.supabase.snapshots import kept_matrix, matrix
from tests.supabase.world import OWNER, PEOPLE, TABLES, World, become, new_row

CLIPS, RUNS, PROJECTS, MEMBERS = (
    TABLES[name] for name in ("clip_plan_clips", "clip_runs", "video_projects", "project_members")
)
PARENTS = [
    (table, key.parent.name, key.column.table.name)
    for table in TABLES.values()
    for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
]


def refused(connection: Connection, statement: Any) -> None:
    with pytest.raises(ProgrammingError) as refusal:
        connection.execute(statement)
    assert getattr(refusal.value.orig, "sqlstate", "") == "42501"


def test_the_documented_matrix_is_what_people_may_do(world: World) -> None:
    assert matrix(world) == kept_matrix(), "look at it, then: python -m tests.supabase.snapshots"


def test_a_stranger_sees_the_own_rows_and_no_others(world: World) -> None:
    with world.acting_as("stranger") as connection:
        for name, table in TABLES.items():
            if name not in ("executors", "provider_waits", "provider_turns", "sign_ins", "workspaces"):
                assert connection.scalars(select(table.c.id)).all() == [world.other_ids[name]]


@pytest.mark.parametrize(("table", "column", "parent"), PARENTS, ids=lambda part: getattr(part, "name", part))
def test_no_row_hangs_under_a_parent_of_somebody_else(world: World, table: Any, column: str, parent: str) -> None:
    """Everything else about the row is the owner's own."""
    row = {**new_row(table, world.ids), column: world.other_ids[parent]}
    if table.name == "project_members":
        row["invited_by"] = OWNER
    with world.acting_as("owner") as connection:
        refused(connection, insert(table).values(row))
    if table.name == "perception_calls":  # not to be changed at all
        return
    with world.acting_as("owner") as connection:
        change = update(table).where(table.c.id == world.ids[table.name])
        refused(connection, change.values({column: world.other_ids[parent]}))


def test_a_take_of_another_clip_is_not_accepted(world: World) -> None:
    with world.acting_as("owner") as connection:
        change = update(CLIPS).where(CLIPS.c.id == world.ids["clip_plan_clips"])
        assert connection.execute(change.values(accepted_run_id=world.ids["clip_runs"])).rowcount == 1
        refused(connection, change.values(accepted_run_id=world.other_ids["clip_runs"]))


def test_a_reviewer_decides_and_arranges_and_changes_nothing_else(world: World) -> None:
    change = update(CLIPS).where(CLIPS.c.id == world.ids["clip_plan_clips"])
    scene = new_row(TABLES["scenes"], world.ids)
    allowed = {"status": "passed", "accepted_run_id": world.ids["clip_runs"], "reason": "good", "generation": 9}
    with world.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(insert(TABLES["scenes"]).values(scene))
        connection.execute(
            text("select set_config('request.jwt.claims', :c, true), set_config('role', 'authenticated', true)"),
            {"c": f'{{"sub": "{PEOPLE["reviewer"]}"}}'},
        )
        assert connection.execute(change.values(**allowed, order_key=2, scene_id=scene["id"])).rowcount == 1
        transaction.rollback()
    held = {column.name for column in CLIPS.columns} - {*allowed, "order_key", "scene_id", "updated_at", "id"}
    for name in sorted(held - {"clip_plan_id"}):
        value = {"acceptance": ["x"], "transition": {"a": 1}, "removed_at": text("now()"), "created_at": text("now()")}
        number = name in ("position", "words", "seconds", "cycle_start")
        with world.acting_as("reviewer") as connection:
            refused(connection, change.values({name: value.get(name, 77 if number else "changed")}))


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("clip_runs", {"status": "settled"}),
        ("clip_plans", {"status": "running"}),
        ("clip_plans", {"settings": {"budget_usd": 1000}}),
        ("assessment_overrides", {"new_value": "approved"}),
        ("edits", {"label": "x"}),
    ],
)
def test_a_reviewer_starts_and_spends_nothing(world: World, table: str, values: dict[str, Any]) -> None:
    row = TABLES[table]
    with world.acting_as("reviewer") as connection:
        refused(connection, update(row).where(row.c.id == world.ids[table]).values(values))


@pytest.mark.parametrize("person", ["creator", "reviewer", "viewer"])
def test_only_the_owner_throws_a_project_away_and_nobody_gives_it_away(world: World, person: str) -> None:
    mine = PROJECTS.c.id == world.ids["video_projects"]
    for values in ({"deleted_at": text("now()")}, {"owner_id": PEOPLE[person]}):
        with world.acting_as(person) as connection:
            if person != "viewer":
                refused(connection, update(PROJECTS).where(mine).values(values))
            else:
                assert connection.execute(update(PROJECTS).where(mine).values(values)).rowcount == 0
    with world.acting_as("owner") as connection:
        assert connection.execute(update(PROJECTS).where(mine).values(deleted_at=text("now()"))).rowcount == 1
        refused(connection, update(PROJECTS).where(mine).values(owner_id=PEOPLE[person]))


def test_nobody_makes_a_project_for_somebody_else(world: World) -> None:
    row = {**new_row(PROJECTS, {}), "owner_id": OWNER}
    with world.acting_as("stranger") as connection:
        refused(connection, insert(PROJECTS).values(row))


# --- invitations ---


def invitation(world: World, email: str) -> dict[str, Any]:
    return {**new_row(MEMBERS, world.ids), "email": email, "role": "viewer", "invited_by": OWNER}


def claim(person: str, **more: Any) -> Any:
    return update(MEMBERS).where(MEMBERS.c.email == "b@example.com").values(user_id=PEOPLE[person], **more)


@pytest.fixture
def invited(world: World) -> Any:
    row = invitation(world, "b@example.com")
    with world.engine.begin() as connection:
        connection.execute(insert(MEMBERS).values(row))
    yield row
    with world.engine.begin() as connection:
        connection.execute(delete(MEMBERS).where(MEMBERS.c.id == row["id"]))


def test_the_invited_one_takes_up_the_own_invitation_and_sees_the_project(world: World, invited: Any) -> None:
    with world.acting_as("stranger", email="B@example.com", email_verified=True) as connection:
        seen = select(RUNS.c.id).where(RUNS.c.id == world.ids["clip_runs"])
        assert connection.scalars(seen).all() == []
        assert connection.execute(claim("stranger")).rowcount == 1
        assert connection.scalars(seen).all() == [world.ids["clip_runs"]]
        later = update(MEMBERS).where(MEMBERS.c.id == invited["id"]).values(role="creator")
        assert connection.execute(later).rowcount == 0, "the role is the owner's to say"


def test_nothing_else_of_an_invitation_is_taken(world: World, invited: Any) -> None:
    verified = {"email": "b@example.com", "email_verified": True}
    for values in ({"role": "creator"}, {"email": "c@example.com"}, {"project_id": world.other_ids["video_projects"]}):
        with world.acting_as("stranger", **verified) as connection:
            refused(connection, claim("stranger", **values))
    with world.acting_as("stranger", **verified) as connection:
        refused(connection, claim("viewer"))


@pytest.mark.parametrize(
    "claims", [{"email": "b@example.com"}, {"email": "c@example.com", "email_verified": True},
               {"email": "b@example.com", "user_metadata": {"email_verified": True}}]
)  # fmt: skip
def test_an_address_that_is_not_known_to_be_theirs_opens_nothing(
    world: World, invited: Any, claims: dict[str, Any]
) -> None:
    with world.acting_as("stranger", **claims) as connection:
        assert connection.scalars(select(MEMBERS.c.id).where(MEMBERS.c.id == invited["id"])).all() == []
        assert connection.execute(claim("stranger")).rowcount == 0


def test_on_supabase_its_own_table_says_whose_address_it_is(world: World, invited: Any) -> None:
    seen = select(MEMBERS.c.id).where(MEMBERS.c.id == invited["id"])
    for is_confirmed in (False, True):
        with world.engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text("create table auth.users (id uuid, email text, email_confirmed_at timestamptz)"))
            at = "now()" if is_confirmed else "null"
            values = f"('{PEOPLE['stranger']}', 'B@example.com', {at})"
            connection.execute(text(f"insert into auth.users values {values}"))
            become(connection, "stranger", email="c@example.com", email_verified=True)
            assert bool(connection.scalars(seen).all()) is is_confirmed
            transaction.rollback()


def test_the_owner_invites_and_changes_roles_but_puts_nobody_in(world: World) -> None:
    row = invitation(world, "new@example.com")
    with world.acting_as("owner") as connection:
        connection.execute(insert(MEMBERS).values(row))
        mine = update(MEMBERS).where(MEMBERS.c.id == row["id"])
        assert connection.execute(mine.values(role="reviewer")).rowcount == 1
        refused(connection, mine.values(user_id=PEOPLE["stranger"]))
    with world.acting_as("owner") as connection:
        refused(connection, insert(MEMBERS).values({**row, "id": new_id(), "user_id": PEOPLE["stranger"]}))
    with world.acting_as("creator") as connection:
        refused(connection, insert(MEMBERS).values({**row, "invited_by": PEOPLE["creator"]}))


# --- files ---


def test_files_are_read_by_those_who_see_their_project(world: World) -> None:
    """With tables of Supabase Storage's shape: the third migration finds them."""
    storage = """
        create schema storage; grant usage on schema storage to authenticated, anon;
        create table storage.buckets (id text primary key, name text, public bool, file_size_limit bigint,
            allowed_mime_types text[]);
        create table storage.objects (bucket_id text, name text); alter table storage.objects enable row level security;
        grant all on storage.objects to authenticated, anon;
        create function storage.foldername(name text) returns text[] language sql as
            $$ select (string_to_array(name, '/'))[1:array_length(string_to_array(name, '/'), 1) - 1] $$;
    """
    (buckets,) = (one for one in read_migrations() if one.name == "storage")
    name = f"{OWNER}/{world.ids['video_projects']}/run.mp4"
    for person, sees in {"owner": 1, "viewer": 1, "stranger": 0, "anon": 0}.items():
        with world.engine.connect() as connection, connection.begin() as transaction:
            connection.exec_driver_sql(storage, execution_options={"no_parameters": True})
            for _ in range(2):
                connection.exec_driver_sql(buckets.sql, execution_options={"no_parameters": True})
            assert connection.execute(text("select id, public from storage.buckets")).all() == [("video-assets", False)]
            connection.execute(text("insert into storage.objects values ('video-assets', :name)"), {"name": name})
            become(connection, person)
            assert len(connection.execute(text("select name from storage.objects")).all()) == sees
            assert connection.execute(text("delete from storage.objects")).rowcount == 0
            transaction.rollback()
