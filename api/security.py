"""Who may ask: the host we answer for, the pages that may command us, the token, who is signed in, and how much may be
sent.

A server on loopback is open to every web page its owner visits. Three checks close that door: the Host header (against
DNS rebinding), the Origin of whatever changes something (against cross-site requests), and the token where one is set.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import refusal
from orchestrator.auth.cookies import is_encrypted, secret_in
from orchestrator.auth.sign_ins import SignIns
from orchestrator.bootstrap import App
from orchestrator.errors import NotSignedIn
from orchestrator.schema.user import User
from orchestrator.settings import Settings

MAX_BODY_BYTES = 1_000_000
MEDIA_PREFIX = "/v1/media/"
# Files of people come in here; whether one is a picture, and small enough for one, is looked at behind the door.
UPLOAD_PATHS = frozenset({"/v1/media/pictures"})
MAX_UPLOAD_BYTES = 21 << 20
# Asked for by anybody, also where people sign in: the description of the API, which says nothing of what is in it.
OPEN_PATHS = frozenset({"/openapi.json"})
USER = "orchestrator.user"
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """ASGI middleware: refuses a request before any route sees it. ``get_app`` is asked for every request. Where people
    sign in it says in the scope, under ``USER``, who asks."""

    def __init__(self, app: ASGIApp, *, get_app: Callable[[], App]) -> None:
        self._app = app
        self._get_app = get_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        app = self._get_app()
        settings = app.settings
        headers = Headers(scope=scope)
        method: str = scope["method"]
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        check_host(headers, allowed_hosts=settings.allowed_hosts)
        check_origin(headers, method=method, allowed_hosts=settings.allowed_hosts)
        check_token(headers, method=method, path=path, token=settings.api_token.get_secret_value())
        if app.sign_ins is not None and path not in OPEN_PATHS:
            scope[USER] = await find_user(HTTPConnection(scope), app.sign_ins, settings)
        most_bytes = MAX_UPLOAD_BYTES if path in UPLOAD_PATHS else MAX_BODY_BYTES
        await self._app(scope, limited(receive, headers, most_bytes=most_bytes), send)


def check_host(headers: Headers, *, allowed_hosts: tuple[str, ...]) -> None:
    """Raises 403 unless the Host header names this machine's loopback or one of ``allowed_hosts`` (without port)."""
    name = _hostname(headers.get("host", ""))
    if not (_is_loopback(name) or name in _lowered(allowed_hosts)):
        raise refusal(403, "This host name is not allowed. Add it to ALLOWED_HOSTS if it is yours.")


def check_origin(headers: Headers, *, method: str, allowed_hosts: tuple[str, ...]) -> None:
    """Raises 403 when a page of another origin asks for a change. Programs that send no Origin pass.

    ``same-site`` counts as foreign: another port of localhost is the same site, and anybody's page. Behind a proxy
    that rewrites Host, the public name must be one of ``allowed_hosts``.
    """
    if method in READ_METHODS:
        return
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise refusal(403, "Requests from other sites are refused.")
    origin = headers.get("origin")
    if origin is None or _netloc(origin) == headers.get("host", "").lower():
        return
    if _hostname(_netloc(origin)) not in _lowered(allowed_hosts):
        raise refusal(403, "Requests from other origins are refused.")


def check_token(headers: Headers, *, method: str, path: str, token: str) -> None:
    """Raises 401 when ``token`` is set and the request does not carry it as ``Authorization: Bearer``.

    Films and posters our own pages show are the exception, since a video element cannot send the header. A program
    can pretend to be such a page: what protects a file then is that its id cannot be guessed.
    """
    if not token:
        return
    if method in ("GET", "HEAD") and path.startswith(MEDIA_PREFIX) and _is_from_our_page(headers):
        return
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode("latin-1"), token.encode()):
        raise refusal(401, "The API token is missing or wrong.", headers={"WWW-Authenticate": "Bearer"})


async def find_user(request: HTTPConnection, sign_ins: SignIns, settings: Settings) -> User:
    """Who asks: by the access token a program sends, else by the cookie of a browser, which may change something only
    from a page of ours. Raises ``NotSignedIn``, ``Away`` or 403."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer":
            raise NotSignedIn
        return await run_in_threadpool(sign_ins.user_of_token, token.strip())
    is_secure = is_encrypted(
        request.url.scheme, request.headers, allowed_hosts=settings.allowed_hosts, public_url=settings.public_url
    )
    secret = secret_in(request.cookies, is_secure=is_secure)
    if not secret:
        raise NotSignedIn
    is_change = request.scope["method"] not in READ_METHODS
    # Browsers name the page that asks for a change. What does not is none, and has no cookie of its own to send.
    if is_change and "origin" not in request.headers and request.headers.get("sec-fetch-site") != "same-origin":
        raise refusal(403, "A change asked for with a cookie must come from a page of this app.")
    return sign_ins.known(secret) or await run_in_threadpool(sign_ins.user, secret)


def limited(receive: Receive, headers: Headers, *, most_bytes: int) -> Receive:
    """``receive`` that raises 413 once the body, announced or sent in pieces, exceeds ``most_bytes``."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise _too_large(most_bytes)
    received_bytes = 0

    async def receive_limited() -> Message:
        nonlocal received_bytes
        message = await receive()
        received_bytes += len(message.get("body", b""))
        if received_bytes > most_bytes:
            raise _too_large(most_bytes)
        return message

    return receive_limited


def _too_large(most_bytes: int) -> Exception:
    return refusal(413, f"The body may have at most {most_bytes} bytes.")


def _is_from_our_page(headers: Headers) -> bool:
    """Browsers send Sec-Fetch-Site only over https and to loopback; elsewhere the Referer says the same."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    referer = headers.get("referer", "")
    return bool(referer) and _netloc(referer) == headers.get("host", "").lower()


def _netloc(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _hostname(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _lowered(names: tuple[str, ...]) -> set[str]:
    return {name.lower() for name in names}
