"""Free previews of clips that have no accepted take yet."""

from __future__ import annotations

from orchestrator.animatics import stale
from orchestrator.commands.running import RunningCommands
from orchestrator.db.animatics import animatic_of, find_animatic, open_animatics
from orchestrator.db.edits import count_change
from orchestrator.db.models import PlanRow
from orchestrator.db.records import fetch
from orchestrator.rights import needs
from orchestrator.schema.flow_id import animatic_flow_id
from orchestrator.schema.member import Role


class AnimaticCommands(RunningCommands):
    """They cost nothing, count as no take, and leave the plan as it is."""

    @needs(Role.CREATOR)
    def make_animatic(self, plan_id: str) -> None:
        """Draw a preview of every clip without an accepted take whose preview is missing or out of date. Asking again
        while that goes on changes nothing. Raises ``NotConfigured`` where no provider works on this machine."""
        self._choices.local_profile()
        self._draw_on(plan_id, is_asked=True)

    def recover(self) -> None:
        super().recover()
        with self._database.read() as session:
            plan_ids = open_animatics(session)
        for plan_id in plan_ids:
            self._draw_on(plan_id)

    def _draw_on(self, plan_id: str, *, is_asked: bool = False) -> None:
        """See that exactly one flow is at the plan's previews, if there are some to draw."""
        with self._database.read() as session:
            fetch(session, PlanRow, plan_id)
            row = find_animatic(session, plan_id)
            seen = row.generation if row else 0
        is_lost = seen > 0 and self._engine.is_finished(animatic_flow_id(plan_id, seen))
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            row = animatic_of(session, plan_id)
            if is_asked and not row.is_open and stale(plan):
                row.is_open, row.error = True, ""
                row.generation += 1
            elif row.is_open and is_lost and row.generation == seen:  # else another process was quicker
                row.generation += 1
            if not row.is_open:
                return
            if is_asked:
                count_change(session, plan.project_id)
            generation = row.generation
        self._engine.enqueue("animatics", "animatic", animatic_flow_id(plan_id, generation), plan_id, generation)
