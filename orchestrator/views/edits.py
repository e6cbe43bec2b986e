"""What was changed, and what can be taken back."""

from __future__ import annotations

from orchestrator import journal
from orchestrator.db.edits import edits_by_id, standing_edits, to_redo, to_undo
from orchestrator.db.models import ClipRow, EditRow, ProjectRow
from orchestrator.db.records import fetch
from orchestrator.schema.edits import EditEntry, EditHistory
from orchestrator.schema.member import Role
from orchestrator.views.base import Reads


class EditReads(Reads):
    """What was changed, and what can be taken back."""

    def edit_history(self, project_id: str) -> EditHistory:
        """What people changed in a project and can still undo or do again."""
        with self._database.read() as session:
            edits = standing_edits(session, fetch(session, ProjectRow, project_id).id)
            undo, redo = to_undo(edits), to_redo(edits)
            roles = {row.id: _role(row) for row in edits_by_id(session, [edit.id for edit in (undo, redo) if edit])}
        return EditHistory(
            undo_label=undo.label if undo else "",
            redo_label=redo.label if redo else "",
            undo_id=undo.id if undo else "",
            redo_id=redo.id if redo else "",
            undo_role=roles[undo.id] if undo else Role.REVIEWER,
            redo_role=roles[redo.id] if redo else Role.REVIEWER,
            entries=tuple(
                EditEntry(
                    id=edit.id,
                    kind=edit.kind,
                    label=edit.label,
                    by=edit.made_by,
                    at=edit.created_at,
                    is_undone=edit.undone_at is not None,
                    undone_by=edit.undone_by,
                    undone_at=edit.undone_at,
                )
                for edit in reversed(edits)
            ),
        )

    def version(self, project_id: str) -> int:
        """Counts what people changed in a project: another one says that there is something to see. Raises
        ``NotFound``."""
        with self._database.read() as session:
            return fetch(session, ProjectRow, project_id).version

    def clip_plan_of(self, clip_id: str) -> str:
        """The id of the plan that a clip is of, also of one that was taken out."""
        with self._database.read() as session:
            return fetch(session, ClipRow, clip_id).clip_plan_id


def _role(edit: EditRow) -> Role:
    """The least that may take an edit back or do it again: reviewers put clips in order, and change nothing else."""
    return Role.REVIEWER if journal.is_arrangement(edit.before, edit.after) else Role.CREATOR
