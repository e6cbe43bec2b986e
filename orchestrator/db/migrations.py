"""Bringing a Postgres up to ``supabase/migrations``, whose files are the truth there.

They are recorded as the Supabase CLI records them, so that either can go on where the other stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, inspect, text

from orchestrator.db.migrate import add_columns, newer_schema, numbered_version, refuse_strangers
from orchestrator.errors import NotConfigured

FOLDER = Path(__file__).resolve().parents[2] / "supabase"
_LOCK = 7301
_RECORD = (
    "create schema if not exists supabase_migrations",
    "create table if not exists supabase_migrations.schema_migrations "
    "(version text primary key, statements text[], name text)",
)
_IS_PLAIN = "select to_regprocedure('auth.uid()') is null or to_regrole('authenticated') is null"
_INSERT = "insert into supabase_migrations.schema_migrations (version, statements, name) values (:version, :sql, :name)"


class Migration(NamedTuple):
    """One file: ``version`` are the 14 digits its name begins with."""

    version: str
    name: str
    sql: str


def read_migrations(folder: Path = FOLDER / "migrations") -> tuple[Migration, ...]:
    """All files, oldest first."""
    files = sorted(folder.glob("*.sql"))
    return tuple(
        Migration(version=file.stem[:14], name=file.stem[15:], sql=file.read_text(encoding="utf-8")) for file in files
    )


def newest_version() -> int:
    """The version that the files bring a database to."""
    return max(int(file.name[:14]) for file in (FOLDER / "migrations").glob("*.sql"))


def apply_migrations(engine: Engine) -> int:
    """Run the files that a database lacks, in one transaction. The version that was found; 0 when there was nothing.

    Raises ``NotConfigured`` for a newer version, for tables of another program, and where roles are lacking that the
    user may not create; all are left untouched.
    """
    with engine.begin() as connection:
        connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        applied = _applied(connection)
        found = _found(connection, applied)
        if not found:
            refuse_strangers(connection)
        elif not applied:
            add_columns(connection)
        pending = [migration for migration in read_migrations() if migration.version not in applied]
        for statement in _RECORD if pending else ():
            connection.execute(text(statement))
        if pending and connection.scalar(text(_IS_PLAIN)):
            _prepare_plain(connection)
        for version, name, sql in pending:
            _run(connection, sql)
            connection.execute(text(_INSERT), {"version": version, "sql": [sql], "name": name})
    return found


def require_migrations(engine: Engine) -> None:
    """Raise ``NotConfigured`` unless all files were applied, and none that this version does not know. Only reads."""
    with engine.connect() as connection:
        applied = _applied(connection)
        found = _found(connection, applied)
    if not found:
        raise NotConfigured(
            "The database of DATABASE_URL does not have this app's tables yet. Nothing was changed.",
            hint="Create them with: python -m orchestrator doctor --migrate",
        )
    if not {migration.version for migration in read_migrations()} <= applied:
        raise NotConfigured(
            f"The database of DATABASE_URL was written by an older version of this app (schema {found}; this one needs "
            f"{newest_version()}). Nothing was changed.",
            hint="Make a backup, then bring it up to date with: python -m orchestrator doctor --migrate",
        )


def _applied(connection: Connection) -> set[str]:
    """The versions on record. Raises ``NotConfigured`` for one that is not among the files."""
    if not inspect(connection).has_table("schema_migrations", schema="supabase_migrations"):
        return set()
    applied = set(connection.scalars(text("select version from supabase_migrations.schema_migrations")))
    if unknown := applied - {migration.version for migration in read_migrations()}:
        raise newer_schema(max(unknown), newest_version(), is_server=True)
    return applied


def _found(connection: Connection, applied: set[str]) -> int:
    return max(map(int, applied)) if applied else numbered_version(connection)


def _prepare_plain(connection: Connection) -> None:
    """Give a Postgres that is not Supabase's the roles and functions that the files rely on."""
    may_create = "select rolsuper or rolcreaterole from pg_roles where rolname = current_user"
    lacks_roles = (
        "select bool_or(to_regrole(name) is null) from unnest(array['anon', 'authenticated', 'service_role']) name"
    )
    if connection.scalar(text(lacks_roles)) and not connection.scalar(text(may_create)):
        raise NotConfigured(
            "The user of DATABASE_URL may not create roles, and the roles of row security are lacking. Nothing was "
            "changed.",
            hint="Have an administrator of the server run supabase/prelude.sql in this database once.",
        )
    _run(connection, (FOLDER / "prelude.sql").read_text(encoding="utf-8"))


def _run(connection: Connection, sql: str) -> None:
    """Many statements at once, which the driver takes only when nothing is put into them."""
    connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
