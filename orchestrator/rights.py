"""Who may give a command or ask for a read. Said beside each of them, and looked at before anything happens.

Row security decides what people read and write. Some commands write nothing themselves and only set work off, and some
would touch no row where they are not allowed; so each says which role it needs, and the database is asked for that role
first. What a command sets off is done by the worker.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from orchestrator.choices import Choices
from orchestrator.db.members import project_of, role_in
from orchestrator.db.models import LOCAL_OWNER
from orchestrator.db.session import Database, Session
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.schema.member import Role
from orchestrator.schema.user import User
from orchestrator.settings import Settings

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
_MAY = {
    Role.CREATOR: "You may make films in this project",
    Role.REVIEWER: "You review this project",
    Role.VIEWER: "You may look at this project",
}
_IS_FOR = {
    Role.OWNER: "its owner",
    Role.CREATOR: "its owner and its creators",
    Role.REVIEWER: "its owner, creators and reviewers",
}
# Names of parameters by the kind of row they name.
_KINDS = {"clip_ids": "clip_id", "chosen_run_id": "run_id"}


class Asker:
    """Whoever gives commands or asks for reads: ``user``, or None where nobody signs in, and for the worker itself."""

    def __init__(self, *, database: Database, choices: Choices, user: User | None) -> None:
        self._database = database
        self._choices = choices
        self._user = user

    def require_role(self, role: Role, kind: str, row_id: str) -> None:
        """Raises ``NotAllowed`` unless the one who is signed in has ``role`` in the project of a row (see
        ``project_of``), ``NotFound`` where they see no such row."""
        if self._user is not None:
            with self._database.read() as session:
                check_role(session, kind, row_id, role)

    def require_admin(self) -> None:
        """Raises ``NotAllowed`` unless this one may change the installation itself."""
        check_admin(self._user, self._choices.settings)

    @property
    def _owner_id(self) -> str:
        """Whose a new project is, and whose single clips are read."""
        return self._user.id if self._user else LOCAL_OWNER

    def _name(self, by: str) -> str:
        """Under which name a word stands: of the one who is signed in; else the name given, else the one of this
        installation."""
        given = self._user.title if self._user else by
        return " ".join(given.replace("\x00", "").split())[:80] or self._choices.reviewer_name


Asking = TypeVar("Asking", bound=Asker)
Command = Callable[Concatenate[Asking, Given], Answer]


def needs(role: Role, *, of: str = "") -> Callable[[Command[Asking, Given, Answer]], Command[Asking, Given, Answer]]:
    """For those who have ``role`` in the project of the row that the argument ``of`` names, by default the first one.
    Where that is empty the project is their own. Others get ``NotAllowed``; who does not see it, ``NotFound``."""

    def guard(command: Command[Asking, Given, Answer]) -> Command[Asking, Given, Answer]:
        signature = inspect.signature(command)
        name = of or list(signature.parameters)[1]
        kind = _KINDS.get(name, name)

        @functools.wraps(command)
        def guarded(asking: Asking, *given: Given.args, **named: Given.kwargs) -> Answer:
            said = signature.bind(asking, *given, **named).arguments[name]
            for row_id in (said,) if isinstance(said, str) else dict.fromkeys(said):
                if row_id:
                    asking.require_role(role, kind, row_id)
            return command(asking, *given, **named)

        return _marked(guarded, role)

    return guard


def anybody(command: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """For whoever is signed in: what it makes is their own, and what they do not see is not there."""
    return _marked(command, "anybody")


def admins(command: Command[Asking, Given, Answer]) -> Command[Asking, Given, Answer]:
    """For the admins of this installation. Others get ``NotAllowed``."""

    @functools.wraps(command)
    def guarded(asking: Asking, *given: Given.args, **named: Given.kwargs) -> Answer:
        asking.require_admin()
        return command(asking, *given, **named)

    return _marked(guarded, "admins")


def is_admin(user: User | None, settings: Settings) -> bool:
    """Whether this one may change the installation itself: whoever uses it where nobody signs in, else those whom
    ``ADMINS`` names by an e-mail address that is known to be theirs."""
    if user is None:
        return True
    return user.is_email_verified and user.email.lower() in settings.admins


def check_admin(user: User | None, settings: Settings) -> None:
    """Raises ``NotAllowed``."""
    if not is_admin(user, settings):
        raise NotAllowed(
            "Only an admin of this installation changes this. Nothing was changed.",
            hint="The setting ADMINS names its admins.",
        )


def check_role(session: Session, kind: str, row_id: str, wanted: Role) -> None:
    """Raises ``NotAllowed`` unless the one this session acts as has that role in the project of a row, ``NotFound``
    where they see no such row."""
    role = role_in(session, project_of(session, kind, row_id))
    if role is None:
        raise NotFound
    if not role.covers(wanted):
        raise NotAllowed(
            f"{_MAY[role]}; this is for {_IS_FOR[wanted]}. Nothing was changed.",
            hint="Its owner can give you another role.",
        )


def _marked(command: Any, asked: str) -> Any:
    command.is_for = asked
    return command
