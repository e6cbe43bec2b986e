"""Steps of a plan: which clips are to be done, and what the plan has come to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from orchestrator.db.models import PlanRow, RenderRow, RunRow, utc_now
from orchestrator.db.queries import newest_render
from orchestrator.db.records import fetch, settings_of
from orchestrator.db.session import Database, Session
from orchestrator.decisions import can_be_film, go_on, has_open_clips, is_whole
from orchestrator.renders import add_render, is_current, render_id_of
from orchestrator.schema.flow_id import GONE, render_flow_id
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RenderStatus

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlanSteps:
    database: Database

    async def open_round(self, plan_id: str) -> list[list[Any]]:
        """[clip id, generation] of every clip still to be done, in the film's order; none when it is not running."""
        with self.database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            if plan.status != PlanStatus.RUNNING:
                return []
            order = sorted(plan.clips, key=lambda c: c.order_key)
            clips = [[c.id, c.generation] for c in order if not ClipStatus(c.status).is_settled]
        if clips:
            log.info("Plan is at work", extra={"clips": len(clips)})
        return clips

    async def close_plan(self, plan_id: str, generation: int) -> str:
        """Settle the plan in one transaction, so that a click at the same moment is either seen or starts anew."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            is_halted = plan.status == PlanStatus.PAUSED and plan.pause_cause == PauseCause.FAILED_CLIP
            if is_halted and not has_open_clips(plan):  # what was under way is done, and nothing else was left
                plan.status, plan.reason, plan.pause_cause = PlanStatus.RUNNING, "", ""
            if plan.status == PlanStatus.RUNNING:
                if has_open_clips(plan):
                    return "again"
                is_ready = can_be_film(plan)
                if is_ready and plan.project.kind == "film" and not _has_film(session, plan):
                    render_id = render_id_of(plan, generation)
                    if session.get(RenderRow, render_id) is None:
                        add_render(session, plan, transition=settings_of(plan).transition, render_id=render_id)
                    return render_flow_id(render_id)
                plan.status = PlanStatus.COMPLETED if is_ready else PlanStatus.INCOMPLETE
                plan.finished_at = utc_now()
            plan.is_parked = True
        return _tell_end(plan)

    async def finish_plan(self, plan_id: str, generation: int) -> str:
        """After the film: done, unless a clip was retried or moved while it was rendered."""
        with self.database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if plan.status == PlanStatus.RUNNING:
                if has_open_clips(plan):
                    return "again"
                film = session.get(RenderRow, render_id_of(plan, generation))
                if film is None:
                    return "again"
                is_done = film.status == RenderStatus.DONE and can_be_film(plan)  # else a take was refused meanwhile
                plan.status = PlanStatus.COMPLETED if is_done else PlanStatus.INCOMPLETE
                plan.finished_at = utc_now()
            plan.is_parked = True
        return _tell_end(plan)

    async def go_on_when_whole(self, run_id: str) -> list[Any]:
        """[plan id, generation] of the plan flow to be started because the take of that id, which a person had looked
        at again, was the last one the film waited for; else nothing."""
        with self.database.write() as session:
            plan_id = fetch(session, RunRow, run_id).clip.clip_plan_id
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if is_whole(plan):
                go_on(plan)
            # Also when this step was run before and did not live to say so: a flow is started once.
            is_at_work = plan.status == PlanStatus.RUNNING and not plan.is_parked
            return [plan.id, plan.flow_generation] if is_at_work else []

    async def park(self, plan_id: str) -> str:
        """The plan flow broke: whoever looks sees a plan that can be started again, unless somebody deleted it."""
        with self.database.write() as session:
            if session.get(PlanRow, plan_id) is None:
                log.info("A plan was deleted while it was at work", extra={"clip_plan_id": plan_id})
                return GONE
            plan = fetch(session, PlanRow, plan_id, lock=True)
            if plan.status == PlanStatus.RUNNING:
                plan.status = PlanStatus.INCOMPLETE
            plan.is_parked = True
        return _tell_end(plan)


def _has_film(session: Session, plan: PlanRow) -> bool:
    """Whether a film of exactly this is made: a decision was taken back, or given again."""
    last = newest_render(session, plan.id)
    return last is not None and last.status == RenderStatus.DONE and is_current(last, plan)


def _tell_end(plan: PlanRow) -> str:
    """Its status; the log is told it, and why when the plan was paused."""
    log.info("Plan stops here", extra={"status": plan.status, "cause": plan.pause_cause})
    return plan.status
