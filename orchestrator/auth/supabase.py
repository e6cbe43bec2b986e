"""Supabase Auth, through the client of its own makers.

That client keeps who is signed in: one that several people shared would mix them up. So every call has one of its own,
with the publishable key, which forgets all at the end. Tokens go nowhere but to ``{url}/auth/v1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import httpx
from pydantic import SecretStr, ValidationError

from orchestrator.auth.base import Errand, Grant, MailKind
from orchestrator.auth.tokens import Keys
from orchestrator.errors import NotConfigured, NotSignedIn, OrchestratorError, SignInAway, SignInRefused
from orchestrator.schema.user import User
from orchestrator.schema.view import DoctorItem

if TYPE_CHECKING:
    from supabase_auth import AuthResponse, SyncGoTrueClient
    from supabase_auth.errors import AuthError

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_LINK_HINT = "Ask for a new one, and open it in the browser you asked with."

# What the service refuses, by its code: what happened, what to do next.
# Source: https://supabase.com/docs/guides/auth/debugging/error-codes
_REFUSED: dict[str, tuple[str, str]] = {
    "invalid_credentials": (
        "The address or the password is wrong.",
        "Try again, or have a link sent to you by mail.",
    ),
    "email_not_confirmed": (
        "This address was not confirmed yet.",
        "Open the link in the mail you got, or have a new one sent.",
    ),
    "user_already_exists": ("There is an account with this address.", "Sign in, or ask for a new password."),
    "email_exists": ("There is an account with this address.", "Sign in, or ask for a new password."),
    "weak_password": ("This password is too easy to guess.", "Choose a longer one, of several kinds of characters."),
    "same_password": ("This is the password you have already.", "Choose another one."),
    "user_banned": ("This account is blocked.", "Ask whoever runs this app."),
    "signup_disabled": ("Nobody can sign up here.", "Ask whoever runs this app for an account."),
    "otp_disabled": ("Nobody can sign up here.", "Ask whoever runs this app for an account."),
    "email_provider_disabled": ("Signing in by e-mail is turned off here.", "Choose another way to sign in."),
    "provider_disabled": ("This way of signing in is turned off.", "Choose another one."),
    "oauth_provider_not_supported": ("This way of signing in is turned off.", "Choose another one."),
    "email_address_invalid": ("No mail can be sent to this address.", "Check how it is written."),
    "email_address_not_authorized": ("No mail can be sent to this address.", "Ask whoever runs this app."),
    "validation_failed": ("This is not an address that mail can be sent to.", "Check how it is written."),
    "captcha_failed": (
        "The service asks for a captcha, which this page does not have.",
        "Ask whoever runs this app to turn it off.",
    ),
    "reauthentication_needed": ("The password can only be changed right after signing in.", "Sign in and try again."),
    "otp_expired": ("This link was used already, or is too old.", _LINK_HINT),
    "flow_state_not_found": ("This link was used already, or is too old.", _LINK_HINT),
    "flow_state_expired": ("This link was used already, or is too old.", _LINK_HINT),
    "flow_state_already_used": ("This link was used already, or is too old.", _LINK_HINT),
    "bad_code_verifier": ("This link belongs to another browser.", _LINK_HINT),
}
_EXISTS = frozenset({"email_exists", "user_already_exists"})
_OVER = frozenset(
    {
        "refresh_token_not_found",
        "refresh_token_already_used",
        "session_not_found",
        "session_expired",
        "user_not_found",
        "bad_jwt",
        "no_authorization",
    }
)


class _Pocket:
    """What the client keeps while it is out on an errand; ``verifier`` is what it does not let others read."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get_item(self, key: str) -> str | None:
        return self._kept.get(key)

    def set_item(self, key: str, value: str) -> None:
        self._kept[key] = value

    def remove_item(self, key: str) -> None:
        self._kept.pop(key, None)

    @property
    def verifier(self) -> str:
        return next(iter(self._kept.values()), "").partition("/")[0]  # after it stands what the errand is for


