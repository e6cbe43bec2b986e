"""Bringing a SQLite file up to the models: made whole when new, taken step by step when it is older.

A step adds columns and fills them; a column that is there already is left as it is. Steps up to ``LAST_SERVER_STEP``
run on Postgres too, for databases of versions before ``supabase/migrations``. Indexes of the models that are lacking
are made at the end.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text

from orchestrator.db.models import LOCAL_OWNER, Base
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
    6: (
        ("video_projects", "owner_id", f"CHAR(32) NOT NULL DEFAULT '{LOCAL_OWNER.replace('-', '')}'"),
        ("assessments", "failed_checks", "TEXT NOT NULL DEFAULT ''"),
    ),
    7: (
        ("video_projects", "version", "INTEGER NOT NULL DEFAULT 0"),
        ("project_members", "invited_by_email", "TEXT NOT NULL DEFAULT ''"),
    ),
    8: (("clip_runs", "cost_usd", "FLOAT NOT NULL DEFAULT 0"),),
    9: (("edits", "undone_by", "TEXT NOT NULL DEFAULT ''"),),
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
    8: (
        "UPDATE clip_runs SET cost_usd = (SELECT coalesce(sum(cost_usd), 0) FROM provider_calls "
        "WHERE clip_run_id = clip_runs.id AND state <> 'refused') + "
        "(SELECT coalesce(sum(cost_usd), 0) FROM perception_calls WHERE clip_run_id = clip_runs.id)",
    ),
}
SCHEMA_VERSION = max(_COLUMNS)
LAST_SERVER_STEP = 5
_ELSEWHERE = {
    True: "Update the app, or set DATABASE_URL to another database.",
    False: "Update the app, or set DATA_DIR to another folder.",
}


def prepare_file(engine: Engine) -> None:
    """Create what is missing in a SQLite file, in one transaction. Raises ``NotConfigured`` for tables of another
    program, untouched."""
    with engine.execution_options(is_write=True).begin() as connection:
        found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if found > SCHEMA_VERSION:
            raise newer_schema(found, SCHEMA_VERSION, is_server=False)
        if not found:
            refuse_strangers(connection)
        Base.metadata.create_all(connection)
        if found:
            add_columns(connection)
            _renew_indexes(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


def numbered_version(connection: Connection) -> int:
    """The version of a Postgres database that was made before its migrations were files, 0 for one without our
    tables."""
    inspector = inspect(connection)
    if inspector.has_table("schema_versions"):
        return connection.scalar(text("select max(version) from schema_versions")) or 0
    if not inspector.has_table("clip_runs") or not inspector.has_table("provider_calls"):
        return 0
    # The first two versions wrote no number.
    return 2 if any(c["name"] == "narration" for c in inspector.get_columns("clip_runs")) else 1


def newer_schema(found: int | str, known: int, *, is_server: bool) -> NotConfigured:
    return NotConfigured(
        f"The database was written by a newer version of this app (schema {found}; this one knows {known}). "
        "Nothing was changed.",
        hint=_ELSEWHERE[is_server],
    )


def refuse_strangers(connection: Connection) -> None:
    """Tables are made all at once, so some of our names without the others belong to somebody else. Raises
    ``NotConfigured``."""
    taken = sorted(set(inspect(connection).get_table_names()) & set(Base.metadata.tables))
    if taken:
        raise NotConfigured(
            f"The database belongs to another program: it has tables of the same names ({', '.join(taken[:3])}). "
            "Nothing was changed.",
            hint="Give this app a database of its own.",
        )


def add_columns(connection: Connection) -> None:
    """Take tables of an older version to today's columns."""
    is_server = connection.dialect.name == "postgresql"
    inspector = inspect(connection)
    for version, columns in _COLUMNS.items():
        if is_server and version > LAST_SERVER_STEP:
            break
        known = {(table, c["name"]) for table in {t for t, _, _ in columns} for c in inspector.get_columns(table)}
        lacking = [column for column in columns if column[:2] not in known]
        for table, name, kind in lacking:
            connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {name} {kind}"))
        for statement in _FILLS.get(version, ()) if lacking else ():
            connection.execute(text(statement))


def _renew_indexes(connection: Connection) -> None:
    """Those of the models that are lacking, without those that others have taken the place of."""
    connection.execute(text("DROP INDEX IF EXISTS ix_assessments_score"))
    known = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'index'")))
    for table in Base.metadata.sorted_tables:
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            if index.name not in known:
                index.create(connection)
