"""The direct routes: one prompt, one clip. A video's id is the id of its clip, so it outlives retries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from api.bodies import (
    AddToStoryboard,
    GatheredClip,
    GenerateVideo,
    OptimizedPrompt,
    OptimizePrompt,
    PreferTake,
    RemixVideo,
)
from api.dependencies import IdempotencyKey, PathId, RunningApp
from api.errors import documented
from api.media import FILE_RESPONSES, asset_response
from orchestrator.errors import Conflict
from orchestrator.schema.single import Wish, WishList
from orchestrator.schema.view import TakeView

router = APIRouter(prefix="/v1/sora", tags=["sora"])


@router.post("/generate", status_code=202, summary="Generate a single clip", responses=documented(402, 404, 409, 413))
def generate(body: GenerateVideo, app: RunningApp, idempotency_key: IdempotencyKey = "") -> TakeView:
    """Poll ``/v1/sora/videos/{clip_id}`` with the ``clip_id`` of the answer. Of several variations that is the first;
    ``/v1/sora/videos/{clip_id}/variations`` has them all."""
    clip_id = app.service.generate_single(
        prompt=body.prompt,
        provider=body.provider,
        model=body.model,
        seconds=body.seconds,
        size=body.size,
        line=body.line,
        seed=body.seed,
        reference=body.reference or "",
        variations=body.variations,
        request_key=idempotency_key,
    )
    return app.views.single(clip_id)


@router.post("/remix", status_code=202, summary="Remix an existing clip", responses=documented(402, 404, 409, 413))
def remix(body: RemixVideo, app: RunningApp, idempotency_key: IdempotencyKey = "") -> TakeView:
    """Makes a new clip from the newest take of ``video_id``, with what ``prompt`` changes."""
    source = app.views.single(body.video_id)
    if not source.video_url:
        raise Conflict("That video is not finished, so it cannot be remixed yet.")
    clip_id = app.service.remix_take(source.run_id, prompt=body.prompt, request_key=idempotency_key)
    return app.views.single(clip_id)


@router.get("/videos/{id}", summary="How a single clip stands", responses=documented(404))
def video_status(id: PathId, app: RunningApp) -> TakeView:
    return app.views.single(id)


@router.get("/videos", summary="List single clips")
def list_videos(
    app: RunningApp,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    after: Annotated[str, Query(max_length=300, description="`next` or `previous` of a page before.")] = "",
) -> WishList:
    """What was asked for, newest first, each with its variations, the best first."""
    return app.views.wishes(limit=limit, after=after)


@router.get("/videos/{id}/variations", summary="All variations of a video", responses=documented(404))
def variations(id: PathId, app: RunningApp) -> Wish:
    """The best first, as the assessor ranks them, and before it the one people preferred. ``pair`` are the two takes to
    be compared next, in an order by chance."""
    return app.views.wish(id)


@router.post("/preferences", summary="Say which take is better", responses=documented(404, 409, 413))
def prefer(body: PreferTake, app: RunningApp) -> Wish:
    """Two takes of one wish; said twice it counts once. The answer is the wish with the better one first."""
    app.service.prefer(body.chosen_run_id, body.other_run_id, is_blind=body.is_blind, by=body.by)
    return app.views.wish(app.views.take(body.chosen_run_id).clip_id)


@router.delete("/videos/{id}", summary="Delete a single clip", responses=documented(404, 409))
def delete(id: PathId, app: RunningApp) -> TakeView:
    """What its provider has begun is finished, for it is paid; nothing new is asked for. It can be restored."""
    app.service.delete_single(id)
    return app.views.deleted_singles((id,))[0]


@router.post("/videos/{id}/restore", summary="Bring a deleted single clip back", responses=documented(404, 409))
def restore(id: PathId, app: RunningApp) -> TakeView:
    app.service.restore_single(id)
    return app.views.single(id)


@router.post(
    "/videos/{id}/storyboard", status_code=201, summary="Put a copy into a film", responses=documented(404, 409, 413)
)
def add_to_storyboard(id: PathId, body: AddToStoryboard, app: RunningApp) -> GatheredClip:
    """As a clip that has passed. Nothing is made or paid again; the same video in the same film is one clip."""
    take = app.views.single(id)
    if not take.run_id:
        raise Conflict("That video is not finished, so it cannot be added yet.")
    clip_id = app.service.add_to_storyboard(take.run_id, body.project_id, scene_id=body.scene_id or "")
    return GatheredClip(project_id=body.project_id, clip_id=clip_id)


@router.head("/videos/{id}/content", include_in_schema=False)
@router.get(
    "/videos/{id}/content",
    summary="Download a video",
    response_class=FileResponse,
    responses=FILE_RESPONSES | documented(404, 409),
)
def video_content(id: PathId, app: RunningApp, request: Request) -> Response:
    """The MP4 of the newest take. Ranges work."""
    take = app.views.single(id)
    if not take.video_url:
        raise Conflict("The video is not finished yet.", hint="Ask /v1/sora/videos/{id} how it stands.")
    asset_id = take.video_url.rpartition("/")[2]  # views name files as /api/v1/media/{asset_id}
    return asset_response(app.views, asset_id, request=request, is_download=True)


@router.post("/optimize-prompt", summary="Improve a prompt", responses=documented(413))
def optimize_prompt(body: OptimizePrompt, app: RunningApp) -> OptimizedPrompt:
    """Rewrites a prompt the way the provider likes it. Costs nothing and needs no network."""
    return OptimizedPrompt(prompt=app.service.optimize_prompt(body.prompt, provider=body.provider))
