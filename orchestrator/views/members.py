"""Who works together on a project."""

from __future__ import annotations

from orchestrator.db.members import members_of, role_in
from orchestrator.db.models import ProjectRow
from orchestrator.db.records import fetch
from orchestrator.errors import NotFound
from orchestrator.schema.member import Person, Role
from orchestrator.views.base import Reads


class MemberReads(Reads):
    """Who works together on a project."""

    def my_role(self, project_id: str) -> Role:
        """What whoever asks is in a project: its owner, where nobody signs in. Raises ``NotFound``."""
        with self._database.read() as session:
            project_id = fetch(session, ProjectRow, project_id).id
            role = role_in(session, project_id) if self._user else Role.OWNER
        if role is None:
            raise NotFound
        return role

    def people(self, project_id: str) -> tuple[Person, ...]:
        """The owner, then those who were invited, in that order. Raises ``NotFound``."""
        with self._database.read() as session:
            project, rows = fetch(session, ProjectRow, project_id), members_of(session, project_id)
            is_mine = self._user is None or project.owner_id == self._user.id
            if is_mine:
                owner = self._user.email if self._user else ""
            else:
                owner = next((row.invited_by_email for row in rows if row.invited_by == project.owner_id), "")
            return (
                Person(email=owner, role=Role.OWNER, is_you=is_mine),
                *(
                    Person(
                        email=row.email,
                        role=Role(row.role),
                        has_joined=row.user_id is not None,
                        invited_by=row.invited_by_email,
                        is_you=self._user is not None and row.user_id == self._user.id,
                    )
                    for row in rows
                ),
            )
