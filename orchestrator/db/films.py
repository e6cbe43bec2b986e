"""The films of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from orchestrator.db.models import RenderRow
from orchestrator.db.session import Session


def films_of(session: Session, plan_id: str, *, limit: int) -> Sequence[RenderRow]:
    """The newest films of a plan, also partial ones and those that could not be made, newest first."""
    query = select(RenderRow).where(RenderRow.clip_plan_id == plan_id).order_by(RenderRow.created_at.desc())
    return session.scalars(query.limit(limit)).all()
