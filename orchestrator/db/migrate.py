"""Bringing a database up to the models: made whole when new, taken step by step when it is older.

A step adds columns and fills them. Its statements run on SQLite and Postgres alike; a column that is there already is
left as it is.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from orchestrator.db.models import Base
from orchestrator.errors import NotConfigured

# version -> (table, column, type and default) added by it
_COLUMNS: dict[int, tuple[tuple[str, str, str], ...]] = {
    2: (
        ("clip_plans", "reason", "TEXT NOT NULL DEFAULT ''"),
        ("clip_runs", "provider_state", "TEXT NOT NULL DEFAULT ''"),
        ("clip_runs", "narration", "TEXT NOT NULL DEFAULT ''"),
        ("provider_calls", "estimated_usd", "FLOAT"),
        ("provider_calls", "balance_before_usd", "FLOAT"),
        ("provider_calls", "balance_after_usd", "FLOAT"),
        ("provider_calls", "finished_at", "TIMESTAMP WITH TIME ZONE"),
    ),
}
# version -> what its new columns say of rows that were there before
_FILLS: dict[int, tuple[str, ...]] = {
    2: (
        "UPDATE provider_calls SET estimated_usd = cost_usd WHERE state <> 'refused'",
        "UPDATE provider_calls SET finished_at = "
        "(SELECT settled_at FROM clip_runs WHERE clip_runs.id = provider_calls.clip_run_id)",
    ),
}
SCHEMA_VERSION = max(_COLUMNS)
_LOCK = 7301


def prepare_schema(engine: Engine) -> None:
    """Create what is missing in one transaction. Raises ``NotConfigured`` for a SQLite file of a newer version."""
    with engine.execution_options(is_write=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        else:
            _refuse_newer(connection)
        is_new = not inspect(connection).has_table("clip_runs")
        Base.metadata.create_all(connection)
        if not is_new:
            _add_columns(connection)
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _refuse_newer(connection: Connection) -> None:
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if version > SCHEMA_VERSION:
        raise NotConfigured(
            f"The database was written by a newer version of this app (schema {version}; this one knows "
            f"{SCHEMA_VERSION}). Nothing was changed.",
            hint="Update the app, or set DATA_DIR to another folder.",
        )


def _add_columns(connection: Connection) -> None:
    inspector = inspect(connection)
    for version, columns in _COLUMNS.items():
        known = {(table, c["name"]) for table in {t for t, _, _ in columns} for c in inspector.get_columns(table)}
        lacking = [column for column in columns if column[:2] not in known]
        for table, name, kind in lacking:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {name} {kind}"))
        for statement in _FILLS.get(version, ()) if lacking else ():
            connection.execute(text(statement))
