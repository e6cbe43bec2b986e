"""Takes that were made on their own, gathered into films."""

from __future__ import annotations

from orchestrator import decisions
from orchestrator.commands.journalling import JournalCommands
from orchestrator.commands.planning import PlanningCommands
from orchestrator.db.models import (
    AssessmentRow,
    BriefRow,
    ClipRow,
    OverrideRow,
    PlanRow,
    ProjectRow,
    RunRow,
    SceneRow,
    ScriptRow,
    new_id,
    utc_now,
)
from orchestrator.db.queries import scenes_of
from orchestrator.db.records import add_brief, fetch, newest, request_of, standing
from orchestrator.db.session import Session
from orchestrator.db.singles import copy_of_take, last_position
from orchestrator.errors import BadInput, Conflict
from orchestrator.rights import needs
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.clip_plan import Clip, ClipPlan, Scene
from orchestrator.schema.member import Role
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, RunStatus

FIRST_SCENE = "Scene 1"
ADDED = "Added to the storyboard by hand."


class GatheringCommands(PlanningCommands, JournalCommands):
    """Nothing is asked of a provider and nothing is paid."""

    @needs(Role.CREATOR, of="project_id")
    def add_to_storyboard(self, run_id: str, project_id: str, *, scene_id: str = "", by: str = "") -> str:
        """Put a copy of a take at the end of a scene of the project's plan, or of its last scene, as a clip that has
        passed; the clip's id. A project without a plan gets one of this clip. Where the take is in the film already it
        is that clip.

        Raises ``Conflict`` for a take without a video, ``BadInput`` for a scene of another plan and for a film that
        would get too long.
        """
        with self._database.write() as session:
            source, project = fetch(session, RunRow, run_id), fetch(session, ProjectRow, project_id, lock=True)
            if not source.asset_id or source.status != RunStatus.SETTLED:
                raise Conflict("This take is not finished, so it cannot be added yet.")
            if project.kind != "film" or project.deleted_at is not None:
                raise Conflict("That project cannot take clips: it was deleted or is none of a film.")
            plan = newest(session, PlanRow, project.id)
            if plan is None:
                clip = self._plan_of_one(session, project, source)
                _copy_take(session, source, clip, by=self._name(by))
                return clip.id
        with self._changing(plan.id, by=by, label="Added a single clip") as change:
            source = fetch(change.session, RunRow, run_id)
            if there := copy_of_take(change.session, plan.id, source.id):
                return there
            clip = _append(change.session, change.plan, source, scene_id=scene_id)
            _copy_take(change.session, source, clip, by=self._name(by))
            return clip.id

    def _plan_of_one(self, session: Session, project: ProjectRow, source: RunRow) -> ClipRow:
        """The only clip of a new plan of this project, made for the take."""
        brief = newest(session, BriefRow, project.id) or add_brief(session, project.id, ContentBrief())
        script = newest(session, ScriptRow, project.id)
        if script is None:
            script = ScriptRow(id=new_id(), project_id=project.id, text=source.clip.text)
            session.add(script)
            session.flush()
        settings = ProjectSettings.model_validate(project.settings)
        planned = _planned(source, position=1)
        plan = ClipPlan(
            words_per_minute=settings.words_per_minute,
            scenes=(Scene(position=1, title=FIRST_SCENE, clips=(planned,)),),
            total_seconds=planned.seconds,
            spoken_words=planned.words,
        )
        plan_id = self._add_plan(session, project.id, plan, settings, brief_id=brief.id, script_id=script.id)
        return fetch(session, PlanRow, plan_id).clips[0]


def _append(session: Session, plan: PlanRow, source: RunRow, *, scene_id: str) -> ClipRow:
    """A new clip for the take at the end of that scene, or of the last one."""
    planned = _planned(source, position=last_position(session, plan.id) + 1)
    order = sorted(plan.clips, key=lambda clip: clip.order_key)
    scenes = {scene.id: scene for scene in scenes_of(session, plan.id)}
    if scene_id and scene_id not in scenes:
        raise BadInput("That scene is not of this film.")
    last = order[-1].scene_id if order else next(reversed(scenes), "")
    scene = scenes.get(scene_id or last) or _add_scene(session, plan)
    # After the last clip of the scene, or where an empty one stands: after all that comes before it.
    before = [c for c in order if c.scene_id == scene.id] or [c for c in order if c.scene.position < scene.position]
    place = before[-1].order_key if before else 0
    for other in order:
        if other.order_key > place:
            other.order_key += 1
    clip = ClipRow(
        id=new_id(),
        clip_plan_id=plan.id,
        scene_id=scene.id,
        order_key=place + 1,
        status=ClipStatus.PENDING,
        **planned.model_dump(exclude={"acceptance"}),
        acceptance=list(planned.acceptance),
    )
    session.add(clip)
    session.flush()
    return clip


def _add_scene(session: Session, plan: PlanRow) -> SceneRow:
    scene = SceneRow(id=new_id(), clip_plan_id=plan.id, position=1, title=FIRST_SCENE)
    session.add(scene)
    session.flush()
    return scene


def _planned(source: RunRow, *, position: int) -> Clip:
    """The clip that the take answers, at another place."""
    clip = source.clip
    return Clip(
        position=position,
        text=request_of(source).line,
        seconds=min(clip.seconds, request_of(source).seconds),
        words=clip.words,
        visual_intent=clip.visual_intent,
        acceptance=tuple(clip.acceptance),
        speaker=clip.speaker,
    )


def _copy_take(session: Session, source: RunRow, clip: ClipRow, *, by: str) -> None:
    """The take as the accepted one of ``clip``: the same files, the same assessment and what people said of it. A retry
    asks the same provider for the same."""
    run_id = new_id()
    request = request_of(source).model_copy(update={"key": run_id})
    session.add(
        RunRow(
            id=run_id,
            clip_id=clip.id,
            attempt=1,
            status=RunStatus.SETTLED,
            provider=source.provider,
            model=source.model,
            endpoint=source.endpoint,
            request=request.model_dump(mode="json"),
            patches=list(source.patches),
            generation_id=source.generation_id,
            provider_state=source.provider_state,
            provider_status=source.provider_status,
            progress=1.0,
            narration=source.narration,
            asset_id=source.asset_id,
            poster_asset_id=source.poster_asset_id,
            source_run_id=source.id,
            reference_asset_id=source.reference_asset_id,
            settled_at=utc_now(),
        )
    )
    session.flush()
    for assessed in source.assessments[-1:]:
        session.add(
            AssessmentRow(
                clip_run_id=run_id,
                verdict=assessed.verdict,
                score=assessed.score,
                weight_run=assessed.weight_run,
                body=assessed.body,
            )
        )
    for said in standing(source):
        session.add(
            OverrideRow(
                clip_run_id=run_id,
                check_name=said.check_name,
                old_value=said.old_value,
                new_value=said.new_value,
                reason=said.reason,
                made_by=said.made_by,
                created_at=said.created_at,
            )
        )
    held = decisions.judgement(source)
    if decisions.decided(source) == "rejected" or held is None or held.verdict is not Verdict.PASS:
        session.add(
            OverrideRow(
                clip_run_id=run_id,
                check_name="",
                old_value=ClipStatus.PENDING,
                new_value="approved",
                reason=ADDED,
                made_by=by,
            )
        )
    clip.prompt, clip.remix_of = source.clip.prompt, source.clip.remix_of
    clip.provider, clip.model = source.provider, source.model
    clip.reference_asset_id = source.clip.reference_asset_id
    clip.status, clip.accepted_run_id = ClipStatus.PASSED, run_id
