"""What a step is at work on, read from the one id it was given, and what became of it once it has ended."""

from __future__ import annotations

from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from orchestrator.db.models import ClipRow, PlanRow, RenderRow, RunRow
from orchestrator.db.queries import call_of
from orchestrator.schema.subject import Part, Subject

_PLAN = (
    PlanRow.project_id.label("project_id"),
    PlanRow.id.label("plan_id"),
    PlanRow.flow_generation.label("plan_generation"),
)
_CLIP = (ClipRow.id.label("clip_id"), ClipRow.generation.label("clip_generation"))
_RUN = (
    RunRow.id.label("run_id"),
    RunRow.attempt.label("attempt"),
    RunRow.provider.label("provider"),
    RunRow.generation_id.label("generation_id"),
)


def subject_of(session: Session, ids: dict[str, str]) -> Subject:
    """The whole of what one of ``run_id``, ``render_id``, ``clip_id`` or ``plan_id`` belongs to, in one statement; just
    these ids when there is no such row."""
    query: Select[*tuple[Any, ...]]
    if "run_id" in ids:
        query = select(*_PLAN, *_CLIP, *_RUN).select_from(RunRow).join(ClipRow, ClipRow.id == RunRow.clip_id)
        query = query.join(PlanRow, PlanRow.id == ClipRow.clip_plan_id).where(RunRow.id == ids["run_id"])
    elif "clip_id" in ids:
        query = select(*_PLAN, *_CLIP).select_from(ClipRow).join(PlanRow).where(ClipRow.id == ids["clip_id"])
    elif "render_id" in ids:
        query = select(*_PLAN, RenderRow.id.label("render_id")).select_from(RenderRow)
        query = query.join(PlanRow, PlanRow.id == RenderRow.clip_plan_id).where(RenderRow.id == ids["render_id"])
    elif "plan_id" in ids:
        query = select(*_PLAN).where(PlanRow.id == ids["plan_id"])
    else:
        return Subject()
    row = session.execute(query).mappings().first()
    return Subject.model_validate(row or ids)


def end_of(session: Session, part: Part, subject: Subject) -> tuple[datetime, dict[str, Any]] | None:
    """When this part of the work was begun, and what became of it; None when it was not begun, or is not settled."""
    match part:
        case "attempt":
            return _attempt_end(session, subject.run_id)
        case "clip":
            return _clip_end(session, subject.clip_id)
        case "plan":
            plan = session.get(PlanRow, subject.plan_id)
            return (plan.started_at, {"status": plan.status}) if plan and plan.started_at else None
        case _:
            assert_never(part)


def _attempt_end(session: Session, run_id: str) -> tuple[datetime, dict[str, Any]] | None:
    run = session.get(RunRow, run_id)
    if run is None or run.settled_at is None:
        return None
    call, assessed = call_of(session, run_id), run.assessments[-1] if run.assessments else None
    return run.created_at, {
        "model": run.model,
        "generation_id": run.generation_id,
        "cost_usd": call.cost_usd if call else 0.0,
        "verdict": assessed.verdict if assessed else "",
        "score": assessed.score if assessed else None,
        "error_code": run.error_code,
        "repair": run.repair["strategy"] if run.repair else "",
    }


def _clip_end(session: Session, clip_id: str) -> tuple[datetime, dict[str, Any]] | None:
    """Of the takes of the present round."""
    clip = session.get(ClipRow, clip_id)
    begun = [run.created_at for run in clip.runs if run.attempt > clip.cycle_start] if clip else []
    return (min(begun), {"status": clip.status, "takes": len(begun)}) if clip and begun else None
