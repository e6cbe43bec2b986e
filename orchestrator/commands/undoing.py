"""Changes people made, taken back and done again."""

from __future__ import annotations

from orchestrator import journal
from orchestrator.commands.arranging import ArrangeCommands
from orchestrator.commands.drafting import draft_of, settings_values, write_draft, write_settings
from orchestrator.commands.journalling import arrange, arrangement_of, settle
from orchestrator.db.edits import count_change, standing_edits, to_redo, to_undo
from orchestrator.db.models import EditRow, PlanRow, ProjectRow, utc_now
from orchestrator.db.records import fetch, newest
from orchestrator.db.session import Session
from orchestrator.errors import Conflict
from orchestrator.journal import EditKind
from orchestrator.rights import needs
from orchestrator.schema.member import Role


class UndoCommands(ArrangeCommands):
    """Nothing is paid and no take is lost: a clip that goes keeps its takes, and comes back with them."""

    @needs(Role.REVIEWER)
    def undo(self, project_id: str, *, edit_id: str = "", by: str = "") -> str:
        """Take back the newest change of a project; what that was. With ``edit_id`` only if it is that one: a second
        click changes nothing, and says nothing.

        Raises ``Conflict`` when there is nothing to undo, or when something that was done since stands in the way.
        """
        return self._step(project_id, edit_id=edit_id, by=by, is_undo=True)

    @needs(Role.REVIEWER)
    def redo(self, project_id: str, *, edit_id: str = "", by: str = "") -> str:
        """Do again what was undone last; what that was. Raises as ``undo`` does."""
        return self._step(project_id, edit_id=edit_id, by=by, is_undo=False)

    def _step(self, project_id: str, *, edit_id: str, by: str, is_undo: bool) -> str:
        with self._database.write() as session:
            plan = newest(session, PlanRow, project_id)
            if plan is not None:  # locks in one order everywhere: plan, then project
                plan = fetch(session, PlanRow, plan.id, lock=True)
            project = fetch(session, ProjectRow, project_id, lock=True)
            lines = standing_edits(session, project_id)
            line = to_undo(lines) if is_undo else to_redo(lines)
            if edit_id and (line is None or line.id != edit_id):
                return ""
            if line is None:
                raise Conflict(f"There is nothing to {'undo' if is_undo else 'do again'}.")
            row = fetch(session, EditRow, line.id)
            _write(session, project, plan, row, is_undo=is_undo)
            row.undone_at, row.undone_by = (utc_now(), self._name(by)) if is_undo else (None, "")
            count_change(session, project.id)
            label, plan_id = row.label, plan.id if plan and row.kind == EditKind.PLAN else ""
        if plan_id:
            self._take_up(plan_id)
        return label


def _write(session: Session, project: ProjectRow, plan: PlanRow | None, row: EditRow, *, is_undo: bool) -> None:
    target, expected = (row.before, row.after) if is_undo else (row.after, row.before)
    doing = "undone" if is_undo else "done again"
    match EditKind(row.kind):
        case EditKind.PLAN:
            assert plan is not None, "a change of a plan stands only as long as the plan does"
            present = arrangement_of(session, plan)
            arrange(session, plan, journal.write_back(target, expected=expected, present=present, doing=doing))
            settle(session, plan)
        case EditKind.DRAFT:
            present = draft_of(session, project.id)
            values = journal.write_back(target, expected=expected, present=present, doing=doing)
            write_draft(session, project.id, {**present, **values})
        case EditKind.SETTINGS:
            present = settings_values(project)
            write_settings(project, journal.write_back(target, expected=expected, present=present, doing=doing))
