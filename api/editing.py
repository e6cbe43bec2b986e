"""The routes of editing: clips and scenes of a plan, takes cut by hand, and the way back."""

from __future__ import annotations

from fastapi import APIRouter

from api.bodies import (
    AddedClip,
    AddedScene,
    ArrangeClips,
    ChooseClips,
    ChooseTransition,
    NameScene,
    OwnTransition,
    RetimeTake,
    SplitClip,
    UndoEdit,
    UndoneEdit,
)
from api.dependencies import PathId, RunningApp
from api.errors import documented
from api.versions import OfVersion
from orchestrator.schema.edits import EditHistory
from orchestrator.schema.view import PlanView, TakeView

router = APIRouter(prefix="/v1/video", tags=["editing"])


@router.put(
    "/clip-plans/{id}/arrangement", summary="Move clips within and between scenes", responses=documented(404, 409, 413)
)
def arrange_clip_plan(id: PathId, body: ArrangeClips, app: RunningApp, version: OfVersion) -> PlanView:
    """At any time. A scene that is left empty has no part in the film."""
    app.service.arrange_clips(
        id, [(scene.scene_id, scene.clip_ids) for scene in body.scenes], by=body.by, seen=version.seen
    )
    return version.tag(app.views.plan(id))


@router.post("/clip-plans/{id}/scenes", status_code=201, summary="Add a scene", responses=documented(404, 409, 413))
def add_scene(id: PathId, body: NameScene, app: RunningApp, version: OfVersion) -> AddedScene:
    """At the end of the plan, and empty until clips are moved there."""
    added = AddedScene(scene_id=app.service.add_scene(id, body.title, seen=version.seen))
    version.tag(app.views.plan(id))
    return added


@router.put("/scenes/{id}", summary="Rename a scene", responses=documented(404, 409, 413))
def rename_scene(id: PathId, body: NameScene, app: RunningApp, version: OfVersion) -> PlanView:
    return version.tag(app.views.plan(app.service.rename_scene(id, body.title, by=body.by, seen=version.seen)))


@router.put(
    "/clip-plans/{id}/transition", summary="Choose the transition between clips", responses=documented(404, 409, 413)
)
def choose_plan_transition(id: PathId, body: ChooseTransition, app: RunningApp, version: OfVersion) -> PlanView:
    """Wherever a clip has none of its own. A film that is made already stays as it is until it is made again."""
    app.service.set_plan_transition(id, body.transition, by=body.by, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.put(
    "/clips/{id}/transition", summary="Choose the transition after one clip", responses=documented(404, 409, 413)
)
def choose_transition(id: PathId, body: OwnTransition, app: RunningApp, version: OfVersion) -> PlanView:
    """Null is the plan's transition again."""
    plan_id = app.service.set_transition(id, body.transition, by=body.by, seen=version.seen)
    return version.tag(app.views.plan(plan_id))


@router.post("/clips/{id}/split", status_code=201, summary="Make two clips of one", responses=documented(404, 409, 413))
def split_clip(id: PathId, body: SplitClip, app: RunningApp, version: OfVersion) -> AddedClip:
    """The words before the place stay; ``clip_id`` is the clip of the others."""
    return _added(app, app.service.split_clip(id, body.at_word, by=body.by, seen=version.seen), version)


@router.post("/clips/{id}/duplicate", status_code=201, summary="Make a clip once more", responses=documented(404, 409))
def duplicate_clip(id: PathId, app: RunningApp, version: OfVersion) -> AddedClip:
    """Right after it, without takes."""
    return _added(app, app.service.duplicate_clip(id, seen=version.seen), version)


@router.post(
    "/clip-plans/{id}/merge",
    status_code=201,
    summary="Merge neighbours into one clip",
    responses=documented(404, 409, 413),
)
def merge_clips(id: PathId, body: ChooseClips, app: RunningApp, version: OfVersion) -> AddedClip:
    """Their takes are kept and come back when this is undone."""
    return _added(app, app.service.merge_clips(id, body.clip_ids, by=body.by, seen=version.seen), version)


@router.post("/clip-plans/{id}/remove", summary="Take clips out of the film", responses=documented(404, 409, 413))
def remove_clips(id: PathId, body: ChooseClips, app: RunningApp, version: OfVersion) -> PlanView:
    """With their takes, which come back when this is undone. Refused while a take of one is being made."""
    app.service.remove_clips(body.clip_ids, by=body.by, seen=version.seen)
    return version.tag(app.views.plan(id))


@router.post(
    "/takes/{id}/retime", status_code=202, summary="Cut another take from this one", responses=documented(404, 409, 413)
)
def retime_take(id: PathId, body: RetimeTake, app: RunningApp) -> TakeView:
    """What stands between two times of it, at another speed with the same pitch. No provider is asked; the new take is
    assessed as any other."""
    return app.views.take(app.service.retime_take(id, body.start_seconds, body.end_seconds, body.speed))


@router.get("/projects/{id}/edits", summary="What was changed in a project", responses=documented(404))
def edit_history(id: PathId, app: RunningApp) -> EditHistory:
    return app.views.edit_history(id)


@router.post("/projects/{id}/undo", summary="Take the newest change back", responses=documented(404, 409, 413))
def undo(id: PathId, body: UndoEdit, app: RunningApp) -> UndoneEdit:
    """No take is lost and nothing is paid. Refused where something that was done since stands in the way."""
    return UndoneEdit(label=app.service.undo(id, edit_id=body.edit_id, by=body.by), history=app.views.edit_history(id))


@router.post("/projects/{id}/redo", summary="Do again what was undone", responses=documented(404, 409, 413))
def redo(id: PathId, body: UndoEdit, app: RunningApp) -> UndoneEdit:
    return UndoneEdit(label=app.service.redo(id, edit_id=body.edit_id, by=body.by), history=app.views.edit_history(id))


def _added(app: RunningApp, clip_id: str, version: OfVersion) -> AddedClip:
    return AddedClip(clip_id=clip_id, plan=version.tag(app.views.plan(app.views.clip_plan_of(clip_id))))
