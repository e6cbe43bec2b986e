"""What this installation is set to."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime, timedelta

from orchestrator.commands.base import Commands
from orchestrator.db import library
from orchestrator.db.models import LOCAL_OWNER
from orchestrator.db.queries import open_renders, plans_at_work
from orchestrator.db.records import keep_workspace
from orchestrator.errors import BadInput, Conflict, NotConfigured
from orchestrator.rights import admins
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.workspace import WorkspaceSettings
from orchestrator.storage.base import StoredEntry, StoreSurvey
from orchestrator.storage.folders import empty_cache

log = logging.getLogger(__name__)

# A file is stored before its row is written.
_YOUNG = timedelta(days=1)


class WorkspaceCommands(Commands):
    """What this installation is set to."""

    @admins
    def save_workspace(self, settings: WorkspaceSettings) -> None:
        """Set the defaults of new projects and single clips, the policy of projects without one, and who reviews. What
        is empty is not set any more. Projects there are keep what they have. Raises ``UnknownProvider``, ``BadInput``
        for a model that the provider does not have or that only works from a picture."""
        if settings.model and not settings.provider:
            raise BadInput("Choose the provider that this model belongs to.")
        if settings.provider:
            models = self._choices.profile(settings.provider).models
            if settings.model and settings.model not in models:
                raise BadInput(f"{settings.provider} has no model {settings.model!r}. It has {', '.join(models)}.")
            self._choices.complete(ProjectSettings(provider=settings.provider, model=settings.model))
        name = " ".join(settings.reviewer_name.replace("\x00", "").split())
        with self._worker._database.write() as session:  # the table is the installation's
            keep_workspace(session, settings.model_copy(update={"reviewer_name": name}))

    @admins
    def hand_over(self, user_id: str) -> int:
        """Give what was made while nobody signed in to somebody who does, by their id; how many projects that were, the
        one of the single clips among them. Files stay where they are. Raises ``BadInput`` for what is no such id and
        ``NotConfigured`` on SQLite, where nobody signs in."""
        if self._database.is_sqlite:
            raise NotConfigured("Nobody signs in on SQLite, so all projects are the local owner's.")
        try:
            to_id = str(uuid.UUID(user_id.strip()))
        except ValueError:
            raise BadInput(
                "That is no user's id.", hint="Supabase lists it beside the user, under Authentication."
            ) from None
        with self._worker._database.write() as session:
            return library.hand_over(session, from_id=LOCAL_OWNER, to_id=to_id)

    @admins
    def empty_cache(self) -> int:
        """Delete what is made anew when it is needed; how many bytes that freed. Takes, films and what is being fetched
        are never touched. Raises ``Conflict`` while clips or films are being made, ``CannotWrite``."""
        with self._worker._database.read() as session:  # also what others make
            if plans_at_work(session) or open_renders(session):
                raise Conflict("Clips or films are being made, and that needs the cache. Empty it when that is done.")
        return empty_cache(self._choices.settings.data_dir / "cache")

    @admins
    def survey_store(self) -> StoreSurvey:
        """Everything the asset store holds, counted, and the orphans among it: files that no row has named for a day,
        left behind by a crash, or by a project whose files could not be deleted with it. Lists the whole store. Raises
        ``Conflict`` when rows name none of the files that are there."""
        entries = list(self._store.entries())
        with self._worker._database.read() as session:  # also what is others'
            named = library.storage_keys(session)  # read after the files: what came since is young
        orphans = [entry for entry in entries if entry.key not in named]
        if entries and len(orphans) == len(entries):
            raise Conflict(
                "The database names none of the files that are stored, as if it were not theirs. Nothing was deleted.",
                hint="Look whether DATABASE_URL, DATA_DIR, ASSETS_DIR and the bucket belong together.",
            )
        old = tuple(entry for entry in orphans if entry.changed_at < datetime.now(UTC) - _YOUNG)
        return StoreSurvey(files=len(entries), size_bytes=sum(entry.size_bytes for entry in entries), orphans=old)

    @admins
    def find_orphans(self) -> tuple[StoredEntry, ...]:
        """The orphans that ``survey_store`` finds, raising as it does."""
        return self.survey_store().orphans

    @admins
    def sweep(self) -> tuple[StoredEntry, ...]:
        """Delete what ``find_orphans`` finds; what was deleted."""
        orphans = self.find_orphans()
        for entry in orphans:
            self._store.delete(entry.key)
        log.info("Orphans deleted", extra={"files": len(orphans)})
        return orphans
