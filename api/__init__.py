"""The REST API: the product's routes over the same commands and views the pages use.

``create_api`` makes an ASGI application whose paths start with ``/v1``; it is mounted at ``/api``. Its description is
served at ``/api/openapi.json``. FastAPI's interactive pages are off, because they load scripts from a public CDN and
nothing here may leave the machine.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.middleware import Middleware

from api import editing, exports, judging, library, media, people, pictures, sora, video, workspace
from api.errors import ErrorBoundary, documented, register_handlers
from api.security import Guard
from orchestrator import bootstrap
from orchestrator.bootstrap import App

DESCRIPTION = """Turns a script into a finished film, clip by clip.

Answers with status 202 have been accepted and are worked on: ask the matching GET route how they stand.
Answers about a project or its plan carry its `version`, also as `ETag`. Sent back as `If-Match` with a change, it says
what was seen: when somebody else changed the project since, nothing is changed, and 409 `changed_meanwhile` says who
did what. Without it a change is made to what is there.
Every error has the same form: `{"error": {"code", "message", "hint"}}`; decide by `code`, show `message`.
"""


BEARER = """API_TOKEN, where that is set; where people sign in, the access token of one of them. Pages send a cookie
instead. Nobody is asked for this description itself."""


def create_api(get_app: Callable[[], App] = bootstrap.current) -> FastAPI:
    """The API over the App that ``get_app`` returns; it is asked anew for every request, never at import time."""
    bearer = HTTPBearer(auto_error=False, description=BEARER)
    api = FastAPI(
        title="Sora Video Orchestrator",
        version="1.0.0",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        dependencies=[Depends(bearer)],
        responses=documented(401, 403, 422, 500, 503),
        middleware=[
            Middleware(ErrorBoundary),
            Middleware(Guard, get_app=get_app),
        ],
    )
    api.state.get_app = get_app
    register_handlers(api)
    api.include_router(video.router)
    api.include_router(editing.router)
    api.include_router(judging.router)
    api.include_router(library.router)
    api.include_router(workspace.router)
    api.include_router(people.router)
    api.include_router(sora.router)
    api.include_router(exports.router)
    api.include_router(pictures.router)
    api.include_router(media.router)
    return api
