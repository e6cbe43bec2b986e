"""The mails that invite people: who gets one, how often, and what is said when none went out."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from orchestrator.auth.base import Auth
from orchestrator.errors import NotConfigured, SignInAway, SignInRefused
from orchestrator.schema.member import InvitationMail, MailState
from orchestrator.schema.user import User

log = logging.getLogger(__name__)

# The service itself limits only all mails together: one person could use up those of all.
AGAIN_SECONDS = 60  # until the same address gets another one
HOUR_SECONDS = 3600
MAILS_PER_HOUR = 20  # of one person

_HAS_ACCOUNT = "They have an account here, and the service writes only to those who have none."
_AWAY = "The service that signs people in did not answer, or could not send it. Try again in some minutes."
_NOT_CONFIGURED = "This installation is not set up for it. Ask whoever runs it; the log says more."


class Invitations:
    """Sends the mails of one process, with the limits above kept in its memory. ``now`` is the time in seconds since
    1970."""

    def __init__(self, auth: Auth, *, now: Callable[[], float] = time.time) -> None:
        self._auth, self._now = auth, now
        self._to: dict[str, float] = {}  # address -> when the last one went there
        self._by: dict[str, list[float]] = {}  # user id -> when theirs went out
        self._lock = threading.Lock()

    def send(self, email: str, *, by: User, is_admin: bool, back: str) -> InvitationMail:
        """Write to ``email`` that ``by`` invites them; ``back`` is the address of ours that the mail leads to, empty
        where it is not known. Asks over the network and takes at most some seconds. Raises nothing: the invitation
        stands without its mail."""
        if wait := self._reserve(email, by.id):
            return InvitationMail(state=MailState.FAILED, reason=wait)
        try:
            if self._auth.invite(email, back=back, may_open=is_admin):
                return InvitationMail(state=MailState.SENT)
            return InvitationMail(state=MailState.HAS_ACCOUNT, reason=_HAS_ACCOUNT)
        except SignInRefused as error:
            reason = f"{error.message} {error.hint}".strip()
        except SignInAway:
            reason = _AWAY
        except NotConfigured as error:
            log.error("No invitation can be mailed: %s %s", error.message, error.hint)
            reason = _NOT_CONFIGURED
        with self._lock:
            self._to.pop(email, None)  # trying again is no second mail
        return InvitationMail(state=MailState.FAILED, reason=reason)

    def _reserve(self, email: str, user_id: str) -> str:
        """Count one more mail; why not, where there were too many."""
        with self._lock:
            now = self._now()
            self._to = {one: at for one, at in self._to.items() if now - at < AGAIN_SECONDS}
            self._by = {one: kept for one, times in self._by.items() if (kept := _lately(times, now=now))}
            if reason := too_soon(email, self._to, self._by.get(user_id, ()), now=now):
                return reason
            self._to[email] = now
            self._by.setdefault(user_id, []).append(now)
        return ""


def too_soon(email: str, sent_to: Mapping[str, float], sent_by: Sequence[float], *, now: float) -> str:
    """Why ``email`` is not written to yet, with how long to wait; empty when it may be. ``sent_by`` are the moments of
    the mails of whoever invites, the oldest first. Pure."""
    if email in sent_to and (left := AGAIN_SECONDS - (now - sent_to[email])) > 0:
        return f"A mail went there less than a minute ago. Try again in {_counted(left, 'second')}."
    lately = _lately(sent_by, now=now)
    if len(lately) >= MAILS_PER_HOUR:
        wait = _counted((HOUR_SECONDS - (now - lately[0])) / 60, "minute")
        return f"You sent {MAILS_PER_HOUR} invitations within an hour. Try again in {wait}."
    return ""


def _lately(times: Sequence[float], *, now: float) -> list[float]:
    return [at for at in times if now - at < HOUR_SECONDS]


def _counted(amount: float, noun: str) -> str:
    """Rounded up: who waits that long has waited long enough."""
    number = math.ceil(amount)
    return f"{number} {noun}{'' if number == 1 else 's'}"
