"""What this installation is set to, over REST. No secret is among it."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import SaveWorkspace
from api.dependencies import RunningApp
from api.errors import documented
from orchestrator.schema.workspace import WorkspaceView

router = APIRouter(prefix="/v1", tags=["workspace"])


@router.get("/workspace", summary="What this installation is set to")
def read_workspace(app: RunningApp) -> WorkspaceView:
    """What was set here, and what counts with it, each value with where it comes from."""
    return app.views.workspace()


@router.put("/workspace", summary="Set the defaults", responses=documented(413))
def save_workspace(body: SaveWorkspace, app: RunningApp) -> WorkspaceView:
    """Counts for new projects and single clips; the policy counts at once for projects that have none of their own."""
    app.service.save_workspace(body.settings)
    return app.views.workspace()