class SupabaseAuth:
    """The ``Auth`` of one Supabase project. ``url`` is https://REF.supabase.co, ``key`` its publishable key. Only
    invitations need its ``secret_key``."""

    def __init__(self, *, url: str, key: SecretStr, keys: Keys, secret_key: SecretStr | None = None) -> None:
        self._url, self._headers, self._keys = f"{url.rstrip('/')}/auth/v1", {"apikey": key.get_secret_value()}, keys
        self._secret = secret_key.get_secret_value() if secret_key else ""

    def with_password(self, email: str, password: str) -> Grant:
        with self._client() as client:
            return _granted(client.sign_in_with_password({"email": email, "password": password}))

    def sign_up(self, email: str, password: str, *, back: str) -> Grant | Errand:
        with self._client(pocket := _Pocket()) as client:
            options: Any = {"email": email, "password": password, "options": {"email_redirect_to": back}}
            response = client.sign_up(options)
            return _granted(response) if response.session else Errand(pocket.verifier)

    def send_link(self, email: str, *, back: str) -> Errand:
        with self._client(pocket := _Pocket()) as client:
            client.sign_in_with_otp({"email": email, "options": {"email_redirect_to": back}})
            return Errand(pocket.verifier)

    def send_recovery(self, email: str, *, back: str) -> Errand:
        with self._client(pocket := _Pocket()) as client:
            client.reset_password_for_email(email, {"redirect_to": back})
            return Errand(pocket.verifier)

    def visit(self, provider: str, *, back: str) -> Errand:
        with self._client(pocket := _Pocket()) as client:
            response = client.sign_in_with_oauth({"provider": cast("Any", provider), "options": {"redirect_to": back}})
            return Errand(pocket.verifier, url=response.url)

    def come_back(self, code: str, verifier: str) -> Grant:
        with self._client() as client:
            params: Any = {"auth_code": code, "code_verifier": verifier}
            return _granted(client.exchange_code_for_session(params))

    def open_mail(self, token_hash: str, kind: MailKind) -> Grant:
        with self._client() as client:
            return _granted(client.verify_otp({"token_hash": token_hash, "type": kind}))

    def refresh(self, refresh_token: str) -> Grant:
        with self._client(is_over=True) as client:
            return _granted(client.refresh_session(refresh_token))

    def look_up(self, access_token: str) -> User:
        with self._client(is_over=True) as client:
            response = client.get_user(access_token)
            if response is None:
                raise NotSignedIn
            return _user(response.user)

    def set_password(self, access_token: str, password: str) -> None:
        with self._client() as client:
            client.set_session(access_token, "")
            client.update_user({"password": password})

    def revoke(self, access_token: str) -> None:
        with self._client() as client:
            client.admin.sign_out(access_token, "local")

    def invite(self, email: str, *, back: str, may_open: bool) -> bool:
        from supabase_auth.errors import AuthError

        if not self._secret:
            raise NotConfigured("Invitations go out by mail only with SUPABASE_SECRET_KEY.")
        if not may_open and self._is_closed():
            words = "Nobody can sign up here, so only an admin's invitation makes an account."
            raise SignInRefused(words, hint="Ask an admin of this installation to add them.")
        with self._client(headers={"apikey": self._secret, "Authorization": f"Bearer {self._secret}"}) as client:
            try:
                client.admin.invite_user_by_email(email, {"redirect_to": back} if back else None)
            except AuthError as error:
                if error.code in _EXISTS:
                    return False
                if error.code == "over_email_send_rate_limit":
                    words = "Supabase has sent as many mails as it may for now."
                    raise SignInRefused(words, hint="Try again in an hour.", retry_after_seconds=3600) from None
                if getattr(error, "status", 0) in (401, 403):
                    raise _key_refused("SUPABASE_SECRET_KEY") from None
                raise
        return True

    def examine(self) -> tuple[DoctorItem, ...]:
        name = "Answer of Supabase Auth"
        try:
            said = self._settings()
            ways = sorted(way for way, is_on in said["external"].items() if is_on)
            keys = self._keys.count()
        except SignInAway:
            return (DoctorItem(name=name, state="broken", detail="it cannot be reached"),)
        except OrchestratorError as error:
            return (DoctorItem(name=name, state="broken", detail=error.message, consequence=error.hint),)
        except (ValueError, KeyError, TypeError, AttributeError):
            return (DoctorItem(name=name, state="broken", detail="it answers something else than Supabase Auth"),)
        if not keys:
            detail = "it signs tokens with a shared secret, which this app does not take"
            hint = "Nobody can sign in until the project has an asymmetric key: Project Settings, JWT Keys."
            return (DoctorItem(name=name, state="broken", detail=detail, consequence=hint),)
        joining = "nobody can sign up" if said.get("disable_signup") else "anybody can sign up"
        plural = "" if keys == 1 else "s"
        detail = f"ways to sign in: {', '.join(ways) or 'none'}; {joining}; {keys} signing key{plural}"
        return (DoctorItem(name=name, state="ok" if ways else "broken", detail=detail),)

    def _is_closed(self) -> bool:
        """Whether nobody can sign up by themselves."""
        try:
            return bool(self._settings()["disable_signup"])
        except (ValueError, KeyError, TypeError):
            raise SignInAway from None

    def _settings(self) -> Any:
        """What the service says of itself to everybody. Raises ``ValueError`` for what is no JSON."""
        try:
            answer = httpx.get(f"{self._url}/settings", headers=self._headers, timeout=_TIMEOUT)
        except httpx.HTTPError:
            raise SignInAway from None
        if answer.status_code == 401:
            raise _key_refused()
        return answer.json()

    @contextmanager
    def _client(
        self, pocket: _Pocket | None = None, *, is_over: bool = False, headers: dict[str, str] | None = None
    ) -> Iterator[SyncGoTrueClient]:
        """One client for one call, with the publishable key or other ``headers``. ``is_over``: what is refused means
        that the sign-in is over."""
        from supabase_auth import SyncGoTrueClient
        from supabase_auth.errors import AuthError

        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as http:
            client = SyncGoTrueClient(
                url=self._url,
                headers=headers or self._headers,
                http_client=http,
                storage=cast("Any", pocket or _Pocket()),
                persist_session=False,
                auto_refresh_token=False,
                flow_type="pkce",
            )
            try:
                yield client
            except AuthError as error:
                raise _said(error, is_over=is_over) from None
            except (ValidationError, httpx.HTTPError):  # what it answers is not what Auth answers
                raise SignInAway from None


