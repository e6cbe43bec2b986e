"""Rows of every table, with any values that their columns take in both kinds of database."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, Float, Integer, Table, Uuid, insert, null, select

from orchestrator.db.columns import UtcDateTime
from orchestrator.db.session import Database
from orchestrator.db.transfers import SETTINGS_TABLE, TABLES, uniques

Rows = dict[str, list[dict[str, Any]]]

# What checks of the tables allow, and what is not at work, by column.
_ALLOWED: dict[str, Callable[[Random], Any]] = {
    "video_projects.kind": lambda random: random.choice(["film", "single"]),
    "clip_plans.total_seconds": lambda random: random.randint(1, 300),
    "clip_plans.words_per_minute": lambda random: random.randint(90, 200),
    "clip_plans.max_attempts": lambda random: random.randint(1, 10),
    "clip_plans.status": lambda random: random.choice(["planned", "paused", "completed"]),
    "clip_plans.is_parked": lambda _: True,
    "clip_plan_clips.seconds": lambda random: random.randint(1, 15),
    "clip_plan_clips.status": lambda random: random.choice(["pending", "passed", "failed"]),
    "final_renders.status": lambda random: random.choice(["done", "failed"]),
    "ratings.stars": lambda random: random.randint(1, 5),
    "provider_calls.state": lambda random: random.choice(["refused", "needs_decision"]),
    "project_members.role": lambda random: random.choice(["creator", "reviewer", "viewer"]),
    "project_members.email": lambda random: f"{random.getrandbits(32)}@example.com",
    "perception_calls.state": lambda random: random.choice(["intent", "answered", "failed"]),
}
_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))])
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
# Neither NUL nor half a character.
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_SCALARS = st.none() | st.booleans() | st.integers() | _FLOATS | _TEXT
_TREES = st.recursive(
    _SCALARS, lambda part: st.lists(part, max_size=3) | st.dictionaries(_TEXT, part, max_size=3), max_leaves=6
)


class Values(NamedTuple):
    """What rows are made of; ``random`` says which goes where."""

    random: Random
    texts: list[str]
    floats: list[float]
    times: list[datetime]
    trees: list[Any]


def _many(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=6)


VALUES = st.builds(
    Values,
    random=st.integers(0, 2**32).map(Random),
    texts=_many(_TEXT),
    floats=_many(_FLOATS),
    times=_many(st.datetimes(datetime(1950, 1, 1), datetime(2090, 1, 1), timezones=_ZONES)),
    trees=_many(_TREES),
)


def make_rows(values: Values, *, at_most: int = 3) -> Rows:
    """Up to so many rows of each table, parents first; a row whose parents are missing is left out."""
    rows: Rows = {}
    for table in TABLES:
        taken: defaultdict[int, set[Any]] = defaultdict(set)
        made = [_make_row(values, table, rows) for _ in range(values.random.randint(0, at_most))]
        rows[table.name] = [row for row in made if row is not None and _is_new(table, row, taken)]
    rows[SETTINGS_TABLE] = [{**row, "id": "workspace"} for row in rows[SETTINGS_TABLE][:1]]
    return rows


def fill(database: Database, rows: Rows) -> None:
    with database.write() as session:
        for table in TABLES:
            for row in rows[table.name]:
                session.execute(insert(table).values(row))


def _make_row(values: Values, table: Table, rows: Rows) -> dict[str, Any] | None:
    row: dict[str, Any] = {}
    for column in table.columns:
        parents = [r["id"] for key in column.foreign_keys for r in rows[key.column.table.name]]
        if column.foreign_keys and not parents:
            if not column.nullable:
                return None
            row[column.name] = None
        elif column.foreign_keys:
            row[column.name] = values.random.choice(parents)
        else:
            row[column.name] = _value(values, table, column)
    return row


def _value(values: Values, table: Table, column: Column[Any]) -> Any:
    random, kind = values.random, column.type
    allowed = _ALLOWED.get(f"{table.name}.{column.name}")
    if allowed is not None:
        return allowed(random)
    if isinstance(kind, JSON):
        # Both ways of holding nothing: no value, and JSON's null.
        return random.choice([*values.trees, None, null()] if column.nullable else values.trees)
    if column.nullable and random.random() < 0.3:
        return None
    if isinstance(kind, Uuid):
        return str(uuid.UUID(int=random.getrandbits(128)))
    if isinstance(kind, UtcDateTime):
        return random.choice(values.times)
    if isinstance(kind, Boolean):
        return random.random() < 0.5
    if isinstance(kind, Integer):
        return random.randint(-(2**31) + 1, 2**31 - 1)
    if isinstance(kind, Float):
        return random.choice(values.floats)
    return random.choice(values.texts)[: getattr(kind, "length", None)]


def _is_new(table: Table, row: dict[str, Any], taken: defaultdict[int, set[Any]]) -> bool:
    """Whether ``row`` may stand beside the others: of each unique column, or columns, there is one."""
    found = [tuple(row[c.name] for c in columns) for columns in uniques(table)]
    values = {at: value for at, value in enumerate(found) if None not in value}
    if any(value in taken[at] for at, value in values.items()):
        return False
    for at, value in values.items():
        taken[at].add(value)
    return True


def dump(database: Database) -> dict[str, dict[str, Any]]:
    """All rows as they are read, by table and id."""
    with database.read() as session:
        return {t.name: {r["id"]: loosely(dict(r)) for r in session.execute(select(t)).mappings()} for t in TABLES}


def loosely(value: Any) -> Any:
    """A server hands large numbers of JSON back as integers, with the same digits."""
    if isinstance(value, dict):
        return {name: loosely(part) for name, part in value.items()}
    if isinstance(value, list):
        return [loosely(part) for part in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
