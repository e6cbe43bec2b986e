"""Steps of a plan: which clips are to be done, and what the plan has come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestrator.db.models import PlanRow, RenderRow, utc_now
from orchestrator.db.records import fetch, settings_of
from orchestrator.db.session import Database
from orchestrator.renders import add_render, render_id_of
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus


@dataclass(frozen=True)
class PlanSteps:
    database: Database

    async def open_round(self, plan_id: str) -> list[list[Any]]:
        """[clip id, generation] of every clip still to be done; none when the plan is not running."""
        with self.database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            if plan.status != PlanStatus.RUNNING:
                return []
            return [[c.id, c.generation] for c in plan.clips if not ClipStatus(c.status).is_settled]

    async def close_plan(self, plan_id: str, generation: int) -> str:
        """Settle the plan in one transaction, so that a click at the same moment is either seen or starts anew."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if plan.status == PlanStatus.RUNNING:
                if any(not ClipStatus(c.status).is_settled for c in plan.clips):
                    return "again"
                passed = [c for c in plan.clips if c.status == ClipStatus.PASSED]
                is_ready = bool(passed) and (len(passed) == len(plan.clips) or settings_of(plan).skip_failed)
                if is_ready and plan.project.kind == "film":
                    render_id = render_id_of(plan, generation)
                    if session.get(RenderRow, render_id) is None:
                        add_render(session, plan, transition=settings_of(plan).transition, render_id=render_id)
                    return f"render:{render_id}"
                plan.status = PlanStatus.COMPLETED if is_ready else PlanStatus.INCOMPLETE
                plan.finished_at = utc_now()
            plan.is_parked = True
            return plan.status

    async def finish_plan(self, plan_id: str, generation: int) -> str:
        """After the film: done, unless a clip was retried or moved while it was rendered."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if plan.status == PlanStatus.RUNNING:
                if any(not ClipStatus(c.status).is_settled for c in plan.clips):
                    return "again"
                film = session.get(RenderRow, render_id_of(plan, generation))
                if film is None:
                    return "again"
                is_done = film.status == RenderStatus.DONE
                plan.status = PlanStatus.COMPLETED if is_done else PlanStatus.INCOMPLETE
                plan.finished_at = utc_now()
            plan.is_parked = True
            return plan.status

    async def park(self, plan_id: str) -> str:
        """The plan flow broke: whoever looks sees a plan that can be started again."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if plan.status == PlanStatus.RUNNING:
                plan.status = PlanStatus.INCOMPLETE
            plan.is_parked = True
            return plan.status