def _granted(response: AuthResponse) -> Grant:
    if response.session is None:
        raise SignInAway
    session = response.session
    return Grant(_user(session.user), session.access_token, session.refresh_token)


def _user(said: Any) -> User:
    """Names are left out: people write them themselves, and could write another one's."""
    return User(id=said.id, email=said.email or "", is_email_verified=said.email_confirmed_at is not None)


def _said(error: AuthError, *, is_over: bool) -> OrchestratorError:
    """The error of ours that says what ``error`` says. Its text goes nowhere: addresses may stand in it."""
    status, code = getattr(error, "status", 0), str(error.code or "")
    if status == 429 or code.startswith("over_"):
        if is_over:  # nobody did anything too often who could be told; who is signed in stays so
            return SignInAway()
        seconds = _seconds_in(error.message)
        wait = f"Try again in {seconds} seconds." if seconds else "Try again in some minutes."
        return SignInRefused("There were too many tries in a short time.", hint=wait, retry_after_seconds=seconds or 60)
    if status == 401 and not code:
        return _key_refused()
    if code in _OVER or (is_over and 400 <= status < 500):
        return NotSignedIn()
    if code in _REFUSED:
        message, hint = _REFUSED[code]
        return SignInRefused(message, hint=hint)
    if 400 <= status < 500:
        return SignInRefused(hint="Try again, or choose another way to sign in.")
    return SignInAway()


def _key_refused(name: str = "SUPABASE_PUBLISHABLE_KEY") -> NotConfigured:
    return NotConfigured(f"Supabase does not take {name}.", hint="Copy it from the project's settings, API Keys.")


def _seconds_in(message: str) -> int | None:
    found = re.search(r"after (\d{1,5}) second", message)
    return int(found[1]) if found else None
