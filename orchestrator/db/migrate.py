"""Bringing a database up to the models: made whole when new, taken step by step when it is older.

A step adds columns and fills them. Its statements run on SQLite and Postgres alike; a column that is there already is
left as it is. Indexes of the models that are lacking are made at the end.
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
    3: (
        ("clip_plans", "pause_cause", "TEXT NOT NULL DEFAULT ''"),
        ("clip_runs", "crashes", "INTEGER NOT NULL DEFAULT 0"),
        ("final_renders", "crashes", "INTEGER NOT NULL DEFAULT 0"),
        ("final_renders", "missing_clips", "INTEGER NOT NULL DEFAULT 0"),
    ),
    4: (
        ("clip_runs", "source_run_id", "TEXT NOT NULL DEFAULT ''"),
        ("clip_runs", "edit", "JSONB"),
    ),
    5: (
        ("video_projects", "archived_at", "TIMESTAMP WITH TIME ZONE"),
        ("video_projects", "deleted_at", "TIMESTAMP WITH TIME ZONE"),
        ("clip_plan_clips", "removed_at", "TIMESTAMP WITH TIME ZONE"),
        ("clip_plan_clips", "provider", "TEXT NOT NULL DEFAULT ''"),
        ("clip_plan_clips", "model", "TEXT NOT NULL DEFAULT ''"),
        ("clip_plan_clips", "transition", "JSONB"),
        ("clip_plan_clips", "reference_asset_id", "TEXT NOT NULL DEFAULT ''"),
        ("clip_plan_clips", "variation_of", "TEXT NOT NULL DEFAULT ''"),
        ("clip_plan_clips", "animatic_asset_id", "TEXT NOT NULL DEFAULT ''"),
        ("clip_plan_clips", "animatic_key", "TEXT NOT NULL DEFAULT ''"),
        ("final_renders", "loudness_lufs", "FLOAT"),
        ("clip_runs", "reference_asset_id", "TEXT NOT NULL DEFAULT ''"),
        ("assessment_overrides", "before", "JSONB"),
    ),
    6: (("assessments", "failed_checks", "TEXT NOT NULL DEFAULT ''"),),
}
# version -> what its new columns say of rows that were there before
_FILLS: dict[int, tuple[str, ...]] = {
    2: (
        "UPDATE provider_calls SET estimated_usd = cost_usd WHERE state <> 'refused'",
        "UPDATE provider_calls SET finished_at = "
        "(SELECT settled_at FROM clip_runs WHERE clip_runs.id = provider_calls.clip_run_id)",
    ),
    3: ("UPDATE clip_plans SET pause_cause = 'budget_exceeded' WHERE reason <> ''",),
    6: tuple(
        f"UPDATE assessments SET failed_checks = ltrim(failed_checks || ' {name}') "  # noqa: S608 (names of ours)
        f"WHERE body -> 'checks' -> '{name}' ->> 'status' = 'fail'"
        for name in ("transcript_match", "visual_requirements", "continuity", "no_artifacts", "duration_ok")
    ),
}
SCHEMA_VERSION = max(_COLUMNS)
_LOCK = 7301
# SQLite keeps the number in the file's header; Postgres has no place of its own for it.
_VERSIONS = (
    "create table if not exists schema_versions "
    "(version integer primary key, applied_at timestamp with time zone not null default now())"
)
_ELSEWHERE = {
    True: "Update the app, or set DATABASE_URL to another database.",
    False: "Update the app, or set DATA_DIR to another folder.",
}


def prepare_schema(engine: Engine) -> int:
    """Create what is missing, in one transaction. The version that was found; 0 when there was nothing yet.

    Raises ``NotConfigured`` for a newer version and for tables of another program, both untouched.
    """
    is_server = engine.dialect.name == "postgresql"
    with engine.execution_options(is_write=True).begin() as connection:
        if is_server:
            connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
        found = stored_version(connection)
        if found > SCHEMA_VERSION:
            raise newer_schema(found, is_server=is_server)
        if not found:
            _refuse_strangers(connection)
        Base.metadata.create_all(connection)
        if found:
            _add_columns(connection)
            _add_indexes(connection)
        if not is_server:
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif found < SCHEMA_VERSION or not inspect(connection).has_table("schema_versions"):
            connection.execute(text(_VERSIONS))
            version = {"version": SCHEMA_VERSION}
            connection.execute(text("insert into schema_versions values (:version) on conflict do nothing"), version)
    return found


def require_schema(engine: Engine) -> None:
    """Raise ``NotConfigured`` unless a server's database has the schema of today. Only reads."""
    with engine.connect() as connection:
        found = stored_version(connection)
    if found > SCHEMA_VERSION:
        raise newer_schema(found, is_server=True)
    if not found:
        raise NotConfigured(
            "The database of DATABASE_URL does not have this app's tables yet. Nothing was changed.",
            hint="Create them with: python -m orchestrator doctor --migrate",
        )
    if found < SCHEMA_VERSION:
        raise NotConfigured(
            f"The database of DATABASE_URL was written by an older version of this app (schema {found}; this one needs "
            f"{SCHEMA_VERSION}). Nothing was changed.",
            hint="Make a backup, then bring it up to date with: python -m orchestrator doctor --migrate",
        )


def stored_version(connection: Connection) -> int:
    """The version that a database was written by, 0 for one without our tables."""
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    inspector = inspect(connection)
    if inspector.has_table("schema_versions"):
        return connection.scalar(text("select max(version) from schema_versions")) or 0
    if not inspector.has_table("clip_runs") or not inspector.has_table("provider_calls"):
        return 0
    # The first two versions wrote no number.
    return 2 if any(c["name"] == "narration" for c in inspector.get_columns("clip_runs")) else 1


def newer_schema(found: int, *, is_server: bool) -> NotConfigured:
    return NotConfigured(
        f"The database was written by a newer version of this app (schema {found}; this one knows {SCHEMA_VERSION}). "
        "Nothing was changed.",
        hint=_ELSEWHERE[is_server],
    )


def _refuse_strangers(connection: Connection) -> None:
    """Tables are made all at once, so some of our names without the others belong to somebody else."""
    taken = sorted(set(inspect(connection).get_table_names()) & set(Base.metadata.tables))
    if taken:
        raise NotConfigured(
            f"The database belongs to another program: it has tables of the same names ({', '.join(taken[:3])}). "
            "Nothing was changed.",
            hint="Give this app a database of its own.",
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


def _add_indexes(connection: Connection) -> None:
    """Those of the models that are lacking."""
    inspector = inspect(connection)
    for table in Base.metadata.sorted_tables:
        known = {index["name"] for index in inspector.get_indexes(table.name)}
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if index.name not in known:
                index.create(connection)
