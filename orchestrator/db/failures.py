"""What drivers of databases complain of, as errors of ours. What nobody foresaw stays as it is."""

from __future__ import annotations

import sqlite3

from psycopg import Error as ServerError
from psycopg import InterfaceError, OperationalError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from orchestrator.errors import (
    CannotWrite,
    DatabaseAway,
    DatabaseDamaged,
    NotAllowed,
    NotFound,
    OrchestratorError,
    StorageFull,
)

# Primary result codes of SQLite; extended ones carry them in their lower byte.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_GONE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
# States of Postgres: by class (connection lost, no resources, wrong state of an object, operator
# intervened, system error) and a transaction that idled for too long.
_AWAY = ("08", "53", "55", "57", "58", "25P03")


def translated(error: SQLAlchemyError) -> OrchestratorError | None:
    """The error of ours that ``error`` means, or None."""
    if isinstance(error, TimeoutError):
        return DatabaseAway("All connections to the database are busy. Nothing was lost; try again in a moment.")
    if isinstance(error, StaleDataError | ObjectDeletedError):
        return NotFound("Somebody deleted it meanwhile.")
    if not isinstance(error, DBAPIError):
        return None
    if isinstance(error.orig, sqlite3.Error):
        return translated_sqlite(error.orig)
    if isinstance(error.orig, ServerError):
        return _of_server(error.orig, is_cut=error.connection_invalidated)
    return None


def translated_sqlite(error: sqlite3.Error) -> OrchestratorError | None:
    """The same for what SQLite says itself."""
    code = getattr(error, "sqlite_errorcode", 0)
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StorageFull()
    if primary == sqlite3.SQLITE_READONLY:
        return CannotWrite("The database cannot be written to: it or its folder is read-only. Nothing was lost.")
    if primary in _DAMAGED:
        return DatabaseDamaged()
    if primary in _BUSY:
        return DatabaseAway("Another process keeps the database busy. Nothing was lost; try again in a moment.")
    return DatabaseAway() if primary in _GONE else None


def _of_server(error: ServerError, *, is_cut: bool) -> OrchestratorError | None:
    state = error.sqlstate or ""
    if state == "53100":
        return StorageFull("The disk of the database server is full. Free some space there: finished work was kept.")
    if state in ("XX001", "XX002"):
        return DatabaseDamaged("The database server reports damaged data. Nothing more was changed.")
    if state == "42501":
        return NotAllowed()
    if state.startswith("40"):  # a deadlock, or rows that changed since they were read
        return DatabaseAway(
            "Two changes were waiting for each other, so this one was undone. Nothing was lost; try again in a moment."
        )
    if state == "25006":
        return DatabaseAway("The database takes no writes at present. Nothing was lost; try again in a moment.")
    is_unsaid = not state and isinstance(error, OperationalError | InterfaceError)  # it broke off without a word
    return DatabaseAway() if is_cut or is_unsaid or state.startswith(_AWAY) else None
