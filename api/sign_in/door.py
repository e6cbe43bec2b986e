"""The door of the app: pages are for those who are signed in, and so is whatever else is not named here."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.sign_in.caller import secret_of
from api.sign_in.look import show_error
from api.sign_in.threshold import HEADERS
from orchestrator import bootstrap
from orchestrator.auth.cookies import safe_next
from orchestrator.bootstrap import App
from orchestrator.errors import NotSignedIn, OrchestratorError

# Asked for without a session: the pages of signing in, REST (which asks for itself), code, fonts and the mark, and
# whether the server is up. Pages and their data come over the websocket, whose script asks who is there.
OPEN = ("/sign-in", "/api", "/static", "/app/static", "/component", "/_stcore/bidi-components")
OPEN_EXACTLY = frozenset({"/_stcore/health", "/_stcore/host-config", "/favicon.png", "/favicon.ico", "/robots.txt"})


class Door:
    """ASGI middleware around everything. Lets all pass where nobody signs in, and before the app was started."""

    def __init__(self, app: ASGIApp, *, get_app: Callable[[], App] = bootstrap.current) -> None:
        self._app, self._get_app = app, get_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_open(scope["path"]):
            return await self._app(scope, receive, send)
        app = self._get_app()
        if app.sign_ins is None:
            return await self._app(scope, receive, send)
        request = HTTPConnection(scope)
        secret = secret_of(request.cookies, request, app.settings)
        page = safe_next(scope["path"] + (f"?{request.url.query}" if request.url.query else ""))
        try:
            if not secret:
                raise NotSignedIn
            if app.sign_ins.known(secret) is None:
                await run_in_threadpool(app.sign_ins.user, secret)
        except NotSignedIn as error:
            if not _is_visit(scope["method"], request):
                refused = PlainTextResponse(error.message, 401)
                return await refused(scope, receive, send)
            query = f"?{urlencode({'next': page})}" if page != "/" else ""
            leave = RedirectResponse(f"/sign-in{query}", 303, headers={"Cache-Control": "no-store"})
            return await leave(scope, receive, send)
        except OrchestratorError as error:
            away = show_error(error, to=page)
            away.headers.update(HEADERS)
            return await away(scope, receive, send)
        await self._app(scope, receive, send)


def is_open(path: str) -> bool:
    return path in OPEN_EXACTLY or any(path == one or path.startswith(f"{one}/") for one in OPEN)


def _is_visit(method: str, request: HTTPConnection) -> bool:
    """A person who opens a page, as against something that a page or a program asks for."""
    mode = request.headers.get("sec-fetch-mode")
    wants_html = "text/html" in request.headers.get("accept", "")
    return method in ("GET", "HEAD") and (mode == "navigate" if mode else wants_html)
