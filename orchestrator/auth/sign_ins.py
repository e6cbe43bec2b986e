"""Browsers in which somebody is signed in, and programs that send a token.

A browser holds 32 random bytes and nothing else. The row they lead to holds the tokens, sealed with a key that is made
of those bytes: rows and their backups open nothing, and any process that serves the app finds who is signed in.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from orchestrator.auth.base import Auth, Grant
from orchestrator.auth.tokens import LEEWAY_SECONDS, Claims, Tokens
from orchestrator.db.session import Database
from orchestrator.db.sign_in_models import SignInRow
from orchestrator.db.sign_ins import add_sign_in, drop_sign_in, find_sign_in, renew_sign_in, touch_sign_in
from orchestrator.errors import Away, NotSignedIn, SignInAway, SignInRefused
from orchestrator.schema.user import User

log = logging.getLogger(__name__)

REFRESH_SECONDS = 90  # before a token expires another one is asked for
KEPT_SECONDS = 20  # so long another process may go on with a browser that has signed out
UNUSED_DAYS = 30
_TOUCH_SECONDS = 3600
_AWAY_SECONDS = 5  # between tries while the service is away
_KEPT_MOST = 10_000
_STRIPES = 64


@dataclass(frozen=True)
class _Kept:
    """What is known of a browser until ``until``: who it is, or why nobody."""

    until: float
    user: User | None = None
    is_away: bool = False

    def answer(self) -> User:
        if self.user is None:
            raise SignInAway if self.is_away else NotSignedIn
        return self.user


@dataclass(frozen=True)
class _Opened:
    """A row, opened: what Supabase granted, and until when."""

    grant: Grant
    expires_at: float
    sealed: str
    seen_at: float


class SignIns:
    """Who is signed in where. Everything here may ask the database and, rarely, the service: it is for threads, not for
    an event loop. No transaction is open while the service is asked. ``now`` is the time in seconds since 1970."""

    def __init__(self, database: Database, *, auth: Auth, tokens: Tokens, now: Callable[[], float] = time.time) -> None:
        self.auth = auth
        self._database, self._tokens, self._now = database, tokens, now
        self._browsers: dict[str, _Kept] = {}
        self._programs: dict[str, _Kept] = {}
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def begin(self, grant: Grant) -> str:
        """Sign a browser in: the secret for its cookie, new every time. Raises ``NotSignedIn`` for tokens that are not
        genuine."""
        claims = self._tokens.verify(grant.access_token)
        if claims.user_id != grant.user.id:
            raise NotSignedIn
        secret, now = secrets.token_urlsafe(32), self._now()
        row = SignInRow(
            id=_id(secret),
            user_id=claims.user_id,
            sealed=_seal(secret, grant),
            expires_at=_moment(claims.expires_at),
            seen_at=_moment(now),
        )
        with self._database.write() as session:
            add_sign_in(session, row, unused_since=_moment(now) - timedelta(days=UNUSED_DAYS))
        return secret

    def known(self, secret: str) -> User | None:
        """Whose browser it is, where that needs no question to anybody."""
        kept = self._browsers.get(_id(secret))
        return kept.user if kept is not None and kept.until > self._now() else None

    def user(self, secret: str) -> User:
        """Whose browser it is. Raises ``NotSignedIn`` when it is nobody's (any more), ``SignInAway`` when its tokens
        have run out and the service cannot give others, ``DatabaseAway``."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}", secret):
            raise NotSignedIn
        sign_in_id = _id(secret)
        kept = self._browsers.get(sign_in_id)
        if kept is None or kept.until <= self._now():
            kept = self._look(secret)
            _keep(self._browsers, sign_in_id, kept, now=self._now())
        return kept.answer()

    def user_of_token(self, token: str) -> User:
        """Whose token a program sends. The service is asked once about it, which ends with its session there; after
        that it counts until it expires. Raises ``NotSignedIn`` and ``SignInAway``."""
        token_id = _id(token)
        kept = self._programs.get(token_id)
        if kept is None or kept.until <= self._now():
            with self._lock(token_id):
                kept = self._programs.get(token_id)
                if kept is None or kept.until <= self._now():
                    claims = self._tokens.verify(token)
                    kept = self._asked(token, claims)
                    _keep(self._programs, token_id, kept, now=self._now())
        return kept.answer()

    def _asked(self, token: str, claims: Claims) -> _Kept:
        try:
            user = self.auth.look_up(token)
        except (NotSignedIn, SignInRefused):
            return _Kept(self._now() + KEPT_SECONDS)
        is_same = user.id == claims.user_id
        return _Kept(claims.expires_at + LEEWAY_SECONDS, user if is_same else None)

    def set_password(self, secret: str, password: str) -> None:
        """A new password for whose browser it is. Raises ``NotSignedIn``, ``SignInRefused`` and ``SignInAway``."""
        self.user(secret)
        opened = self._open(secret)
        if opened is None:
            raise NotSignedIn
        self.auth.set_password(opened.grant.access_token, password)

    def end(self, secret: str) -> None:
        """Sign the browser out: here at once, and there, too, if that can be reached."""
        opened = self._open(secret)
        sign_in_id = _id(secret)
        with self._database.write() as session:
            drop_sign_in(session, sign_in_id)
        _keep(self._browsers, sign_in_id, _Kept(self._now() + KEPT_SECONDS), now=self._now())
        if opened is not None:
            with suppress(Away, NotSignedIn, SignInRefused):
                self.auth.revoke(opened.grant.access_token)

    def _look(self, secret: str) -> _Kept:
        now = self._now()
        opened = self._open(secret)
        if opened is None:
            return _Kept(now + KEPT_SECONDS)
        if opened.expires_at - now < REFRESH_SECONDS:
            return self._refreshed(secret, is_waited_for=opened.expires_at <= now)
        return self._counted(secret, opened)

    def _refreshed(self, secret: str, *, is_waited_for: bool) -> _Kept:
        """The browser with new tokens. One asks for them; the others go on with the old ones, or wait if they must."""
        lock = self._lock(_id(secret))
        if not lock.acquire(blocking=is_waited_for):
            opened = self._open(secret)
            return self._counted(secret, opened, seconds=1.0) if opened else _Kept(self._now() + KEPT_SECONDS)
        try:
            opened = self._open(secret)
            if opened is None:
                return _Kept(self._now() + KEPT_SECONDS)
            if opened.expires_at - self._now() >= REFRESH_SECONDS:  # another one has done it
                return self._counted(secret, opened)
            try:
                grant = self.auth.refresh(opened.grant.refresh_token)
                claims = self._tokens.verify(grant.access_token)
            except Away:
                if opened.expires_at > self._now():
                    return self._counted(secret, opened, seconds=_AWAY_SECONDS)
                return _Kept(self._now() + _AWAY_SECONDS, is_away=True)
            except (NotSignedIn, SignInRefused):
                return self._over(secret, opened)
            return self._renewed(secret, grant, claims)
        finally:
            lock.release()

    def _renewed(self, secret: str, grant: Grant, claims: Claims) -> _Kept:
        sealed, expires_at, now = _seal(secret, grant), _moment(claims.expires_at), _moment(self._now())
        with self._database.write() as session:
            is_there = renew_sign_in(session, _id(secret), sealed=sealed, expires_at=expires_at, seen_at=now)
        if not is_there:  # it signed out meanwhile
            with suppress(Away, NotSignedIn, SignInRefused):
                self.auth.revoke(grant.access_token)
            return _Kept(self._now() + KEPT_SECONDS)
        return self._counted(secret, _Opened(grant, claims.expires_at, sealed, self._now()))

    def _over(self, secret: str, opened: _Opened) -> _Kept:
        """The service refused the tokens. If another process has newer ones by now, those count."""
        with self._database.write() as session:
            was_there = drop_sign_in(session, _id(secret), sealed=opened.sealed)
        newer = None if was_there else self._open(secret)
        if newer is not None and newer.expires_at > self._now():
            return self._counted(secret, newer)
        return _Kept(self._now() + KEPT_SECONDS)

    def _counted(self, secret: str, opened: _Opened, *, seconds: float = KEPT_SECONDS) -> _Kept:
        """Who it is, for some ``seconds`` and no longer than the token."""
        now = self._now()
        try:
            claims = self._tokens.verify(opened.grant.access_token)
        except NotSignedIn:
            return _Kept(now + KEPT_SECONDS)
        except Away:
            return _Kept(now + _AWAY_SECONDS, is_away=True)
        if claims.user_id != opened.grant.user.id:
            return _Kept(now + KEPT_SECONDS)
        if now - opened.seen_at > _TOUCH_SECONDS:
            with self._database.write() as session:
                touch_sign_in(session, _id(secret), seen_at=_moment(now))
        return _Kept(min(now + seconds, opened.expires_at + LEEWAY_SECONDS), opened.grant.user)

    def _open(self, secret: str) -> _Opened | None:
        with self._database.read() as session:
            row = find_sign_in(session, _id(secret))
        if row is None or row.seen_at < _moment(self._now()) - timedelta(days=UNUSED_DAYS):
            return None
        grant = _unseal(secret, row.sealed)
        if grant is None or grant.user.id != row.user_id:
            return None
        return _Opened(grant, row.expires_at.timestamp(), row.sealed, row.seen_at.timestamp())

    def _lock(self, key: str) -> threading.Lock:
        return self._locks[int(key[:8], 16) % _STRIPES]


def _id(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _key(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"sign-in tokens").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _seal(secret: str, grant: Grant) -> str:
    said = {"user": grant.user.model_dump(), "access": grant.access_token, "refresh": grant.refresh_token}
    return _key(secret).encrypt(json.dumps(said).encode()).decode()


def _unseal(secret: str, sealed: str) -> Grant | None:
    try:
        said = json.loads(_key(secret).decrypt(sealed.encode()))
        return Grant(User(**said["user"]), said["access"], said["refresh"])
    except (InvalidToken, ValueError, KeyError, TypeError):
        return None


def _keep(memory: dict[str, _Kept], key: str, kept: _Kept, *, now: float) -> None:
    if len(memory) >= _KEPT_MOST:
        for old in [one for one, other in list(memory.items()) if other.until <= now]:
            memory.pop(old, None)
        if len(memory) >= _KEPT_MOST:
            memory.clear()
    memory[key] = kept
