"""Projects put away, taken back, copied, and films rated."""

from __future__ import annotations

import contextlib
import logging

from orchestrator.choices import tidy_name
from orchestrator.commands.running import RunningCommands
from orchestrator.db import copies, library
from orchestrator.db.edits import count_change
from orchestrator.db.models import (
    AssetRow,
    BriefRow,
    PlanRow,
    ProjectRow,
    RatingRow,
    RenderRow,
    ScriptRow,
    new_id,
    utc_now,
)
from orchestrator.db.records import fetch, newest
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict, NotFound, OrchestratorError
from orchestrator.rights import needs
from orchestrator.schema.asset import Shelf
from orchestrator.schema.member import Role
from orchestrator.schema.status import PlanStatus, RenderStatus

log = logging.getLogger(__name__)

COMMENT_CHARACTERS_MAX = 2_000


class ProjectCommands(RunningCommands):
    """Each but ``duplicate_project`` may be given twice and is done once."""

    @needs(Role.CREATOR)
    def archive_project(self, project_id: str, is_archived: bool) -> None:
        """Put a project out of sight, or back. Raises ``Conflict`` while something of it is being made: it would wait
        for people where nobody looks."""
        with self._database.write() as session:
            row = _film_project(session, project_id)
            if row.deleted_at is not None:
                raise Conflict("The project is in the bin.", hint="Restore it first.")
            if not is_archived:
                row.archived_at = None
            elif row.archived_at is None:
                if library.is_at_work(session, row.id):
                    raise Conflict(
                        "Something of this project is still being made.",
                        hint="Pause or cancel it, or wait until it is done. Then archive it.",
                    )
                row.archived_at = utc_now()
            count_change(session, row.id)

    @needs(Role.OWNER)
    def delete_project(self, project_id: str) -> None:
        """Put a project into the bin. What runs is cancelled first; takes that are paid are finished all the same. It
        keeps everything it has, and ``restore_project`` brings it back."""
        with self._database.read() as session:
            running = library.plans_of(session, _film_project(session, project_id).id, PlanStatus.RUNNING)
        for plan_id in running:
            with contextlib.suppress(Conflict):  # it ended meanwhile
                self.cancel_plan(plan_id)
        with self._database.write() as session:
            row = _film_project(session, project_id)
            row.deleted_at = row.deleted_at or utc_now()
            count_change(session, row.id)

    @needs(Role.OWNER)
    def restore_project(self, project_id: str) -> None:
        """Take a project out of the bin, as it was. What was cancelled goes on when it is started."""
        with self._database.write() as session:
            row = _film_project(session, project_id)
            row.deleted_at = None
            count_change(session, row.id)

    @needs(Role.OWNER)
    def erase_project(self, project_id: str, *, name: str) -> None:
        """Delete a project for good: its words, takes, films, files, and its share of all numbers. Only from the bin,
        and only with its ``name`` as a sign that this one is meant. Raises ``Conflict`` while work is under way."""
        with self._database.write() as session:
            row = _film_project(session, project_id)
            if row.deleted_at is None:
                raise Conflict("Only a project in the bin can be deleted for good.", hint="Delete it first.")
            if name.strip() != row.name.strip():
                raise BadInput("That is not the name of this project, so nothing was deleted.")
            if library.is_at_work(session, row.id):
                raise Conflict(
                    "Takes of this project are still being finished, because they are paid. Nothing was deleted.",
                    hint="Try again in a few minutes.",
                )
            keys = library.erase(session, row.id)
        for key in keys:
            try:
                self._store.delete(key)
            except (OrchestratorError, OSError):
                log.warning("A file of a deleted project could not be removed", exc_info=True)

    @needs(Role.VIEWER)
    def duplicate_project(self, project_id: str) -> str:
        """A copy with brief, script, bibles, pictures, settings and plan, and without takes; its project id. It costs
        nothing."""
        copy_id = new_id()
        with self._database.read() as session:
            plan = newest(session, PlanRow, _film_project(session, project_id).id)
            originals = copies.pictures_of(session, newest(session, BriefRow, project_id), plan)
        pictures: dict[str, AssetRow] = {}
        for original in originals:
            with contextlib.suppress(NotFound):  # a picture that is gone leaves a gap, as in the original
                pictures[original.id] = self._copy_asset(original, Shelf(owner_id=self._owner_id, project_id=copy_id))
        with self._database.write() as session:
            source = _film_project(session, project_id)
            copies.copy_project(
                session,
                source,
                project_id=copy_id,
                owner_id=self._owner_id,
                name=_copy_name(source.name, copies.names_like(session, source.name)),
                brief=newest(session, BriefRow, source.id),
                script=newest(session, ScriptRow, source.id),
                plan=newest(session, PlanRow, source.id),
                pictures=pictures,
            )
        return copy_id

    @needs(Role.REVIEWER)
    def rate_render(self, render_id: str, stars: int, comment: str = "", *, by: str = "") -> None:
        """Say how content somebody is with a film, 1 to 5; a later word of the same person replaces it."""
        if not 1 <= stars <= 5:
            raise BadInput("A film is rated with 1 to 5 stars.")
        comment, name = comment.replace("\x00", "").strip()[:COMMENT_CHARACTERS_MAX], self._name(by)
        with self._database.write() as session:
            render = fetch(session, RenderRow, render_id)
            fetch(session, PlanRow, render.clip_plan_id, lock=True)  # a film itself is not for reviewers to lock
            if render.status != RenderStatus.DONE:
                raise Conflict("This film is not finished, so it cannot be rated yet.")
            row = library.rating_by(session, render.id, name)
            if row is None:
                row = RatingRow(final_render_id=render.id, made_by=name)
                session.add(row)
            row.stars, row.comment, row.created_at = stars, comment, utc_now()

    def _copy_asset(self, original: AssetRow, shelf: Shelf) -> AssetRow:
        """The row, not yet saved, of a copy of its file."""
        asset_id = new_id()
        suffix = original.storage_key.rpartition(".")[2]
        key = shelf.key(f"{asset_id}.{suffix}")
        self._store.put_file(self._store.local_path(original.storage_key, original.sha256), key)
        same = ("kind", "sha256", "size_bytes", "mime", "duration_seconds", "width", "height")
        facts = {name: getattr(original, name) for name in same}
        return AssetRow(id=asset_id, project_id=shelf.project_id, storage_key=key, **facts)


def _film_project(session: Session, project_id: str) -> ProjectRow:
    """A project that people made. Raises ``NotFound``, and ``Conflict`` for the one that holds the single clips."""
    row = fetch(session, ProjectRow, project_id)
    if row.kind != "film":
        raise Conflict("Single clips belong to no project of their own. Delete them one by one.")
    return row


def _copy_name(name: str, taken: set[str]) -> str:
    """``Lamp (copy)``, ``Lamp (copy 2)`` ...: the first that is not taken. Pure."""
    base = name or "Untitled film"
    number = 1
    while (wanted := tidy_name(f"{base[:100]} (copy{f' {number}' if number > 1 else ''})")) in taken:
        number += 1
    return wanted
