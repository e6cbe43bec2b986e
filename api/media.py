"""Films, takes and posters by asset id, with ranges so that players can seek, and single frames of them as pictures.

An id is looked up, never a path.
"""

from __future__ import annotations

import re
import stat
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, RedirectResponse
from starlette.responses import Response

from api.dependencies import PathId, RunningApp
from api.errors import documented
from orchestrator.errors import NotFound
from orchestrator.schema.peaks import Peaks
from orchestrator.views import AssetFile, Views

router = APIRouter(prefix="/v1/media", tags=["media"])

MAX_FILENAME_CHARACTERS = 120

_CONTENT = {"video/mp4": {}, "image/jpeg": {}, "image/png": {}}
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file", "content": _CONTENT},
    206: {"description": "The range asked for", "content": _CONTENT},
    302: {"description": "The storage sends the file itself, also in ranges, at this address for a while"},
    304: {"description": "The copy named by If-None-Match is still good"},
    416: {"description": "The file ends before the range begins"},
}
STILL_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The frame", "content": {"image/jpeg": {}}},
    304: FILE_RESPONSES[304],
}
Second = Annotated[float, Query(ge=0, le=3600, allow_inf_nan=False, description="Seconds from the start")]
Bins = Annotated[int, Query(ge=16, le=2000, description="Into so many stretches")]
StillWidth = Annotated[int, Query(ge=64, le=1280, description="At most so many pixels wide")]


@router.head("/{asset_id}", include_in_schema=False)
@router.get(
    "/{asset_id}",
    summary="A stored file",
    response_class=FileResponse,
    responses=FILE_RESPONSES | documented(404),
)
def media_file(asset_id: PathId, app: RunningApp, request: Request, download: bool = False) -> Response:
    """A film, take or poster; with ``download=1`` as an attachment."""
    return asset_response(app.views, asset_id, request=request, is_download=download)


@router.head("/{asset_id}/still", include_in_schema=False)
@router.get(
    "/{asset_id}/still",
    summary="One frame of a stored video",
    response_class=Response,
    responses=STILL_RESPONSES | documented(404),
)
def still(asset_id: PathId, app: RunningApp, request: Request, at: Second = 0.0, width: StillWidth = 480) -> Response:
    """The frame at the second ``at`` as a JPEG at most ``width`` pixels wide; the last frame when ``at`` is later."""
    file = app.views.asset_file(asset_id)
    headers = _cached_headers(f'"{file.sha256}-{at:.2f}-{width}"')
    if _is_known(headers["ETag"], request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    jpeg = app.views.still(asset_id, at_seconds=at, width=width)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


@router.get("/{asset_id}/peaks", summary="The sound of a stored video, as it is drawn", responses=documented(404))
def peaks(asset_id: PathId, app: RunningApp, response: Response, bins: Bins = 400) -> Peaks:
    """The loudest sample, 0..1, of each of ``bins`` equal stretches, and where nothing is heard. No peaks: no sound."""
    found = app.views.peaks(asset_id, bins=bins)
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"  # the content of an asset never changes
    return found


def asset_response(views: Views, asset_id: str, *, request: Request, is_download: bool) -> Response:
    """The stored file, or where its storage sends it. That address is good for a while only, so nobody may keep it."""
    if link := views.asset_link(asset_id, is_download=is_download):
        return RedirectResponse(link, status_code=302, headers={"Cache-Control": "no-store"})
    return file_response(views.asset_file(asset_id), request=request, is_download=is_download)


def file_response(file: AssetFile, *, request: Request, is_download: bool) -> Response:
    """``file`` as an answer to ``request``. Raises ``NotFound`` when it is gone from the disk.

    The content of an asset never changes, so browsers may keep it for a year; its hash is the ETag.
    """
    headers = _cached_headers(f'"{file.sha256}"')
    try:
        status = file.path.stat()
    except OSError as error:
        raise NotFound("The file is no longer there.") from error
    if not stat.S_ISREG(status.st_mode):
        raise NotFound("The file is no longer there.")
    if _is_known(headers["ETag"], request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return FileResponse(
        file.path,
        media_type=file.mime,
        filename=safe_filename(file.filename) if is_download else None,
        stat_result=status,
        headers=headers,
    )


def safe_filename(name: str) -> str:
    """``name`` without path parts, control characters or signs that some file system or header dislikes."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = re.sub(r"[^\w .()-]+", "_", last).strip(" .")
    return cleaned[-MAX_FILENAME_CHARACTERS:].lstrip(" .") or "download"


def _cached_headers(etag: str) -> dict[str, str]:
    return {
        "ETag": etag,
        "Cache-Control": "private, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _is_known(etag: str, if_none_match: str) -> bool:
    known = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in known or "*" in known
