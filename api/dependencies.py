"""What every route is given: the running App, and ids that are safe to look up."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Path, Request
from pydantic import StringConstraints

from api.security import USER
from orchestrator.bootstrap import App
from orchestrator.errors import NotSignedIn

ID_PATTERN = r"^[A-Za-z0-9_-]{1,64}$"

BodyId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
PathId = Annotated[str, Path(pattern=ID_PATTERN)]


async def running_app(request: Request) -> App:
    """The App behind this request, as whoever is signed in has it. Async only so that FastAPI does not send a look-up
    to its thread pool."""
    app: App = request.app.state.get_app()
    if app.sign_ins is None:
        return app
    user = request.scope.get(USER)
    if user is None:
        raise NotSignedIn
    return app.for_user(user)


RunningApp = Annotated[App, Depends(running_app)]

IdempotencyKey = Annotated[str, Header(max_length=200, description="The same key twice is one clip, paid once.")]
