"""What this installation is set to, and what it keeps where."""

from __future__ import annotations

import shutil

from orchestrator.db.records import default_policy, workspace_of
from orchestrator.rights import admins
from orchestrator.schema.project import OnFailed, ProjectSettings
from orchestrator.schema.workspace import DefaultView, Source, StorageView, WorkspaceSettings, WorkspaceView
from orchestrator.settings import Settings
from orchestrator.storage.folders import measure_folders
from orchestrator.views.base import Reads

# name of the default -> the environment's setting behind it
_SETTINGS = {
    "provider": "video_provider",
    "model": "",
    "budget_usd": "budget_usd",
    "max_attempts": "max_retry_attempts",
    "words_per_minute": "",
    "on_failed": "",
    "reviewer_name": "reviewer_name",
}
_BUILT_IN = {"model": None, "words_per_minute": ProjectSettings().words_per_minute, "on_failed": OnFailed.WAIT.value}
_LIMITS = (
    "max_concurrent_clips",
    "max_clips_per_worker",
    "max_clips_total",
    "render_width",
    "assess_width",
    "default_clip_duration",
    "fallback_providers",
)
_KEEP_FILE = (
    "Stop the app, then copy the whole folder DATA_DIR. While it runs: "
    'sqlite3 orchestrator.sqlite3 ".backup copy.sqlite3", and copy the folder assets beside it.'
)
_KEEP_SERVER = "Keep the server's database with pg_dump, and copy the folder of takes and films beside it."
_KEEP_BUCKET = "Keep the server's database with pg_dump, and copy the bucket of takes and films beside it."


class WorkspaceReads(Reads):
    """What this installation is set to."""

    def workspace(self) -> WorkspaceView:
        """What was set on the pages, and what counts with it, each value with where it comes from."""
        with self._database.read() as session:
            settings, policy = workspace_of(session), default_policy(session)
        return WorkspaceView(
            settings=settings,
            policy=policy,
            defaults=tuple(_default(name, settings, self._choices.settings) for name in _SETTINGS),
            limits=tuple(_limit(name, self._choices.settings) for name in _LIMITS),
        )

    @admins
    def storage(self) -> StorageView:
        """What is kept where, how much of it, and how well the house stands."""
        settings = self._choices.settings
        is_file = self._database.is_sqlite
        return StorageView(
            database="SQLite, a file in DATA_DIR" if is_file else "Postgres, at DATABASE_URL",
            version=self._database.schema_version,
            folders=measure_folders(settings.data_dir, assets_dir=settings.assets_dir or settings.data_dir / "assets"),
            free_bytes=shutil.disk_usage(settings.data_dir).free,
            items=self._examine(),
            backup=_KEEP_FILE if is_file else _KEEP_BUCKET if settings.supabase_url else _KEEP_SERVER,
        )


def _default(name: str, here: WorkspaceSettings, settings: Settings) -> DefaultView:
    variable = _SETTINGS[name]
    otherwise = getattr(settings, variable) if variable else _BUILT_IN[name]
    said = getattr(here, name)
    is_here = said not in (None, "") or (name == "budget_usd" and here.has_no_budget)
    is_told = variable in settings.model_fields_set
    return DefaultView(
        name=name,
        value=said if is_here else otherwise,
        source=Source.HERE if is_here else Source.ENVIRONMENT if is_told else Source.BUILT_IN,
        variable=variable.upper(),
        otherwise=otherwise,
    )


def _limit(name: str, settings: Settings) -> DefaultView:
    value = getattr(settings, name)
    return DefaultView(
        name=name,
        value=", ".join(value) if isinstance(value, tuple) else value,
        source=Source.ENVIRONMENT if name in settings.model_fields_set else Source.BUILT_IN,
        variable=name.upper(),
    )
