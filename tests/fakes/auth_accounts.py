"""People, their sessions, the mails they get and the tokens that are signed for them, as Supabase Auth keeps them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit, urlunsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

SHARED_SECRET = "the secret that a project of the old kind shares with its servers"
PREFIX = "/auth/v1"
REUSE_SECONDS = 10
MAIL_EVERY_SECONDS = 60


@dataclass
class Mail:
    """``kind`` is signup, magiclink, invite or recovery; ``link`` what GoTrue's own templates lead to."""

    kind: str
    to: str
    link: str
    token_hash: str


@dataclass
class Person:
    email: str
    password: str
    confirmed_at: str | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: str = field(default_factory=lambda: _now())
    metadata: dict[str, Any] = field(default_factory=dict)
    is_banned: bool = False
    mailed_at: float = 0.0


@dataclass
class Flow:
    """What a mail or a visit to another service leads back to."""

    user: str
    challenge: str
    redirect_to: str
    kind: str


@dataclass
class _Refresh:
    session: str
    user: str
    used_at: float | None = None
    child: str = ""


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message, **more}


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


class Accounts:
    """``url`` is the address of the project. Everything below "routes" is called under ``lock``."""

    def __init__(self, url: str) -> None:
        self.url, self.issuer = url, f"{url}{PREFIX}"
        self.mails: list[Mail] = []
        self.users: dict[str, Person] = {}
        self.sessions: dict[str, str] = {}  # id -> user id
        self.is_autoconfirm = self.uses_shared_secret = self.limits_mails = False
        self.allows_signup = True
        self.mails_left: int | None = None
        self.ways: tuple[str, ...] = ("email", "github", "google")
        self.token_seconds, self.min_password = 3600, 6
        self.lock = threading.RLock()
        self._refreshes: dict[str, _Refresh] = {}
        self._mailed: dict[str, Flow] = {}  # token hash -> flow
        self._codes: dict[str, Flow] = {}
        self._visits: dict[str, Flow] = {}
        self._keys: list[tuple[str, ec.EllipticCurvePrivateKey]] = []
        self.rotate_key()

    def add_user(self, email: str, password: str, *, is_confirmed: bool = True) -> str:
        """Somebody with an account; their id."""
        with self.lock:
            user = Person(email, password, _now() if is_confirmed else None)
            self.users[user.id] = user
            return user.id

    def token_for(self, user_id: str, *, seconds: int | None = None, **claims: Any) -> str:
        """An access token of a new session, good for ``seconds``; ``claims`` stand in the place of its own."""
        with self.lock:
            session = str(uuid.uuid4())
            self.sessions[session] = user_id
        return self._sign(user_id, session, seconds=seconds, **claims)

    def rotate_key(self) -> None:
        """Sign with a new key from now on; the earlier ones stay published."""
        self._keys.insert(0, (str(uuid.uuid4()), ec.generate_private_key(ec.SECP256R1())))

    def forget_old_keys(self) -> None:
        del self._keys[1:]

    def end_sessions(self, user_id: str) -> None:
        """As when an administrator signs somebody out everywhere."""
        with self.lock:
            for session in [one for one, user in self.sessions.items() if user == user_id]:
                self.end_session(session)

    def end_session(self, session: str) -> None:
        self.sessions.pop(session, None)
        self._refreshes = {token: one for token, one in self._refreshes.items() if one.session != session}

    def jwks(self) -> dict[str, Any]:
        if self.uses_shared_secret:
            return {"keys": []}
        keys = []
        for kid, private in self._keys:
            described = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))
            keys.append({**described, "kid": kid, "alg": "ES256", "use": "sig", "key_ops": ["verify"]})
        return {"keys": keys}

    # --- routes ---

    def find(self, email: str) -> Person | None:
        return next((user for user in self.users.values() if user.email == email.strip().lower()), None)

    def check_password(self, password: str) -> None:
        if len(password) < self.min_password:
            message = f"Password should be at least {self.min_password} characters."
            raise Refused(422, "weak_password", message, weak_password={"reasons": ["length"]})

    def mail(self, user: Person, kind: str, *, challenge: str, redirect_to: str) -> None:
        if self.mails_left == 0:
            raise Refused(429, "over_email_send_rate_limit", "email rate limit exceeded")
        if self.mails_left is not None:
            self.mails_left -= 1
        if self.limits_mails and kind != "invite" and (left := user.mailed_at + MAIL_EVERY_SECONDS - time.time()) > 0:
            words = f"For security purposes, you can only request this after {int(left) + 1} seconds."
            raise Refused(429, "over_email_send_rate_limit", words)
        user.mailed_at = time.time()
        token = ("pkce_" if challenge else "") + secrets.token_hex(28)
        self._mailed[token] = Flow(user.id, challenge, redirect_to, kind)
        query = urlencode({"token": token, "type": kind, "redirect_to": redirect_to})
        self.mails.append(Mail(kind, user.email, f"{self.issuer}/verify?{query}", token))

    def open_mail(self, token: str) -> Flow:
        flow = self._mailed.pop(token, None)
        if flow is None:
            raise Refused(403, "otp_expired", "Email link is invalid or has expired")
        user = self.users[flow.user]
        user.confirmed_at = user.confirmed_at or _now()
        return flow

    def make_code(self, flow: Flow) -> str:
        code = str(uuid.uuid4())
        self._codes[code] = flow
        return code

    def exchange(self, code: str, verifier: str) -> dict[str, Any]:
        if not code or not verifier:
            words = "invalid request: both auth code and code verifier should be non-empty"
            raise Refused(400, "validation_failed", words)
        flow = self._codes.get(code)
        if flow is None:
            raise Refused(404, "flow_state_not_found", "invalid flow state, no valid flow state found")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if digest != flow.challenge:
            raise Refused(400, "bad_code_verifier", "code challenge does not match previously saved code verifier")
        del self._codes[code]
        return self.sign_in(self.users[flow.user])

    def sign_in(self, user: Person) -> dict[str, Any]:
        if user.is_banned:
            raise Refused(400, "user_banned", "User is banned")
        session = str(uuid.uuid4())
        self.sessions[session] = user.id
        return self._grant(user, session)

    def refresh(self, token: str) -> dict[str, Any]:
        known = self._refreshes.get(token)
        if known is None:
            raise Refused(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        user = self.users[known.user]
        if user.is_banned:
            raise Refused(400, "user_banned", "Invalid Refresh Token: User Banned")
        if known.used_at is not None:
            if time.time() - known.used_at > REUSE_SECONDS:
                self.end_session(known.session)
                raise Refused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
            return self._grant(user, known.session, refresh_token=known.child)
        granted = self._grant(user, known.session)
        known.used_at, known.child = time.time(), granted["refresh_token"]
        return granted

    def age_refresh_tokens(self, seconds: float) -> None:
        """As if what was used had been used so much earlier."""
        with self.lock:
            for one in self._refreshes.values():
                if one.used_at is not None:
                    one.used_at -= seconds

    def visit(self, provider: str, *, challenge: str, redirect_to: str) -> str:
        """Where the browser is sent to say who it is."""
        if provider not in self.ways or provider == "email":
            raise Refused(400, "validation_failed", "Unsupported provider: provider is not enabled")
        state = secrets.token_urlsafe(16)
        self._visits[state] = Flow("", challenge, redirect_to, provider)
        return f"{PREFIX}/elsewhere?state={state}"

    def return_from(self, state: str, email: str) -> str:
        """Where the browser is sent back to."""
        flow = self._visits.pop(state)
        if not email:
            words = {"error": "access_denied", "error_code": "access_denied", "error_description": "They said no"}
            return with_query(flow.redirect_to, words)
        user = self.find(email) or self.users[self.add_user(email, secrets.token_hex())]
        flow.user = user.id
        return with_query(flow.redirect_to, {"code": self.make_code(flow)})

    def describe(self, user: Person) -> dict[str, Any]:
        return {
            "id": user.id,
            "aud": "authenticated",
            "role": "authenticated",
            "email": user.email,
            "email_confirmed_at": user.confirmed_at,
            "confirmed_at": user.confirmed_at,
            "phone": "",
            "app_metadata": {"provider": "email", "providers": ["email"]},
            "user_metadata": {"email": user.email, "email_verified": True, **user.metadata},
            "identities": [],
            "created_at": user.created_at,
            "updated_at": user.created_at,
            "is_anonymous": False,
        }

    def user_of(self, authorization: str) -> tuple[Person, str]:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Refused(401, "no_authorization", "This endpoint requires a valid Bearer token")
        try:
            key = (
                SHARED_SECRET if self.uses_shared_secret else dict(self._keys)[jwt.get_unverified_header(token)["kid"]]
            )
            public = key if isinstance(key, str) else key.public_key()
            claims = jwt.decode(token, public, algorithms=["HS256", "ES256"], audience="authenticated")
        except (jwt.PyJWTError, KeyError):
            raise Refused(403, "bad_jwt", "invalid JWT: unable to parse or verify signature") from None
        if claims["session_id"] not in self.sessions:
            words = "Session from session_id claim in JWT does not exist"
            raise Refused(403, "session_not_found", words)
        return self.users[claims["sub"]], claims["session_id"]

    def _grant(self, user: Person, session: str, *, refresh_token: str = "") -> dict[str, Any]:
        token = refresh_token or secrets.token_urlsafe(9)
        self._refreshes.setdefault(token, _Refresh(session, user.id))
        return {
            "access_token": self._sign(user.id, session),
            "token_type": "bearer",
            "expires_in": self.token_seconds,
            "expires_at": int(time.time()) + self.token_seconds,
            "refresh_token": token,
            "user": self.describe(user),
        }

    def _sign(self, user_id: str, session: str, *, seconds: int | None = None, **claims: Any) -> str:
        user, now = self.users[user_id], int(time.time())
        said = {
            "iss": self.issuer,
            "sub": user_id,
            "aud": "authenticated",
            "exp": now + (self.token_seconds if seconds is None else seconds),
            "iat": now,
            "email": user.email,
            "phone": "",
            "role": "authenticated",
            "aal": "aal1",
            "session_id": session,
            "is_anonymous": False,
            "user_metadata": {"email_verified": True, **user.metadata},
            **claims,
        }
        if self.uses_shared_secret:
            return jwt.encode(said, SHARED_SECRET, algorithm="HS256")
        kid, private = self._keys[0]
        return jwt.encode(said, private, algorithm="ES256", headers={"kid": kid})


def check_address(email: str) -> None:
    if "@" not in email:
        raise Refused(400, "validation_failed", "Unable to validate email address: invalid format")


def with_query(address: str, values: dict[str, str]) -> str:
    split = urlsplit(address)
    query = urlencode({**{k: v[0] for k, v in parse_qs(split.query).items()}, **values}, quote_via=quote)
    return urlunsplit(split._replace(query=query))
