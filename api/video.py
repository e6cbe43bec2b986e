"""The video routes: from a project to the finished film."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import (
    ClipTakes,
    CreateBrief,
    CreateClipPlan,
    CreateProject,
    EditClip,
    OrderClips,
    SetBudget,
    StartRender,
    StoredBrief,
)
from api.dependencies import PathId, RunningApp
from api.errors import documented
from api.versions import Answered, OfVersion
from orchestrator.schema.view import PlanView, ProjectDetail, RenderView, TakeView

router = APIRouter(prefix="/v1/video", tags=["video"])


@router.post("/projects", status_code=201, summary="Create a project", responses=documented(413))
def create_project(body: CreateProject, app: RunningApp, version: Answered) -> ProjectDetail:
    project_id = app.service.create_project(name=body.name, settings=body.settings)
    return version.tag(app.views.project(project_id))


@router.post("/briefs", status_code=201, summary="Give a project a content brief", responses=documented(404, 409, 413))
def create_brief(body: CreateBrief, app: RunningApp, version: OfVersion) -> StoredBrief:
    brief_id = app.service.create_brief(body.project_id, body.brief, seen=version.seen)
    version.tag(app.views.project(body.project_id))
    return StoredBrief(id=brief_id, project_id=body.project_id, brief=body.brief)


@router.post(
    "/clip-plans", status_code=201, summary="Cut a script into a clip plan", responses=documented(404, 409, 413)
)
def create_clip_plan(body: CreateClipPlan, app: RunningApp, version: OfVersion) -> PlanView:
    """Plans scenes and clips that can be spoken naturally. Costs nothing; the project's draft plan is replaced."""
    brief = app.views.project(body.project_id).brief if body.brief is None else body.brief
    plan_id = app.service.create_plan(body.project_id, script=body.script, brief=brief, seen=version.seen)
    return version.tag(app.views.plan(plan_id))


@router.post("/clip-plans/{id}/start", status_code=202, summary="Start generating", responses=documented(402, 404, 409))
def start_clip_plan(id: PathId, app: RunningApp, version: OfVersion) -> PlanView:
    """Generates, assesses and repairs every clip. Starting twice starts once."""
    app.service.start_plan(id, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.post("/clip-plans/{id}/pause", status_code=202, summary="Ask for nothing new", responses=documented(404, 409))
def pause_clip_plan(id: PathId, app: RunningApp, version: OfVersion) -> PlanView:
    """What is under way is finished, for it is paid. ``start`` goes on."""
    app.service.pause_plan(id, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.post("/clip-plans/{id}/cancel", status_code=202, summary="Cancel a clip plan", responses=documented(404, 409))
def cancel_clip_plan(id: PathId, app: RunningApp, version: OfVersion) -> PlanView:
    """What a provider takes back at no cost is cancelled there, the rest is finished, for it is paid."""
    app.service.cancel_plan(id, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.post(
    "/clip-plans/{id}/retry", status_code=202, summary="Try all failed clips again", responses=documented(404, 409)
)
def retry_clip_plan(id: PathId, app: RunningApp) -> PlanView:
    app.service.retry_failed(id)
    return app.views.plan(id)


@router.put("/clip-plans/{id}/order", summary="Change the order of the clips", responses=documented(404, 409, 413))
def order_clip_plan(id: PathId, body: OrderClips, app: RunningApp, version: OfVersion) -> PlanView:
    """At any time; a film that is being made is made again in the new order."""
    app.service.reorder_clips(id, body.clip_ids, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.put(
    "/clip-plans/{id}/budget",
    status_code=202,
    summary="Change the budget and go on",
    responses=documented(404, 409, 413),
)
def budget_clip_plan(id: PathId, body: SetBudget, app: RunningApp, version: OfVersion) -> PlanView:
    """The budget is that of the plan's whole project."""
    app.service.raise_budget(id, budget_usd=body.budget_usd, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.get("/clip-plans/{id}/status", summary="How a clip plan stands", responses=documented(404))
def clip_plan_status(id: PathId, app: RunningApp, version: Answered) -> PlanView:
    return version.tag(app.views.plan(id))


@router.patch("/clips/{id}", summary="Change a clip before it is made", responses=documented(404, 409, 413))
def edit_clip(id: PathId, body: EditClip, app: RunningApp, version: OfVersion) -> PlanView:
    """Counts for the next take. Refused while one is being made or accepted. Costs nothing."""
    plan_id = app.service.edit_clip(id, **body.model_dump(exclude_none=True), seen=version.seen)
    return version.tag(app.views.plan(plan_id))


@router.post(
    "/clips/{id}/assess", status_code=202, summary="Assess the newest take again", responses=documented(404, 409)
)
def assess_clip(id: PathId, app: RunningApp) -> TakeView:
    return app.views.take(app.service.assess_clip(id))


@router.post(
    "/clips/{id}/retry", status_code=202, summary="Make another take of a clip", responses=documented(402, 404, 409)
)
def retry_clip(id: PathId, app: RunningApp) -> ClipTakes:
    """The takes so far are answered; the new one joins them when the engine begins it."""
    app.service.retry_clip(id)
    return ClipTakes(clip_id=id, takes=app.views.takes(id))


@router.post("/renders", status_code=202, summary="Start the final render", responses=documented(404, 409, 413))
def start_render(body: StartRender, app: RunningApp) -> RenderView:
    """Makes the film of what is accepted now, or a partial one. The same film asked for twice is made once."""
    render_id = app.service.render_plan(body.clip_plan_id, transition=body.transition, has_slates=body.has_slates)
    return app.views.render(render_id)


@router.get("/renders/{id}", summary="How a render stands", responses=documented(404))
def render_status(id: PathId, app: RunningApp) -> RenderView:
    """``download_url`` holds the address of the MP4 when the render is done."""
    return app.views.render(id)
