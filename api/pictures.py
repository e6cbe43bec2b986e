"""Pictures that clips start from: added as a file or out of a take, given to a clip."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool

from api.bodies import GrabPicture, SetPicture, StoredPicture
from api.dependencies import ID_PATTERN, PathId, RunningApp
from api.errors import documented
from api.versions import OfVersion
from orchestrator.schema.view import PlanView

router = APIRouter(prefix="/v1", tags=["pictures"])

_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/jpeg", "image/png", "image/webp")
        },
    }
}
Project = Annotated[str, Query(pattern=rf"{ID_PATTERN}|^$", description="Empty is the single clips.")]
Filename = Annotated[str, Header(alias="X-Filename", max_length=200, description="What messages call the file.")]


@router.post(
    "/media/pictures",
    status_code=201,
    summary="Add a picture",
    openapi_extra=_FILE,
    responses=documented(404, 413),
)
async def add_picture(
    request: Request, app: RunningApp, project_id: Project = "", filename: Filename = ""
) -> StoredPicture:
    """The body is the file itself: JPEG, PNG or WebP of at most 20 MB and 50 million pixels. It is turned upright and
    kept without its metadata; the same picture twice is one."""
    content = await request.body()
    asset_id = await run_in_threadpool(app.service.add_picture, project_id, content, filename=filename)
    return StoredPicture(id=asset_id, url=media_url(asset_id))


@router.post(
    "/media/pictures/from-take", status_code=201, summary="Keep a frame of a take", responses=documented(404, 409, 413)
)
def picture_from_take(body: GrabPicture, app: RunningApp) -> StoredPicture:
    asset_id = app.service.picture_from_take(body.take_id, at_seconds=body.at_seconds)
    return StoredPicture(id=asset_id, url=media_url(asset_id))


@router.put(
    "/video/clips/{id}/picture", summary="Have a clip start from a picture", responses=documented(404, 409, 413)
)
def set_picture(id: PathId, body: SetPicture, app: RunningApp, version: OfVersion) -> PlanView:
    """Counts for the next take. Refused while one is being made or accepted. Costs nothing."""
    plan_id = app.service.set_clip_reference(id, body.picture_id, by=body.by, seen=version.seen)
    return version.tag(app.views.plan(plan_id))


def media_url(asset_id: str) -> str:
    return f"/api/v1/media/{asset_id}"
