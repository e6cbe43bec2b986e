"""Access tokens, verified here with the public keys of the project that signs them.

Source: https://supabase.com/docs/guides/auth/jwts and RFC 8725. A token says which key it was signed with; it never
says how it is to be verified, nor where a key is to be had.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import jwt

from orchestrator.errors import NotConfigured, NotSignedIn, SignInAway

ALGORITHMS = frozenset({"ES256", "RS256", "EdDSA"})
AUDIENCE = ROLE = "authenticated"
LEEWAY_SECONDS = 30
_ASK_AGAIN_SECONDS = 30  # for a key that is not known, or while the service does not answer
_FRESH_SECONDS = 600  # a key that was withdrawn counts no longer than that
_TIMEOUT = httpx.Timeout(5.0)
_TOKEN_CHARACTERS_MAX = 20_000
_KEYS_BYTES_MAX = 100_000


@dataclass(frozen=True)
class Claims:
    """Of a token that was verified. ``expires_at`` is in seconds since 1970. Whether the address is the person's own is
    not among them: what a token says of that, people write themselves."""

    user_id: str
    email: str
    expires_at: float


class Keys:
    """The public keys of a project, by their ids: asked for once and then kept. A key that is not known is looked for
    anew, at most once in half a minute, and one who asks does so for all who wait."""

    def __init__(self, url: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._url, self._now = url, now
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] | None = None
        self._asked_at = -float(_ASK_AGAIN_SECONDS) + now()
        self._fetched_at = 0.0
        self._is_away = False

    def count(self) -> int:
        """How many there are that we can use, asked now. Raises ``SignInAway``."""
        with self._lock:
            self._fetch()
            return len(self._keys or {})

    def find(self, key_id: str) -> jwt.PyJWK | None:
        """The key of that id; None when the project has no such key. Raises ``SignInAway`` when it cannot be asked, and
        ``NotConfigured`` when it publishes no key at all."""
        key = (self._keys or {}).get(key_id)
        if key is not None and self._now() - self._fetched_at < _FRESH_SECONDS:
            return key
        with self._lock:
            key = (self._keys or {}).get(key_id)
            is_stale = self._now() - self._fetched_at >= _FRESH_SECONDS
            if (key is None or is_stale) and self._now() - self._asked_at >= _ASK_AGAIN_SECONDS:
                with contextlib.suppress(SignInAway):  # the keys that are known go on
                    self._fetch()
                key = (self._keys or {}).get(key_id)
            if self._keys is None or (key is None and self._is_away):
                raise SignInAway
            if not self._keys:
                raise NotConfigured(
                    "The Supabase project signs its tokens with a shared secret, which this app does not take.",
                    hint="Give it an asymmetric signing key: in the dashboard under Project Settings, JWT Keys.",
                )
            return key

    def _fetch(self) -> None:
        self._asked_at, self._is_away = self._now(), True
        try:
            answer = httpx.get(self._url, timeout=_TIMEOUT)
            if answer.status_code != 200 or len(answer.content) > _KEYS_BYTES_MAX:
                raise SignInAway
            listed = answer.json()["keys"]
            self._keys = {key.key_id: key for key in map(_usable, listed) if key is not None and key.key_id}
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            raise SignInAway from None
        self._fetched_at, self._is_away = self._now(), False


class Tokens:
    """Verifies access tokens of one issuer, ``https://REF.supabase.co/auth/v1``."""

    def __init__(self, issuer: str, keys: Keys) -> None:
        self._issuer, self._keys = issuer, keys

    def verify(self, token: str) -> Claims:
        """What ``token`` says, once it is known to be genuine. Raises ``NotSignedIn`` for one that is expired, of
        another issuer or no token at all, and what ``Keys.find`` raises."""
        try:
            if len(token) > _TOKEN_CHARACTERS_MAX:
                raise jwt.DecodeError
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError):
            raise NotSignedIn("That is no access token.") from None
        key_id = header.get("kid")
        # A key of a project without any is looked for all the same: whoever set it up is told what is wrong with it.
        key = self._keys.find(key_id if isinstance(key_id, str) else "")
        if key is None or header.get("alg") not in ALGORITHMS:
            raise NotSignedIn("The access token was not signed by this project.")
        try:
            said = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._issuer,
                audience=AUDIENCE,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
            user_id = str(uuid.UUID(said["sub"]))
            expires_at = float(said["exp"])
        except jwt.ExpiredSignatureError:
            raise NotSignedIn("The access token has expired.") from None
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError):
            raise NotSignedIn("The access token is not one of this project's people.") from None
        if said.get("role") != ROLE or said.get("is_anonymous"):
            raise NotSignedIn("The access token is not one of this project's people.")
        email = said.get("email")
        return Claims(user_id, email if isinstance(email, str) else "", expires_at)


def _usable(described: object) -> jwt.PyJWK | None:
    """A public key for one of our algorithms; None for a shared secret and for what is none."""
    if not isinstance(described, dict) or described.get("kty") not in ("EC", "RSA", "OKP"):
        return None
    if described.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(described)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
