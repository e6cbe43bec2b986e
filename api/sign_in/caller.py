"""The browser that asks: its cookies, and the address it reaches us by."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response

from orchestrator.auth.base import Grant
from orchestrator.auth.cookies import ERRAND, SESSION, Carried, is_encrypted, name_of, pack, secret_in, unpack
from orchestrator.auth.sign_ins import UNUSED_DAYS, SignIns
from orchestrator.bootstrap import App
from orchestrator.errors import Away, NotConfigured
from orchestrator.settings import Settings

SESSION_SECONDS = UNUSED_DAYS * 86_400
VISIT_SECONDS = 600  # at another service
MAIL_SECONDS = 3600  # as long as Supabase's links in mails are good
RECOVERY, NEW_PASSWORD, FIRST_PASSWORD = "recovery", "new password", "first password"


@dataclass(frozen=True)
class Caller:
    """``address`` is ours, as this browser or PUBLIC_URL has it; ``secret`` is empty where nobody is signed in."""

    sign_ins: SignIns
    settings: Settings
    address: str
    is_secure: bool
    secret: str
    carried: Carried

    @classmethod
    def of(cls, request: HTTPConnection) -> Caller:
        app: App = request.app.state.get_app()
        if app.sign_ins is None:
            raise NotConfigured("Nobody signs in here.")
        is_secure = came_encrypted(request, app.settings)
        return cls(
            sign_ins=app.sign_ins,
            settings=app.settings,
            address=address_of(request, app.settings),
            is_secure=is_secure,
            secret=secret_in(request.cookies, is_secure=is_secure),
            carried=unpack(request.cookies.get(name_of(ERRAND, is_secure=is_secure), "")),
        )

    @property
    def back(self) -> str:
        """Where mails and other services lead to."""
        return f"{self.address}/sign-in/callback"

    async def come_in(self, grant: Grant, *, to: str) -> Response:
        """Sign this browser in under a new secret, and go on ``to``. What it was signed in as before is over."""
        secret = await run_in_threadpool(self.sign_ins.begin, grant)
        if self.secret:
            await run_in_threadpool(self._leave)
        response = RedirectResponse(to, 303)
        self._set(response, SESSION, secret, seconds=SESSION_SECONDS)
        self.forget_errand(response)
        return response

    def _leave(self) -> None:
        with suppress(Away):  # then the row goes when nobody has used it for a month
            self.sign_ins.end(self.secret)

    def carry(self, response: Response, carried: Carried, *, seconds: int) -> Response:
        self._set(response, ERRAND, pack(carried), seconds=seconds)
        return response

    def forget_errand(self, response: Response) -> Response:
        self._set(response, ERRAND, "", seconds=0)
        return response

    def forget_session(self, response: Response) -> Response:
        self._set(response, SESSION, "", seconds=0)
        return response

    def _set(self, response: Response, cookie: str, value: str, *, seconds: int) -> None:
        response.set_cookie(
            name_of(cookie, is_secure=self.is_secure),
            value,
            max_age=seconds,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )


def came_encrypted(request: HTTPConnection, settings: Settings) -> bool:
    return is_encrypted(
        request.url.scheme, request.headers, allowed_hosts=settings.allowed_hosts, public_url=settings.public_url
    )


def address_of(request: HTTPConnection, settings: Settings) -> str:
    """Where this app is found: as ``PUBLIC_URL`` has it, else as this browser or program does."""
    scheme = "https" if came_encrypted(request, settings) else "http"
    return settings.found_at(f"{scheme}://{request.headers.get('host', '')}")


def secret_of(cookies: Mapping[str, str], request: HTTPConnection, settings: Settings) -> str:
    return secret_in(cookies, is_secure=came_encrypted(request, settings))
