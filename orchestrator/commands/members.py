"""Projects shared with others: who is invited, and as what."""

from __future__ import annotations

import re

from orchestrator.commands.base import Commands
from orchestrator.db.members import find_member, members_of, memberships, open_invitations
from orchestrator.db.models import MemberRow, ProjectRow
from orchestrator.db.records import fetch
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict, NotConfigured, NotFound
from orchestrator.rights import anybody, is_admin, needs
from orchestrator.schema.member import INVITED_ROLES, InvitationMail, Role
from orchestrator.schema.user import User

# Whether it reaches somebody only a mail can tell; what is no address at all is said at once.
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")
_EMAIL_CHARACTERS_MAX = 254
MEMBERS_MAX = 100


class MemberCommands(Commands):
    """Each may be given twice and is done once. All raise ``NotConfigured`` where nobody signs in."""

    @needs(Role.OWNER)
    def invite(self, project_id: str, email: str, role: str, *, address: str = "") -> InvitationMail:
        """Share a project with whoever signs in with that address; again with another ``role`` it changes that. It
        counts once they have signed in with the address confirmed. Until then every call writes to them, within limits;
        what became of the mail is answered, and changes nothing about the invitation. ``address`` is where the app is
        found by whoever invites; ``PUBLIC_URL`` goes before it. Raises ``BadInput`` for what is no address, for one's
        own and for a role there is none of, ``Conflict`` for the single clips and for more than 100 people."""
        user, to, wanted = self._signed_in(), read_email(email), _read_role(role)
        if to == user.email.lower():
            raise BadInput("That is your own address. The project is yours already.")
        with self._database.write() as session:
            if fetch(session, ProjectRow, project_id, lock=True).kind != "film":
                raise Conflict("Single clips are everybody's own. Add one to a film to share it.")
            row = find_member(session, project_id, to)
            if row is None:
                if len(members_of(session, project_id)) >= MEMBERS_MAX:
                    raise Conflict(f"A project is shared with at most {MEMBERS_MAX} people. Remove somebody first.")
                row = MemberRow(project_id=project_id, email=to)
                row.invited_by, row.invited_by_email = user.id, user.email
                session.add(row)
            row.role = wanted
            has_joined = row.user_id is not None
        if has_joined or self._invitations is None:
            return InvitationMail()
        settings = self._choices.settings
        base = settings.found_at(address)
        back = f"{base}/sign-in/callback" if base else ""
        return self._invitations.send(to, by=user, is_admin=is_admin(user, settings), back=back)

    @needs(Role.OWNER)
    def change_role(self, project_id: str, email: str, role: str) -> None:
        """Let somebody of the project do more or less. Raises ``BadInput`` for a role there is none of, ``NotFound``
        for an address that was not invited."""
        self._signed_in()
        wanted = _read_role(role)
        with self._database.write() as session:
            _member(session, project_id, email).role = wanted

    @needs(Role.OWNER)
    def remove_member(self, project_id: str, email: str) -> None:
        """Take a project away from somebody, at once; an invitation that was not taken up is withdrawn. What they did
        stays. Raises ``NotFound`` for an address that was not invited."""
        self._signed_in()
        with self._database.write() as session:
            session.delete(_member(session, project_id, email))

    @needs(Role.VIEWER)
    def leave(self, project_id: str) -> None:
        """Give up one's own place in somebody's project. Raises ``Conflict`` for its owner."""
        user = self._signed_in()
        with self._database.write() as session:
            mine = [row for row in memberships(session, user.id) if row.project_id == project_id]
            if not mine:
                raise Conflict("This project is yours, so you cannot leave it. You can delete it.")
            for row in mine:
                session.delete(row)

    @anybody
    def take_up_invitations(self) -> int:
        """Join every project that one's confirmed address was invited to; how many were new. Of an address that is not
        confirmed none."""
        user = self._signed_in()
        if not user.is_email_verified:
            return 0
        with self._database.write() as session:
            known = {row.project_id for row in memberships(session, user.id)}
            new = [row for row in open_invitations(session, user.email.lower()) if row.project_id not in known]
            for row in new:
                row.user_id = user.id
        return len(new)

    def _signed_in(self) -> User:
        if self._user is None:
            raise NotConfigured(
                "Projects are shared between people who sign in, and here nobody does.",
                hint="Turn sign-in on first: docs/supabase.md says how.",
            )
        return self._user


def read_email(text: str) -> str:
    """The address as it is kept: in lower case, without spaces around it. Pure. Raises ``BadInput``."""
    address = text.replace("\x00", "").strip().lower()
    if len(address) > _EMAIL_CHARACTERS_MAX or not _EMAIL.fullmatch(address):
        raise BadInput("That is no e-mail address. Write one with an @ and what follows it.")
    return address


def _read_role(role: str) -> Role:
    if role not in INVITED_ROLES:
        raise BadInput(f"There is no such role. Invite as {', '.join(INVITED_ROLES[:-1])} or {INVITED_ROLES[-1]}.")
    return Role(role)


def _member(session: Session, project_id: str, email: str) -> MemberRow:
    row = find_member(session, project_id, email.strip().lower())
    if row is None:
        raise NotFound("Nobody with that address is in this project.")
    return row
