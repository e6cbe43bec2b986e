"""Questions about single clips, what they are variations of, and what people preferred."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from orchestrator.db.models import (
    ClipRow,
    PlanRow,
    PreferenceRow,
    RunRow,
)
from orchestrator.db.paging import Order, Page, fetch_page
from orchestrator.db.queries import IS_THERE, single_plans
from orchestrator.schema.status import ClipStatus, PlanStatus, RunStatus

_OPEN = [status for status in ClipStatus if not status.is_settled]


def wish_ids(session: Session, owner_id: str, *, limit: int, after: str = "") -> Page:
    """(id) of somebody's wishes for single clips, by the newest clip of each. A wish goes by what its clips are
    variations of, or by its only clip. Raises ``BadInput`` for a cursor of another list."""
    own_id = func.replace(  # Postgres writes ids with hyphens, SQLite without
        case((ClipRow.variation_of == "", cast(ClipRow.id, Text)), else_=ClipRow.variation_of), "-", "", type_=Text()
    )
    clips = select(own_id.label("id"), func.max(ClipRow.created_at).label("at")).group_by(own_id)
    wishes = clips.where(IS_THERE, ClipRow.clip_plan_id.in_(single_plans(owner_id))).subquery()
    order = Order("wishes", wishes.c.at, wishes.c.id)
    page = fetch_page(session, select(wishes.c.id), order, limit=limit, after=after)
    return page._replace(rows=[(str(uuid.UUID(wish_id)),) for (wish_id,) in page.rows])


def clips_of_wishes(session: Session, wishes: Iterable[str]) -> Sequence[ClipRow]:
    """The clips of those wishes with their takes and all that was said of them, oldest first."""
    ids = list(wishes)
    runs, plan = selectinload(ClipRow.runs), joinedload(ClipRow.plan)
    options = (runs.selectinload(RunRow.assessments), runs.selectinload(RunRow.overrides), plan)
    query = select(ClipRow).where(IS_THERE, ClipRow.id.in_(ids) | ClipRow.variation_of.in_(ids))
    return session.scalars(query.options(*options).order_by(ClipRow.created_at, ClipRow.id)).all()


def single_clips_at_work(session: Session, owner_id: str) -> Sequence[ClipRow]:
    """Somebody's single clips that are being made, those asked for last first."""
    query = select(ClipRow).join(PlanRow).where(ClipRow.clip_plan_id.in_(single_plans(owner_id)))
    query = query.where(IS_THERE, ClipRow.status.in_(_OPEN))
    is_held = (ClipRow.status == ClipStatus.PENDING) & PlanRow.status.in_((PlanStatus.PAUSED, PlanStatus.CANCELLED))
    return session.scalars(query.where(~is_held).order_by(ClipRow.created_at.desc(), ClipRow.id)).all()


def deleted_singles(session: Session, owner_id: str, ids: Sequence[str]) -> Sequence[ClipRow]:
    """Those of somebody's single clips that were deleted."""
    query = select(ClipRow).where(ClipRow.clip_plan_id.in_(single_plans(owner_id)), ~IS_THERE)
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
