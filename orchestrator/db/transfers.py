"""Rows as they are carried from one database to another, whatever their table: read, compared, hashed, written.

Both databases have the schema of today. A row is a dict by column name, with SQLAlchemy's values; in a column of JSON
``NOTHING`` stands for no value at all, where None is JSON's own null.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Column, Integer, Select, Table, UniqueConstraint, func, insert, null, select, tuple_
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import Null

from orchestrator.db.models import (
    LOCAL_OWNER,
    AssetRow,
    Base,
    ExecutorRow,
    ProjectRow,
    SignInRow,
    TurnRow,
    WaitRow,
    WorkspaceRow,
)
from orchestrator.errors import Conflict

Row = dict[str, Any]

# What processes tell each other while they run, and who is signed in there.
_OF_PROCESSES = {kind.__tablename__ for kind in (ExecutorRow, WaitRow, TurnRow, SignInRow)}
TABLES: tuple[Table, ...] = tuple(t for t in Base.metadata.sorted_tables if t.name not in _OF_PROCESSES)
# Its one row says how an installation is set: another one that has its own keeps it.
SETTINGS_TABLE = WorkspaceRow.__tablename__
BATCH_ROWS = 500
NOTHING = null()
_INTEGER_MAX = 2**31 - 1


def count_rows(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def batches(session: Session, table: Table) -> Iterator[list[Row]]:
    """All rows of ``table`` by their key, up to ``BATCH_ROWS`` at a time."""
    key = key_of(table)
    query = _select(table).order_by(key).limit(BATCH_ROWS)
    rows = _read(session, table, query)
    while rows:
        yield rows
        rows = _read(session, table, query.where(key > rows[-1][key.name]))


def rows_like(session: Session, table: Table, rows: Iterable[Row]) -> dict[str, Row]:
    """The rows that have the key of one of ``rows``, by key."""
    key = key_of(table)
    found = _read(session, table, _select(table).where(key.in_([row[key.name] for row in rows])))
    return {row[key.name]: row for row in found}


def keys_like(session: Session, table: Table, rows: Iterable[Row]) -> set[str]:
    """The keys of the same."""
    key = key_of(table)
    return set(session.scalars(select(key).where(key.in_([row[key.name] for row in rows]))))


def clashes(session: Session, table: Table, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(key, names of columns) of those ``rows`` whose place is taken by a row with another key: what may be there once
    is there already."""
    key, found = key_of(table), []
    for columns in uniques(table):
        wanted = {values: row[key.name] for row in rows if None not in (values := tuple(row[c.name] for c in columns))}
        if not wanted:
            continue
        taken = session.execute(select(key, *columns).where(tuple_(*columns).in_(list(wanted))))
        named = ", ".join(column.name for column in columns)
        found += [(wanted[values], named) for other, *rest in taken if wanted[values := tuple(rest)] != other]
    return found


def write_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert ``rows`` as they are. Raises ``Conflict`` when the database takes none of them."""
    try:
        session.execute(insert(table), rows)
    except (IntegrityError, DataError) as error:
        rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        raise Conflict(
            f"The target did not take rows of {table.name}{f' (rule {rule})' if rule else ''}. What was copied before "
            "was kept.",
            hint="If somebody changed the target meanwhile, run the same again.",
        ) from None


def named_files(session: Session) -> Sequence[tuple[str, str, int]]:
    """(storage key, sha256, bytes) of every file that a row names."""
    query = select(AssetRow.storage_key, AssetRow.sha256, AssetRow.size_bytes).order_by(AssetRow.storage_key)
    return [(key, sha256, size) for key, sha256, size in session.execute(query)]


# --- a row by itself ---


def key_of(table: Table) -> Column[Any]:
    (key,) = table.primary_key.columns
    return key


def uniques(table: Table) -> Iterator[tuple[Column[Any], ...]]:
    """Columns whose values together no two rows share."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(constraint.columns)
    for index in table.indexes:
        if index.unique:
            yield tuple(index.columns)


def canonical(row: Mapping[str, Any]) -> str:
    """``row`` as text that is the same for equal rows, whichever database they come from."""
    kept = {name: _plain(value) for name, value in row.items() if not isinstance(value, Null)}
    return json.dumps(kept, sort_keys=True)


def compared(table: Table, row: Mapping[str, Any]) -> str:
    """``row`` as far as both sides must agree on it: whose a project is may be settled on each by itself."""
    is_project = table.name == ProjectRow.__tablename__
    return canonical({name: value for name, value in row.items() if not (is_project and name == "owner_id")})


def arriving(table: Table, row: Row, *, is_sqlite: bool) -> Row:
    """``row`` as the target keeps it: in SQLite, where nobody signs in, all projects are the local owner's."""
    is_project = table.name == ProjectRow.__tablename__
    return {**row, "owner_id": LOCAL_OWNER} if is_project and is_sqlite else row


class Digest:
    """A hash over rows in the order they are given; ``count`` of them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count = 0

    def add(self, text: str) -> None:
        self._hash.update(text.encode() + b"\n")
        self.count += 1

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def why_not_on_server(table: Table, row: Row) -> str:
    """What SQLite keeps and Postgres does not, in words; empty when Postgres takes ``row`` too."""
    for column in table.columns:
        value, length = row[column.name], getattr(column.type, "length", None)
        if isinstance(value, str) and length is not None and len(value) > length:
            return f"{column.name} is longer than {length} characters"
        if isinstance(column.type, Integer) and isinstance(value, int) and abs(value) > _INTEGER_MAX:
            return f"{column.name} is no 32-bit number"
        if problem := _why_no_value(value):
            return f"{column.name} holds {problem}"
    return ""


def _why_no_value(value: Any) -> str:
    if isinstance(value, dict):
        return next(filter(None, map(_why_no_value, [*value, *value.values()])), "")
    if isinstance(value, list):
        return next(filter(None, map(_why_no_value, value)), "")
    if isinstance(value, str):
        if "\0" in value:
            return "a NUL character"
        try:
            value.encode()
        except UnicodeEncodeError:
            return "half a character"
    return "a number that is none" if isinstance(value, float) and value - value != 0 else ""


def _plain(value: Any) -> Any:
    """Postgres keeps the numbers of JSON as decimals: 1e22 comes back as an integer of 23 digits."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value


# --- the same, as statements ---


def _select(table: Table) -> Select[Any]:
    """With a mark for each column of JSON, for reading makes no difference between no value and null."""
    return select(*table.columns, *(column.is_(NOTHING).label(_mark(column)) for column in _json_columns(table)))


def _read(session: Session, table: Table, query: Select[Any]) -> list[Row]:
    found = [dict(row) for row in session.execute(query).mappings()]
    for column in _json_columns(table):
        for row in found:
            if row.pop(_mark(column)):
                row[column.name] = NOTHING
    return found


def _json_columns(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, JSON)]


def _mark(column: Column[Any]) -> str:
    return f"{column.name} is nothing"
