"""The video routes: from a project to the finished film."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import ClipTakes, CreateBrief, CreateClipPlan, CreateProject, StartRender, StoredBrief
from api.dependencies import PathId, RunningApp
from api.errors import documented
from orchestrator.schema.view import PlanView, ProjectDetail, RenderView, TakeView

router = APIRouter(prefix="/v1/video", tags=["video"])


@router.post("/projects", status_code=201, summary="Create a project", responses=documented(413))
def create_project(body: CreateProject, app: RunningApp) -> ProjectDetail:
    project_id = app.service.create_project(name=body.name, settings=body.settings)
    return app.views.project(project_id)


@router.post("/briefs", status_code=201, summary="Give a project a content brief", responses=documented(404, 413))
def create_brief(body: CreateBrief, app: RunningApp) -> StoredBrief:
    brief_id = app.service.create_brief(body.project_id, body.brief)
    return StoredBrief(id=brief_id, project_id=body.project_id, brief=body.brief)


@router.post(
    "/clip-plans", status_code=201, summary="Cut a script into a clip plan", responses=documented(404, 409, 413)
)
def create_clip_plan(body: CreateClipPlan, app: RunningApp) -> PlanView:
    """Plans scenes and clips that can be spoken naturally. Costs nothing; the project's draft plan is replaced."""
    brief = app.views.project(body.project_id).brief if body.brief is None else body.brief
    plan_id = app.service.create_plan(body.project_id, script=body.script, brief=brief)
    return app.views.plan(plan_id)


@router.post("/clip-plans/{id}/start", status_code=202, summary="Start generating", responses=documented(402, 404, 409))
def start_clip_plan(id: PathId, app: RunningApp) -> PlanView:
    """Generates, assesses and repairs every clip. Starting twice starts once."""
    app.service.start_plan(id)
    return app.views.plan(id)


@router.get("/clip-plans/{id}/status", summary="How a clip plan stands", responses=documented(404))
def clip_plan_status(id: PathId, app: RunningApp) -> PlanView:
    return app.views.plan(id)


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
    render_id = app.service.render_plan(body.clip_plan_id, transition=body.transition)
    return app.views.render(render_id)


@router.get("/renders/{id}", summary="How a render stands", responses=documented(404))
def render_status(id: PathId, app: RunningApp) -> RenderView:
    """``download_url`` holds the address of the MP4 when the render is done."""
    return app.views.render(id)
