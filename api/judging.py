"""The routes of judging: what people say about takes, how strictly takes are judged, and how well that goes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.bodies import CorrectCheck, DecideTake, SetPolicy, TakeBack, TryPolicy
from api.dependencies import ID_PATTERN, PathId, RunningApp
from api.errors import documented
from api.versions import OfVersion
from orchestrator.schema.assessment import CheckName, Verdict
from orchestrator.schema.calibration import Calibration, PolicyView, WhatIf
from orchestrator.schema.reviewing import AssessmentFilter, AssessmentOrder, AssessmentPage, NeedKind, NeedsView
from orchestrator.schema.view import TakeView

ProjectFilter = Annotated[str, Query(pattern=rf"{ID_PATTERN}|^$", description="Empty is all projects.")]
router = APIRouter(prefix="/v1/video", tags=["judging"])


@router.post("/takes/{id}/approve", summary="Accept a take for its clip", responses=documented(404, 409, 413))
def approve_take(id: PathId, body: DecideTake, app: RunningApp) -> TakeView:
    """Whatever its assessment says. Who, when and why stay on record, as ``decisions`` of the take."""
    app.service.approve_take(id, reason=body.reason, by=body.by)
    return app.views.take(id)


@router.post("/takes/{id}/reject", summary="Refuse a take", responses=documented(404, 409, 413))
def reject_take(id: PathId, body: DecideTake, app: RunningApp) -> TakeView:
    """Its clip is failed until it is retried or another take is approved."""
    app.service.reject_take(id, reason=body.reason, by=body.by)
    return app.views.take(id)


@router.post("/takes/{id}/take-back", summary="Take back a decision", responses=documented(404, 409, 413))
def take_back(id: PathId, body: TakeBack, app: RunningApp) -> TakeView:
    """The newest decision on the take that stands is taken back: what was decided before it stands again, and its clip
    is what it was. Refused where the clip has gone on since. Both stay on record."""
    app.service.take_back_decision(id, by=body.by)
    return app.views.take(id)


@router.put("/takes/{id}/checks/{check}", summary="Correct one check of a take", responses=documented(404, 409, 413))
def correct_check(id: PathId, check: CheckName, body: CorrectCheck, app: RunningApp) -> TakeView:
    """The verdict follows. The clip does, too, where nobody decided on the whole take: it takes a take that passes now,
    unless it has another one, and loses one that does not pass any more."""
    app.service.override_check(id, check=check, status=body.status, reason=body.reason, by=body.by)
    return app.views.take(id)


@router.get("/projects/{id}/policy", summary="How strictly a project's takes are judged", responses=documented(404))
def read_policy(id: PathId, app: RunningApp) -> PolicyView:
    return app.views.policy(id)


@router.put("/projects/{id}/policy", summary="Judge a project's takes otherwise", responses=documented(404, 409, 413))
def set_policy(id: PathId, body: SetPolicy, app: RunningApp, version: OfVersion) -> PolicyView:
    """Counts for takes that are assessed from now on; those that were keep their verdicts until they are assessed
    again. What is left out of the policy is as in the defaults; null goes back to all of them."""
    app.service.set_policy(id, body.policy, seen=version.seen)
    return app.views.policy(id)


@router.post("/projects/{id}/what-if", summary="Try another policy on stored takes", responses=documented(404, 413))
def try_policy(id: PathId, body: TryPolicy, app: RunningApp) -> WhatIf:
    """Re-scores the newest assessed takes at once from what was measured. Nothing runs and nothing is changed."""
    return app.views.what_if(id, body.policy)


@router.get("/calibration", summary="How far people agree with the assessor", responses=documented(404))
def calibration(
    app: RunningApp,
    project_id: ProjectFilter = "",
) -> Calibration:
    """Every decision of a person is a label. Positive is: a defect was found."""
    return app.views.calibration(project_id)


@router.get("/needs-you", summary="What waits for a person")
def needs_you(app: RunningApp, kind: NeedKind | None = None, project_id: ProjectFilter = "") -> NeedsView:
    """Takes the checks cannot decide on, lost answers to paid requests, and clips that were given up."""
    return app.views.needs_you(kind=kind, project_id=project_id)


@router.get("/assessments", summary="Everything that was assessed")
def assessments(
    app: RunningApp,
    project_id: ProjectFilter = "",
    provider: Annotated[str, Query(max_length=120)] = "",
    verdict: Verdict | None = None,
    failed_check: CheckName | None = None,
    is_overridden: bool | None = None,
    days: Annotated[int | None, Query(ge=1, le=3650, description="Of the last so many days")] = None,
    order: AssessmentOrder = AssessmentOrder.NEWEST,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str, Query(max_length=300, description="`next` or `previous` of a page before.")] = "",
) -> AssessmentPage:
    """The newest assessment of each take. The verdict is with what people corrected, the failed check as measured."""
    wanted = AssessmentFilter(
        project_id=project_id,
        provider=provider,
        verdict=verdict,
        failed_check=failed_check,
        is_overridden=is_overridden,
        days=days,
    )
    return app.views.assessments(wanted, order=order, limit=limit, after=after)
