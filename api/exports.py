"""Plans as files for other programs, and their free previews."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from api.dependencies import PathId, RunningApp
from api.errors import documented
from orchestrator.schema.animatic import AnimaticView
from orchestrator.schema.export import ExportFile, ExportFormat

router = APIRouter(prefix="/v1/video/clip-plans/{id}", tags=["video"])

_BLOCK_BYTES = 1 << 20
_MIMES = {form.mime.partition(";")[0]: {} for form in ExportFormat}
EXPORT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file, as an attachment", "content": _MIMES}
}
Form = Annotated[ExportFormat, Query(alias="format", description="A timeline, captions, JSON, or a zip of all")]


@router.get(
    "/export",
    summary="A clip plan as a file for other programs",
    response_class=Response,
    responses=EXPORT_RESPONSES | documented(404),
)
def export_clip_plan(id: PathId, app: RunningApp, request: Request, form: Form) -> Response:
    """Timelines name takes by their addresses here; in a package by the files beside them."""
    if form is not ExportFormat.PACKAGE:
        file = app.views.export(id, form, origin=f"{request.url.scheme}://{request.url.netloc}")
        return Response(file.content, headers=_headers(file), media_type=file.mime)
    folder = app.settings.data_dir / "cache" / "exports"
    folder.mkdir(parents=True, exist_ok=True)
    # It has no name and is gone as soon as nobody reads it any more, however this ends.
    package = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed when it has been sent
    try:
        file = app.views.export_package(id, package)
        headers = _headers(file) | {"Content-Length": str(package.seek(0, 2))}
        package.seek(0)
    except BaseException:
        package.close()
        raise
    return StreamingResponse(_blocks(package), headers=headers, media_type=file.mime)


@router.post("/animatic", status_code=202, summary="Draw free previews of the clips", responses=documented(404))
def make_animatic(id: PathId, app: RunningApp) -> AnimaticView:
    """Of every clip without an accepted take whose preview is missing or out of date. Costs nothing."""
    app.service.make_animatic(id)
    return app.views.animatic(id)


@router.get("/animatic", summary="How the previews of a clip plan stand", responses=documented(404))
def animatic_status(id: PathId, app: RunningApp) -> AnimaticView:
    return app.views.animatic(id)


def _headers(file: ExportFile) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{file.filename}"',
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK_BYTES):
            yield block
