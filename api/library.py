"""Projects and films to find and put in order, ratings, and the numbers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies import ArchiveProject, ErasedProject, EraseProject, RateRender, RenameProject
from api.dependencies import PathId, RunningApp
from api.errors import documented
from api.versions import OfVersion
from orchestrator.schema.library import Films, Library, ListedProject, ProjectState, RatingView
from orchestrator.schema.statistics import Metrics
from orchestrator.schema.view import ProjectDetail

router = APIRouter(prefix="/v1/video", tags=["library"])

Limit = Annotated[int, Query(ge=1, le=100)]
After = Annotated[str, Query(max_length=300, description="`next` or `previous` of a page before.")]
Days = Annotated[int | None, Query(ge=1, le=3650, description="Left out: all time.")]


@router.get("/projects", summary="Find projects")
def list_projects(
    app: RunningApp,
    search: Annotated[str, Query(max_length=120)] = "",
    state: ProjectState = ProjectState.ACTIVE,
    limit: Limit = 24,
    after: After = "",
) -> Library:
    """One page of the projects in ``state`` with ``search`` in their name, last changed first."""
    return app.views.library(search=search, state=state, limit=limit, after=after)


@router.patch("/projects/{id}", summary="Rename a project", responses=documented(404, 409, 413))
def rename_project(id: PathId, body: RenameProject, app: RunningApp, version: OfVersion) -> ListedProject:
    app.service.update_project(id, name=body.name, seen=version.seen)
    return app.views.listed_project(id)


@router.put("/projects/{id}/archived", summary="Archive a project, or take it out", responses=documented(404, 409, 413))
def archive_project(id: PathId, body: ArchiveProject, app: RunningApp) -> ListedProject:
    """Out of sight with everything it has. Refused while something of it is being made."""
    app.service.archive_project(id, is_archived=body.is_archived)
    return app.views.listed_project(id)


@router.delete("/projects/{id}", summary="Put a project into the bin", responses=documented(404, 409))
def delete_project(id: PathId, app: RunningApp) -> ListedProject:
    """What runs is cancelled first; takes that are paid are finished. It keeps everything, and can be restored."""
    app.service.delete_project(id)
    return app.views.listed_project(id)


@router.post("/projects/{id}/restore", summary="Take a project out of the bin", responses=documented(404, 409))
def restore_project(id: PathId, app: RunningApp) -> ListedProject:
    app.service.restore_project(id)
    return app.views.listed_project(id)


@router.post("/projects/{id}/erase", summary="Delete a project for good", responses=documented(404, 409, 413))
def erase_project(id: PathId, body: EraseProject, app: RunningApp) -> ErasedProject:
    """Only from the bin, only with its name, and never while work is under way. Cannot be undone."""
    app.service.erase_project(id, name=body.name)
    return ErasedProject(id=id)


@router.post("/projects/{id}/duplicate", status_code=201, summary="Copy a project", responses=documented(404, 409))
def duplicate_project(id: PathId, app: RunningApp) -> ProjectDetail:
    """With brief, script, bibles, pictures, settings and plan, and without takes. Costs nothing."""
    return app.views.project(app.service.duplicate_project(id))


@router.get("/renders", summary="Find finished films")
def list_renders(app: RunningApp, limit: Limit = 12, after: After = "") -> Films:
    """Newest first, older and partial ones too."""
    return app.views.films(limit=limit, after=after)


@router.put("/renders/{id}/rating", summary="Say how good a film is", responses=documented(404, 409, 413))
def rate_render(id: PathId, body: RateRender, app: RunningApp) -> RatingView:
    """1 to 5; a later word of the same person replaces it."""
    app.service.rate_render(id, body.stars, body.comment, by=body.by)
    rating = app.views.rating(id, by=body.by)
    assert rating is not None, "it has just been given"
    return rating


@router.get("/metrics", summary="How well it goes")
def read_metrics(app: RunningApp, days: Days = None) -> Metrics:
    """The success metrics with their targets, of the newest ``days`` days beside the same time before."""
    return app.views.metrics(days=days)
