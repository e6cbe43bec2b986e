"""Two projects of two owners with one row in every table, the people around them, and what each of them may do."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Boolean, Column, Connection, Engine, Float, Integer, Table, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from orchestrator.db.columns import Id, Json, UtcDateTime
from orchestrator.db.migrations import FOLDER
from orchestrator.db.models import Base, utc_now
from orchestrator.db.session import migrate_database
from tests.fakes.postgres import create_database

TABLES = {table.name: table for table in Base.metadata.sorted_tables}
OWNER, CREATOR, REVIEWER, VIEWER, STRANGER = (str(uuid.UUID(int=n)) for n in range(1, 6))
PEOPLE = {"owner": OWNER, "creator": CREATOR, "reviewer": REVIEWER, "viewer": VIEWER, "stranger": STRANGER, "anon": ""}
# What the constraints ask for, by column.
_GIVEN: dict[str, Any] = {
    "total_seconds": 60, "words_per_minute": 150, "max_attempts": 3, "stars": 3, "role": "viewer", "state": "intent",
    "kind": "film", "language": "en",
}  # fmt: skip
# A column whose change says something, where it is not the first text column.
_CHANGED = {
    "edits": "label",
    "project_members": "role",
    "workspaces": "settings",
    "provider_calls": "state",
    "sign_ins": "sealed",
}
_numbers = itertools.count(1)


class World:
    """``ids`` are the ids of the rows of the first owner's project, ``other_ids`` those of the stranger's."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        with engine.begin() as connection:
            self.ids = _fill(connection, OWNER)
            self.other_ids = _fill(connection, STRANGER, is_first=False)
            for role in ("creator", "reviewer", "viewer"):
                row = new_row(TABLES["project_members"], self.ids)
                row.update(user_id=PEOPLE[role], role=role, email=f"{role}@example.com")
                connection.execute(insert(TABLES["project_members"]).values(row))

    @contextmanager
    def acting_as(self, person: str, **claims: Any) -> Iterator[Connection]:
        """A transaction as that person's, undone in the end."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            become(connection, person, **claims)
            try:
                yield connection
            finally:
                transaction.rollback()

    def rights(self, person: str, table: Table) -> str:
        """Select, insert, update and delete of the first project's row, as ``SIUD``; ``u`` where only some columns may
        be changed, ``-`` where nothing may."""
        mine = table.c.id == self.ids[table.name]
        row = new_row(table, self.ids)
        if table.name == "video_projects":
            row["owner_id"] = PEOPLE[person] or OWNER
        if table.name == "project_members":
            row["invited_by"] = PEOPLE[person] or OWNER
        room = delete(table).where(mine) if table.name == "animatics" else None  # a plan has but one
        same = update(table).where(mine).values({table.c.created_at: table.c.created_at})
        return "".join(
            (
                "S" if self._does(person, select(table.c.id).where(mine)) else "-",
                "I" if self._does(person, insert(table).values(row), before=room) else "-",
                "U" if self._does(person, _change(table).where(mine)) else "u" if self._does(person, same) else "-",
                "D" if self._does(person, delete(table).where(mine)) else "-",
            )
        )

    def _does(self, person: str, statement: Any, *, before: Any = None) -> bool:
        """Whether it takes effect on one row. Refusals count only where they are about rights."""
        with self.engine.connect() as connection, connection.begin() as transaction:
            if before is not None:
                connection.execute(before)
            become(connection, person)
            try:
                done = connection.execute(statement)
                # An insert that is not refused has been done; it tells no count.
                return done.is_insert or (len(done.all()) if done.returns_rows else done.rowcount) == 1
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") != "42501":
                    raise
                return False
            finally:
                transaction.rollback()


def secured_database(server_url: str, name: str) -> str:
    """A database as a Supabase project has it before its migrations, which hands new tables to everybody; its
    address. Migrated."""
    url = create_database(server_url, name, is_empty=True)
    with psycopg.connect(url) as connection:
        connection.execute((FOLDER / "prelude.sql").read_bytes())
        for kind in ("tables", "functions", "sequences"):
            to = "anon, authenticated, service_role"
            connection.execute(f"alter default privileges in schema public grant all on {kind} to {to}".encode())
    migrate_database(url, data_dir=FOLDER)
    return url


def become(connection: Connection, person: str, **claims: Any) -> None:
    said = {"sub": PEOPLE[person], **claims} if PEOPLE[person] else {}
    role = "authenticated" if PEOPLE[person] else "anon"
    settings = {"claims": json.dumps(said), "role": role}
    connection.execute(
        text("select set_config('request.jwt.claims', :claims, true), set_config('role', :role, true)"), settings
    )


def new_row(table: Table, ids: dict[str, str]) -> dict[str, Any]:
    """Values for a row of this table that hangs on the rows of ``ids``."""
    return {column.name: _value(column, ids) for column in table.columns}


def _fill(connection: Connection, owner: str, *, is_first: bool = True) -> dict[str, str]:
    ids: dict[str, str] = {}
    for table in Base.metadata.sorted_tables:
        row = new_row(table, ids)
        if table.name == "video_projects":
            row["owner_id"] = owner
        connection.execute(insert(table).values(row))
        ids[table.name] = row["id"]
    return ids


def _value(column: Column[Any], ids: dict[str, str]) -> Any:
    for key in column.foreign_keys:
        return None if column.nullable else ids[key.column.table.name]
    if column.nullable:
        return None
    if column.table.name == "edits" and column.name == "kind":
        return "plan"
    if column.name in _GIVEN:
        return _GIVEN[column.name]
    kind = column.type
    if isinstance(kind, type(Id)):
        return str(uuid.uuid4())
    if isinstance(kind, UtcDateTime):
        return utc_now()
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, Integer):
        return next(_numbers)
    if isinstance(kind, Float):
        return 1.0
    return {} if isinstance(kind, type(Json)) else f"x{next(_numbers)}"


def _change(table: Table) -> Any:
    name = _CHANGED.get(table.name)
    if name is None:
        texts = [c for c in table.columns if not c.primary_key and not c.foreign_keys and c.type.python_type is str]
        free = [c.name for c in texts if c.name not in _GIVEN and c.name not in ("owner_id", "status", "reason")]
        name = free[0] if free else "is_open"
    if name not in table.c:
        name = "created_at"
    value: Any = {"role": "creator", "state": "accepted", "settings": {"a": 1}, "is_open": True}.get(name, "changed")
    return update(table).values({name: utc_now() if name == "created_at" else value})
