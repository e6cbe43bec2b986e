"""What every request to the pages of signing in passes: the checks of host and origin, and what browsers are told."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.security import check_host, check_origin, limited
from api.sign_in.look import show_error
from orchestrator.bootstrap import App

MAX_BODY_BYTES = 20_000
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    # Without any referrer browsers would send "Origin: null" with our own forms, which is what strangers send.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Threshold:
    """ASGI middleware: refuses foreign hosts, foreign forms and long bodies. Nothing here is cached or framed."""

    def __init__(self, app: ASGIApp, *, get_app: Callable[[], App]) -> None:
        self._app, self._get_app = app, get_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        app = self._get_app()
        headers = Headers(scope=scope)
        try:
            check_host(headers, allowed_hosts=app.settings.allowed_hosts)
            if app.sign_ins is None:
                return await RedirectResponse("/", 303)(scope, receive, send_guarded)
            check_origin(headers, method=scope["method"], allowed_hosts=app.settings.allowed_hosts)
            receive = limited(receive, headers, most_bytes=MAX_BODY_BYTES)
        except HTTPException as error:
            return await show_error(error)(scope, receive, send_guarded)
        await self._app(scope, receive, send_guarded)
