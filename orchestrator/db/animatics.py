"""What previews ask of the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.db.models import AnimaticRow, AssetRow, new_id


def find_animatic(session: Session, plan_id: str) -> AnimaticRow | None:
    """How the previews of a plan stand; None if nobody ever asked for them."""
    return session.scalar(select(AnimaticRow).where(AnimaticRow.clip_plan_id == plan_id))


def animatic_of(session: Session, plan_id: str) -> AnimaticRow:
    """The same, as a new row if nobody ever asked. The caller holds the plan's lock."""
    row = find_animatic(session, plan_id)
    if row is None:
        row = AnimaticRow(id=new_id(), clip_plan_id=plan_id)
        session.add(row)
        session.flush()
    return row


def open_animatics(session: Session) -> list[str]:
    """Ids of the plans whose previews are being drawn."""
    return list(session.scalars(select(AnimaticRow.clip_plan_id).where(AnimaticRow.is_open.is_(True))))


def asset_of(session: Session, storage_key: str) -> AssetRow | None:
    """The stored file with that key."""
    return session.scalar(select(AssetRow).where(AssetRow.storage_key == storage_key))
