"""The rows of what people changed, the clips of a plan with those that were taken out, and room for new ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from orchestrator.db.models import ClipRow, EditRow, PlanRow, ProjectRow, SceneRow, utc_now

EDITS_KEPT = 200


class EditLine(NamedTuple):
    """An edit without what it changed."""

    id: str
    kind: str
    label: str
    made_by: str
    created_at: datetime
    undone_at: datetime | None
    undone_by: str


def standing_edits(session: Session, project_id: str) -> list[EditLine]:
    """What can be undone and, after that, done again, in the order it was done. Changes of a plan that another one has
    taken the place of are not among them."""
    names = ("id", "kind", "label", "made_by", "created_at", "undone_at", "undone_by")
    columns = [getattr(EditRow, name) for name in names]
    planned_at = select(func.max(PlanRow.created_at)).where(PlanRow.project_id == project_id).scalar_subquery()
    is_void = (EditRow.kind == "plan") & (EditRow.created_at < planned_at)
    query = select(*columns).where(EditRow.project_id == project_id, ~func.coalesce(is_void, False))
    return [EditLine(*row) for row in session.execute(query.order_by(EditRow.created_at))]


def to_undo(edits: Sequence[EditLine]) -> EditLine | None:
    """Of ``standing_edits`` the one that is undone next."""
    return next((edit for edit in reversed(edits) if edit.undone_at is None), None)


def to_redo(edits: Sequence[EditLine]) -> EditLine | None:
    """Of ``standing_edits`` the one that is done again next: what was undone last."""
    return next((edit for edit in edits if edit.undone_at is not None), None)


def edits_by_id(session: Session, edit_ids: Sequence[str]) -> Sequence[EditRow]:
    """These edits, in no order."""
    return session.scalars(select(EditRow).where(EditRow.id.in_(edit_ids))).all() if edit_ids else []


def newest_edit(session: Session, project_id: str) -> EditRow | None:
    query = select(EditRow).where(EditRow.project_id == project_id)
    return session.scalar(query.order_by(EditRow.created_at.desc()).limit(1))


def newest_edit_of(session: Session, project_id: str, names: Iterable[str]) -> EditRow | None:
    """The newest edit that changed something of these ``names``, done or undone; of anything when there are none."""
    wanted = {*names}
    query = select(EditRow).where(EditRow.project_id == project_id).order_by(EditRow.created_at.desc())
    rows = session.scalars(query.limit(EDITS_KEPT))
    return next((row for row in rows if not wanted or wanted & row.after.keys()), None)


def count_change(session: Session, project_id: str) -> int:
    """Count that somebody changed something in a project, so that others see it; its version now."""
    counted = update(ProjectRow).where(ProjectRow.id == project_id).values(version=ProjectRow.version + 1)
    options = {"synchronize_session": False}
    return session.execute(counted.returning(ProjectRow.version), execution_options=options).scalar() or 0


def drop_undone(session: Session, project_id: str) -> None:
    """Something else was done: what was undone before cannot be done again."""
    session.execute(delete(EditRow).where(EditRow.project_id == project_id, EditRow.undone_at.is_not(None)))


def add_edit(session: Session, row: EditRow) -> None:
    """Keep an edit as the newest of its project; the oldest make room. Whatever clocks say, it is later than the one
    before it."""
    last = newest_edit(session, row.project_id)
    now = utc_now()
    row.created_at = max(now, last.created_at + timedelta(microseconds=1)) if last else now
    session.add(row)
    session.flush()
    query = select(EditRow.id).where(EditRow.project_id == row.project_id)
    oldest = session.scalars(query.order_by(EditRow.created_at.desc()).offset(EDITS_KEPT)).all()
    if oldest:
        session.execute(delete(EditRow).where(EditRow.id.in_(oldest)))


def all_clips(session: Session, plan_id: str) -> dict[str, ClipRow]:
    """Every clip of a plan by id, those that were taken out too."""
    return {clip.id: clip for clip in session.scalars(select(ClipRow).where(ClipRow.clip_plan_id == plan_id))}


def scenes_by_id(session: Session, plan_id: str) -> dict[str, SceneRow]:
    return {row.id: row for row in session.scalars(select(SceneRow).where(SceneRow.clip_plan_id == plan_id))}


def insert_clips(session: Session, plan: PlanRow, clips: Sequence[ClipRow], *, after: ClipRow) -> None:
    """New ``clips`` right after one: all behind it move on, in place and order, those that were taken out too."""
    count, behind = len(clips), after.position
    # First out of everybody's way, then in: two clips of a plan never share a position, not even for a moment.
    far = 1_000_000
    moved = (ClipRow.clip_plan_id == plan.id) & (ClipRow.position > behind)
    session.flush()
    for shift in (far + count, -far):
        session.execute(
            update(ClipRow).where(moved).values(position=ClipRow.position + shift).execution_options(**_IN_PLACE)
        )
    for other in plan.clips:
        if other.order_key > after.order_key:
            other.order_key += count
    for offset, clip in enumerate(clips, start=1):
        clip.clip_plan_id = plan.id
        clip.position, clip.order_key = behind + offset, after.order_key + offset
        session.add(clip)
    session.flush()
    session.expire(plan, ["clips"])


_IN_PLACE = {"synchronize_session": "fetch"}
