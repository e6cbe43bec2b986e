"""Pictures that people give: references and the looks of characters."""

from __future__ import annotations

import tempfile
from pathlib import Path

from orchestrator import decisions
from orchestrator.commands.journalling import JournalCommands, Seen
from orchestrator.commands.singles import add_single_project
from orchestrator.db.models import AssetRow, ProjectRow, RunRow, new_id
from orchestrator.db.pictures import picture_row, same_picture
from orchestrator.db.queries import single_project
from orchestrator.db.records import fetch, shelf_of
from orchestrator.db.session import Session
from orchestrator.errors import Conflict
from orchestrator.media.ffmpeg import file_errors
from orchestrator.media.pictures import grab_picture, read_picture
from orchestrator.rights import needs
from orchestrator.schema.asset import AssetKind
from orchestrator.schema.member import Role
from orchestrator.schema.project import ProjectSettings

FILENAME_CHARACTERS_MAX = 80


class PictureCommands(JournalCommands):
    """The same picture twice in a project is one."""

    @needs(Role.CREATOR)
    def add_picture(self, project_id: str, content: bytes, *, filename: str = "") -> str:
        """Keep the picture in the file ``content``, for the single clips when ``project_id`` is empty; its asset id.

        Raises ``BadInput`` for what is no picture that can be used, saying what would do.
        """
        name = " ".join(filename.replace("\x00", "").split())[-FILENAME_CHARACTERS_MAX:]
        picture = read_picture(content, name=name)
        with self._database.write() as session:
            project_id = self._project_of_pictures(session, project_id)
            if known := same_picture(session, project_id, sha256=picture.sha256):
                return known.id
            shelf = shelf_of(fetch(session, ProjectRow, project_id))
        # Named by its content: whoever else is storing the same one stores the same bytes.
        key = shelf.key(f"picture-{picture.sha256[:32]}.jpg")
        with file_errors(), tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "picture.jpg"
            file.write_bytes(picture.jpeg)
            self._store.put_file(file, key)
        with self._database.write() as session:
            fetch(session, ProjectRow, project_id, lock=True)
            if known := same_picture(session, project_id, sha256=picture.sha256):
                return known.id
            row = AssetRow(
                id=new_id(),
                project_id=project_id,
                kind=AssetKind.REFERENCE,
                storage_key=key,
                sha256=picture.sha256,
                size_bytes=len(picture.jpeg),
                mime="image/jpeg",
                width=picture.width,
                height=picture.height,
            )
            session.add(row)
            return row.id

    @needs(Role.CREATOR)
    def picture_from_take(self, run_id: str, *, at_seconds: float | None = None) -> str:
        """Keep the frame of a take at ``at_seconds``, by default its last, as a picture of its project; the asset id.
        Raises ``Conflict`` before there is a video, ``UnreadableMedia`` when it cannot be read."""
        with self._database.read() as session:
            run = fetch(session, RunRow, run_id)
            if not run.asset_id:
                raise Conflict("This take has no video yet, so there is no frame to use.")
            asset, project_id = fetch(session, AssetRow, run.asset_id), run.clip.plan.project_id
            key, sha256 = asset.storage_key, asset.sha256
        return self.add_picture(project_id, grab_picture(self._store.local_path(key, sha256), at_seconds=at_seconds))

    @needs(Role.CREATOR)
    def set_clip_reference(self, clip_id: str, asset_id: str, *, by: str = "", seen: Seen = None) -> str:
        """Have the next take of a clip start from this picture, or from none of its own when ``asset_id`` is empty; its
        plan's id. Raises ``Conflict`` while a take is being made or one is accepted."""
        with self._changing(self._plan_of(clip_id), by=by, seen=seen) as change:
            clip = change.clip(clip_id)
            if asset_id:
                picture_row(change.session, asset_id)
            if asset_id != clip.reference_asset_id:
                if reason := decisions.why_fixed(clip):
                    raise Conflict(reason)
                clip.reference_asset_id = asset_id
                decisions.begin_round(clip)
            return change.plan.id

    def _project_of_pictures(self, session: Session, project_id: str) -> str:
        if project_id:
            return fetch(session, ProjectRow, project_id).id
        if known := single_project(session, self._owner_id):
            return known.id
        return add_single_project(session, self._choices.complete(ProjectSettings()), owner_id=self._owner_id)
