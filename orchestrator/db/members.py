"""Who is in a project and may do what there, as row security has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from orchestrator.db.models import ClipRow, MemberRow, PlanRow, ProjectRow, RenderRow, RunRow, SceneRow
from orchestrator.db.records import fetch
from orchestrator.schema.member import Role

_ROLE = text(
    "select role from unnest(cast(:roles as text[])) with ordinality as known (role, place) "
    "where cast(:project_id as uuid) in (select private.projects_as(array[role])) order by place limit 1"
)
# What names a row in a command -> the project that this row is of.
_PROJECTS: Mapping[str, Callable[[Session, str], str]] = {
    "project_id": lambda session, row_id: fetch(session, ProjectRow, row_id).id,
    "plan_id": lambda session, row_id: fetch(session, PlanRow, row_id).project_id,
    "scene_id": lambda session, row_id: _of_plan(session, fetch(session, SceneRow, row_id).clip_plan_id),
    "clip_id": lambda session, row_id: _of_plan(session, fetch(session, ClipRow, row_id).clip_plan_id),
    "run_id": lambda session, row_id: _of_plan(session, fetch(session, RunRow, row_id).clip.clip_plan_id),
    "render_id": lambda session, row_id: _of_plan(session, fetch(session, RenderRow, row_id).clip_plan_id),
}


def project_of(session: Session, kind: str, row_id: str) -> str:
    """The id of the project that a row is of; ``kind`` is what names such rows: ``clip_id``, ``run_id`` ... Raises
    ``NotFound``."""
    return _PROJECTS[kind](session, row_id)


def role_in(session: Session, project_id: str) -> Role | None:
    """What the one this session acts as is in a project; None for a stranger. On Postgres only."""
    found = session.scalar(_ROLE, {"roles": list(Role), "project_id": project_id})
    return Role(found) if found else None


def members_of(session: Session, project_id: str) -> Sequence[MemberRow]:
    """Those who were invited to a project, in that order."""
    query = select(MemberRow).where(MemberRow.project_id == project_id)
    return session.scalars(query.order_by(MemberRow.created_at, MemberRow.email)).all()


def find_member(session: Session, project_id: str, email: str) -> MemberRow | None:
    return session.scalar(select(MemberRow).where(MemberRow.project_id == project_id, MemberRow.email == email))


def memberships(session: Session, user_id: str) -> Sequence[MemberRow]:
    """What somebody was invited to and has taken up."""
    return session.scalars(select(MemberRow).where(MemberRow.user_id == user_id)).all()


def open_invitations(session: Session, email: str) -> Sequence[MemberRow]:
    """The invitations of an address that nobody has taken up."""
    return session.scalars(select(MemberRow).where(MemberRow.email == email, MemberRow.user_id.is_(None))).all()


def _of_plan(session: Session, plan_id: str) -> str:
    return fetch(session, PlanRow, plan_id).project_id
