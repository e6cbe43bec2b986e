"""Two people who are signed in: one owns every project of a seeded workspace, one was invited to ten of them."""

from __future__ import annotations

from sqlalchemy import insert, select, update

from orchestrator.db.models import MemberRow, ProjectRow, utc_now
from orchestrator.db.session import Database
from orchestrator.schema.user import User

ALL = User(id="00000000-0000-0000-0000-0000000000a1", email="all@example.com", is_email_verified=True)
TEN = User(id="00000000-0000-0000-0000-000000000010", email="ten@example.com", is_email_verified=True)
_SHARED = 10


def add_people(database: Database) -> None:
    """Give all projects to ``ALL``; share the newest film, and others as far apart as there are, with ``TEN``."""
    with database.write() as session:
        session.execute(update(ProjectRow).values(owner_id=ALL.id, updated_at=ProjectRow.updated_at))
        films = select(ProjectRow.id).where(ProjectRow.kind == "film").order_by(ProjectRow.created_at.desc())
        film_ids = session.scalars(films).all()
        shared = film_ids[:: max(1, len(film_ids) // _SHARED)][:_SHARED]
        known = {"email": TEN.email, "user_id": TEN.id, "role": "creator", "invited_by": ALL.id}
        session.execute(insert(MemberRow), [{"project_id": one, "created_at": utc_now(), **known} for one in shared])
