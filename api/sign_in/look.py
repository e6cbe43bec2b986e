"""How the pages of signing in look: templates, the style sheet, and errors as pages."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from orchestrator.errors import Away, OrchestratorError, SignInRefused

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
UNFORESEEN = "Something went wrong that we did not expect."


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def show(template: str, *, status: int = 200, error: OrchestratorError | None = None, **values: Any) -> HTMLResponse:
    """The page. With ``error`` it says what happened and what to do, with the status that belongs to it."""
    page = _templates().get_template(f"{template}.html").render(error=error, **values)
    if error is None:
        return HTMLResponse(page, status)
    headers = {}
    if isinstance(error, Away) or (isinstance(error, SignInRefused) and error.retry_after_seconds):
        headers["Retry-After"] = str(error.retry_after_seconds)
    too_many = isinstance(error, SignInRefused) and error.retry_after_seconds is not None
    return HTMLResponse(page, 429 if too_many else error.http_status, headers)


def show_notice(title: str, text: str, *, status: int = 200, to: str = "/sign-in", action: str = "Sign in") -> Response:
    """One message and the one thing to do next."""
    return show("notice", status=status, title=title, text=text, to=to, action=action)


def show_error(error: Exception, *, to: str = "/sign-in") -> Response:
    """What went wrong, as a page of its own."""
    match error:
        case Away():
            response = show("notice", title="Out of reach", text=error.message, to=to, action="Try again")
            response.status_code = error.http_status
            response.headers["Retry-After"] = str(error.retry_after_seconds)
            return response
        case OrchestratorError():
            if error.http_status >= 500:
                log.error("%s: %s", error.code, error.message)
            text = f"{error.message} {error.hint}".strip()
            return show_notice("That did not work", text, status=error.http_status, to=to)
        case HTTPException():
            return show_notice("That did not work", f"{error.detail}", status=error.status_code, to=to)
        case _:
            log.error("a page of signing in broke", exc_info=error)
            return show_notice("That did not work", f"{UNFORESEEN} The log has the details.", status=500, to=to)


async def style(_request: Request) -> Response:
    return Response((HERE / "style.css").read_text(encoding="utf-8"), media_type="text/css")


async def script(_request: Request) -> Response:
    """The only one of these pages."""
    return Response((HERE / "fragment.js").read_text(encoding="utf-8"), media_type="text/javascript")
