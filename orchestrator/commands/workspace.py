"""What this installation is set to."""

from __future__ import annotations

from orchestrator.commands.base import Commands
from orchestrator.db.queries import open_renders, plans_at_work
from orchestrator.db.records import keep_workspace
from orchestrator.errors import BadInput, Conflict
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.workspace import WorkspaceSettings
from orchestrator.storage.folders import empty_cache


class WorkspaceCommands(Commands):
    """What this installation is set to."""

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
        with self._database.write() as session:
            keep_workspace(session, settings.model_copy(update={"reviewer_name": name}))

    def empty_cache(self) -> int:
        """Delete what is made anew when it is needed; how many bytes that freed. Takes, films and what is being fetched
        are never touched. Raises ``Conflict`` while clips or films are being made, ``CannotWrite``."""
        with self._database.read() as session:
            if plans_at_work(session) or open_renders(session):
                raise Conflict("Clips or films are being made, and that needs the cache. Empty it when that is done.")
        return empty_cache(self._choices.settings.data_dir / "cache")
