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

from api import editing, exports, judging, library, media, pictures, sora, video, workspace
from api.errors import ErrorBoundary, documented, register_handlers
from api.security import Guard
from orchestrator import bootstrap
from orchestrator.bootstrap import App

DESCRIPTION = """Turns a script into a finished film, clip by clip.

Answers with status 202 have been accepted and are worked on: ask the matching GET route how they stand.
Every error has the same form: `{"error": {"code", "message", "hint"}}`; decide by `code`, show `message`.
"""


def create_api(get_app: Callable[[], App] = bootstrap.current) -> FastAPI:
    """The API over the App that ``get_app`` returns; it is asked anew for every request, never at import time."""
    bearer = HTTPBearer(auto_error=False, description="Needed when API_TOKEN is set; the guard checks it.")
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
            Middleware(Guard, get_settings=lambda: get_app().settings),
        ],
    )
    api.state.get_app = get_app
    register_handlers(api)
    api.include_router(video.router)
    api.include_router(editing.router)
    api.include_router(judging.router)
    api.include_router(library.router)
    api.include_router(workspace.router)
    api.include_router(sora.router)
    api.include_router(exports.router)
    api.include_router(pictures.router)
    api.include_router(media.router)
    return api
