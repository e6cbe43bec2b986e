"""The pages on which people sign in: plain HTML, mounted at ``/sign-in``. They need no session, and no script
but for one kind of link.

What is typed goes to the service that signs people in, and nowhere else; a browser comes away with one cookie.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from api.sign_in import coming_back, forms
from api.sign_in.door import Door as Door
from api.sign_in.look import script, show_error, style
from api.sign_in.threshold import Threshold
from orchestrator import bootstrap
from orchestrator.bootstrap import App
from orchestrator.errors import OrchestratorError

FIRST = "/sign-in"


def create_sign_in(get_app: Callable[[], App] = bootstrap.current) -> list[BaseRoute]:
    """The pages for the App that ``get_app`` returns; it is asked anew for every request. Where nobody signs in they
    all lead to the first page of the app."""
    pages = Starlette(
        routes=[
            Route(FIRST, forms.sign_in, methods=["GET", "POST"]),
            Route("/up", forms.sign_up, methods=["GET", "POST"]),
            Route("/forgotten", forms.forgotten, methods=["GET", "POST"]),
            Route("/mail", forms.mail, methods=["GET"]),
            Route("/with/{provider}", forms.elsewhere, methods=["GET"]),
            Route("/callback", coming_back.arrive, methods=["GET", "POST"]),
            Route("/new-password", coming_back.new_password, methods=["GET", "POST"]),
            Route("/out", coming_back.out, methods=["GET", "POST"]),
            Route("/style.css", style, methods=["GET"]),
            Route("/fragment.js", script, methods=["GET"]),
        ],
        middleware=[Middleware(Threshold, get_app=get_app)],
        exception_handlers={OrchestratorError: _refuse, HTTPException: _refuse, Exception: _refuse},
    )
    pages.state.get_app = get_app
    pages.router.redirect_slashes = False
    return [Route(FIRST, endpoint=pages), Mount(FIRST, app=pages)]  # a mount alone begins behind the slash


async def _refuse(request: Request, error: Exception) -> Response:
    return show_error(error)
