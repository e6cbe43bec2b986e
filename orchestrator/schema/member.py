"""Who works together on a project, and what each of them may do there."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.schema.value import Value


class Role(StrEnum):
    """What somebody is in a project. Whoever may do more may do all that others may."""

    OWNER = "owner"
    CREATOR = "creator"
    REVIEWER = "reviewer"
    VIEWER = "viewer"

    def covers(self, wanted: Role) -> bool:
        """Whether this one may do what asks for ``wanted``."""
        order = list(Role)
        return order.index(self) <= order.index(wanted)


INVITED_ROLES = (Role.CREATOR, Role.REVIEWER, Role.VIEWER)


class Person(Value):
    """Somebody of a project. ``has_joined`` is False for an invitation that was not taken up yet; ``invited_by`` is the
    e-mail of who invited them, empty for the owner. ``email`` is empty where the owner's is not known here."""

    email: str
    role: Role
    has_joined: bool = True
    invited_by: str = ""
    is_you: bool = False


class MailState(StrEnum):
    """What became of the mail of an invitation. ``none``: there was none to send, since they have joined already, or
    since this installation sends none."""

    SENT = "sent"
    HAS_ACCOUNT = "has_account"
    FAILED = "failed"
    NONE = "none"


class InvitationMail(Value):
    """``reason`` says why none was sent, and what to do, as users read it; empty when it was."""

    state: MailState = MailState.NONE
    reason: str = ""
