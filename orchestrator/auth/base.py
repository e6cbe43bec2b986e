"""The port to the service that signs people in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from orchestrator.schema.user import User
from orchestrator.schema.view import DoctorItem

MailKind = Literal["signup", "invite", "magiclink", "recovery", "email_change", "email"]


@dataclass(frozen=True)
class Grant:
    """What a sign-in gives: who it is, as the service itself says, and the tokens. None of these is ever shown."""

    user: User
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True)
class Errand:
    """A person is on the way: to their mail, or, where there is a ``url``, to another service. Whoever comes back with
    a code proves with ``verifier`` that this browser sent them (PKCE); it stays in that browser."""

    verifier: str = field(repr=False)
    url: str = ""


class Auth(Protocol):
    """Every method asks over the network and takes at most some seconds. All raise ``SignInAway`` when the service
    cannot be reached, ``SignInRefused`` with its reason in our words, ``NotConfigured`` when it refuses our key.
    ``back`` is the address of ours that people come back to."""

    def with_password(self, email: str, password: str) -> Grant: ...

    def sign_up(self, email: str, password: str, *, back: str) -> Grant | Errand:
        """An errand where the address is confirmed by mail first. It is not told whether it had an account."""
        ...

    def send_link(self, email: str, *, back: str) -> Errand:
        """Mail a link that signs in, and makes an account where there is none."""
        ...

    def send_recovery(self, email: str, *, back: str) -> Errand:
        """Mail a link that leads to a new password. It is not told whether there is such an account."""
        ...

    def visit(self, provider: str, *, back: str) -> Errand:
        """Where another service (OAuth) asks people who they are. Asks nobody itself."""
        ...

    def come_back(self, code: str, verifier: str) -> Grant:
        """The end of an errand."""
        ...

    def open_mail(self, token_hash: str, kind: MailKind) -> Grant:
        """A link of a mail that leads here directly; good in any browser, and once."""
        ...

    def refresh(self, refresh_token: str) -> Grant:
        """New tokens for old. Raises ``NotSignedIn`` when the sign-in is over."""
        ...

    def look_up(self, access_token: str) -> User:
        """Whose token this is, as the service itself says. Raises ``NotSignedIn``."""
        ...

    def set_password(self, access_token: str, password: str) -> None:
        """Raises ``NotSignedIn``."""
        ...

    def revoke(self, access_token: str) -> None:
        """End this one sign-in there."""
        ...

    def invite(self, email: str, *, back: str, may_open: bool) -> bool:
        """Mail a link that makes an account and leads to a password; False, and no mail, where there is a confirmed
        account. ``may_open``: also where nobody can sign up by themselves. An empty ``back`` leads to where the service
        sends people by default. It may go out although ``SignInAway`` is raised."""
        ...

    def examine(self) -> tuple[DoctorItem, ...]:
        """What the service says of itself. Raises nothing."""
        ...
