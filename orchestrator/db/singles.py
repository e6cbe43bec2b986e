"""Questions about single clips, what they are variations of, and what people preferred."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from orchestrator.db.models import (
    ClipRow,
    PlanRow,
    PreferenceRow,
    RunRow,
)
from orchestrator.db.queries import IS_THERE, single_plans
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus

_OPEN = [status for status in ClipStatus if not status.is_settled]


def wish_ids(session: Session, *, limit: int, clips_at_most: int) -> list[str]:
    """Ids of the newest ``limit`` wishes for single clips, newest first. A wish goes by what its clips are variations
    of, or by its only clip; it has no more than ``clips_at_most``."""
    query = select(ClipRow.id, ClipRow.variation_of).where(IS_THERE, ClipRow.clip_plan_id.in_(single_plans()))
    rows = session.execute(query.order_by(ClipRow.created_at.desc(), ClipRow.id).limit(limit * clips_at_most))
    return list(dict.fromkeys(variation_of or clip_id for clip_id, variation_of in rows))[:limit]


def clips_of_wishes(session: Session, wishes: Iterable[str]) -> Sequence[ClipRow]:
    """The clips of those wishes with their takes and all that was said of them, oldest first."""
    ids = list(wishes)
    runs, plan = selectinload(ClipRow.runs), joinedload(ClipRow.plan)
    options = (runs.selectinload(RunRow.assessments), runs.selectinload(RunRow.overrides), plan)
    query = select(ClipRow).where(IS_THERE, ClipRow.id.in_(ids) | ClipRow.variation_of.in_(ids))
    return session.scalars(query.options(*options).order_by(ClipRow.created_at, ClipRow.id)).all()


def single_clips_at_work(session: Session) -> Sequence[ClipRow]:
    """Single clips that are being made, those asked for last first."""
    query = select(ClipRow).join(PlanRow).where(ClipRow.clip_plan_id.in_(single_plans()))
    query = query.where(IS_THERE, ClipRow.status.in_(_OPEN))
    is_held = (ClipRow.status == ClipStatus.PENDING) & PlanRow.status.in_((PlanStatus.PAUSED, PlanStatus.CANCELLED))
    return session.scalars(query.where(~is_held).order_by(ClipRow.created_at.desc(), ClipRow.id)).all()


def deleted_singles(session: Session, ids: Sequence[str]) -> Sequence[ClipRow]:
    """Those of the single clips that were deleted."""
    query = select(ClipRow).where(ClipRow.clip_plan_id.in_(single_plans()), ~IS_THERE)
    return session.scalars(query.where(ClipRow.id.in_(ids))).all()


def newest_single_plan(session: Session, project_id: str) -> PlanRow | None:
    """The plan of the single clip asked for last."""
    query = select(PlanRow).where(PlanRow.project_id == project_id)
    return session.scalar(query.order_by(PlanRow.created_at.desc()).limit(1))


def spans_of_takes(session: Session, *, provider: str, model: str, limit: int) -> list[tuple[datetime, datetime]]:
    """(begun, settled) of the newest takes that this provider made with this model, without those cut or copied from
    another one."""
    query = select(RunRow.created_at, RunRow.settled_at).where(
        RunRow.provider == provider,
        RunRow.model == model,
        RunRow.status == RunStatus.SETTLED,
        RunRow.settled_at.is_not(None),
        RunRow.asset_id.is_not(None),
        RunRow.source_run_id == "",
    )
    rows = session.execute(query.order_by(RunRow.created_at.desc()).limit(limit))
    return [(begun, settled) for begun, settled in rows if settled is not None]


def preferences_among(session: Session, run_ids: Iterable[str]) -> Sequence[PreferenceRow]:
    """What people preferred among those takes, oldest first."""
    ids = list(run_ids)
    query = select(PreferenceRow).where(PreferenceRow.chosen_run_id.in_(ids), PreferenceRow.other_run_id.in_(ids))
    return session.scalars(query.order_by(PreferenceRow.created_at, PreferenceRow.id)).all()


def copy_of_take(session: Session, plan_id: str, run_id: str) -> str | None:
    """Id of the clip of this plan that shows a copy of that take."""
    query = select(ClipRow.id).join(RunRow, ClipRow.accepted_run_id == RunRow.id)
    query = query.where(ClipRow.clip_plan_id == plan_id, IS_THERE, RunRow.source_run_id == run_id)
    return session.scalar(query.limit(1))


def last_position(session: Session, plan_id: str) -> int:
    """The highest planned place in a plan, of clips that were taken out too; 0 when it has none."""
    return session.scalar(select(func.max(ClipRow.position)).where(ClipRow.clip_plan_id == plan_id)) or 0
