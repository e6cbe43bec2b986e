"""Rows to values and back: the one place where tables meet the frozen values of the walk."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable
from typing import TypeVar

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session, object_session

from orchestrator.db.models import (
    AssessmentRow,
    AssetRow,
    Base,
    BriefRow,
    CharacterBibleRow,
    ClipRow,
    OverrideRow,
    PlanRow,
    ProjectRow,
    RunRow,
    SceneRow,
    ScriptRow,
    StyleBibleRow,
    WorkspaceRow,
    new_id,
)
from orchestrator.db.queries import is_planned_from
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Override
from orchestrator.schema.asset import Shelf
from orchestrator.schema.bible import CharacterBible, StyleBible
from orchestrator.schema.brief import ContentBrief
from orchestrator.schema.calibration import StoredTake, Word
from orchestrator.schema.clip_plan import Clip, ClipPlan
from orchestrator.schema.clip_run import Edit, RepairInstruction
from orchestrator.schema.policy import AssessmentPolicy
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.workspace import WorkspaceSettings
from providers.base import CreateClipInput, RemixClipInput

Row = TypeVar("Row", bound=Base)
Owned = TypeVar("Owned", BriefRow, ScriptRow, PlanRow)

UNDONE = "taken_back"  # what a decision says that takes back the one before it
_WORKSPACE = "workspace"  # the one row of its table, and where a session remembers it
_REQUEST: TypeAdapter[RemixClipInput | CreateClipInput] = TypeAdapter(RemixClipInput | CreateClipInput)


def fetch(session: Session, kind: type[Row], row_id: str, *, lock: bool = False) -> Row:
    """The row with that id. Raises ``NotFound``, also for ids that are not ids at all, and ``NotAllowed`` where it may
    be seen and not locked."""
    row = None
    # Postgres would refuse a text that is no UUID with an error of its own.
    with contextlib.suppress(ValueError):
        query = select(kind).where(kind.id == str(uuid.UUID(row_id)))
        row = session.scalar(query)
        if row is not None and lock:
            try:
                session.refresh(row, with_for_update={"of": kind})
            except InvalidRequestError:  # what may not be changed is not found when it is to be locked
                row = session.scalar(query)
                if row is not None:
                    raise NotAllowed from None
    if row is None:
        raise NotFound(f"There is no {_NOUNS.get(kind.__tablename__, 'record')} with the id {row_id!r}.")
    return row


def known_ids(ids: Iterable[str]) -> list[str]:
    """Those that are ids at all, as they stand in the tables, each once."""
    found: list[str] = []
    for row_id in ids:
        with contextlib.suppress(ValueError):
            found.append(str(uuid.UUID(row_id)))
    return list(dict.fromkeys(found))


def lock_run(session: Session, run_id: str) -> RunRow:
    """A take to be changed together with its clip. Locks are taken in one order everywhere: plan, clip, take, call."""
    run = fetch(session, RunRow, run_id)
    fetch(session, PlanRow, run.clip.clip_plan_id, lock=True)
    fetch(session, ClipRow, run.clip_id, lock=True)
    return fetch(session, RunRow, run_id, lock=True)


def newest(session: Session, kind: type[Owned], project_id: str) -> Owned | None:
    """The project's newest brief, script or plan."""
    return session.scalar(
        select(kind).where(kind.project_id == project_id).order_by(kind.created_at.desc(), kind.id).limit(1)
    )


_NOUNS = {
    "video_projects": "project",
    "clip_plans": "clip plan",
    "clip_plan_clips": "clip",
    "clip_runs": "take",
    "final_renders": "render",
    "video_assets": "asset",
    "content_briefs": "brief",
}


def brief_of(row: BriefRow) -> ContentBrief:
    return ContentBrief(
        title=row.title,
        objective=row.objective,
        audience=row.audience,
        tone=row.tone,
        call_to_action=row.call_to_action,
        language=row.language,
        style=StyleBible.model_validate(row.style.body),
        characters=tuple(CharacterBible.model_validate(c.body) for c in row.characters),
    )


def add_brief(session: Session, project_id: str, brief: ContentBrief) -> BriefRow:
    """A brief with its style and character bibles, as new rows."""
    style = StyleBibleRow(
        id=new_id(), project_id=project_id, name=brief.style.name, body=brief.style.model_dump(mode="json")
    )
    session.add(style)
    session.flush()
    row = BriefRow(
        id=new_id(),
        project_id=project_id,
        style_bible_id=style.id,
        **brief.model_dump(include={"title", "objective", "audience", "tone", "call_to_action", "language"}),
    )
    session.add(row)
    session.flush()
    session.add_all(
        CharacterBibleRow(
            project_id=project_id,
            content_brief_id=row.id,
            position=position,
            name=character.name,
            body=character.model_dump(mode="json"),
        )
        for position, character in enumerate(brief.characters)
    )
    session.flush()
    return row


def add_clips(session: Session, plan_id: str, plan: ClipPlan) -> None:
    """Scenes and clips of a plan as rows."""
    for scene in plan.scenes:
        scene_row = SceneRow(id=new_id(), clip_plan_id=plan_id, position=scene.position, title=scene.title)
        session.add(scene_row)
        session.flush()
        session.add_all(
            ClipRow(
                clip_plan_id=plan_id,
                scene_id=scene_row.id,
                order_key=clip.position,
                status=ClipStatus.PENDING,
                **clip.model_dump(exclude={"acceptance"}),
                acceptance=list(clip.acceptance),
            )
            for clip in scene.clips
        )


def clip_of(row: ClipRow) -> Clip:
    return Clip(
        position=row.position,
        text=row.text,
        seconds=row.seconds,
        words=row.words,
        visual_intent=row.visual_intent,
        acceptance=tuple(row.acceptance),
        speaker=row.speaker,
    )


def request_of(row: RunRow) -> CreateClipInput | RemixClipInput:
    return _REQUEST.validate_python(row.request)


def settings_of(row: PlanRow) -> ProjectSettings:
    return ProjectSettings.model_validate(row.settings)


def settings_for(row: ClipRow) -> ProjectSettings:
    """The plan's settings as they hold for one clip, which may have a provider and model of its own."""
    settings = settings_of(row.plan)
    return settings.model_copy(update={"provider": row.provider, "model": row.model}) if row.provider else settings


def is_single(row: ClipRow) -> bool:
    """Whether this is a single clip: it has no film, and is made from nothing but its prompt."""
    return row.plan.project.kind == "single"


def shelf_of(row: ProjectRow) -> Shelf:
    """Where the files of a project are kept."""
    return Shelf(owner_id=row.owner_id, project_id=row.id)


def policy_of(row: ProjectRow) -> AssessmentPolicy:
    """How strictly the takes of a project are judged now: by its own table, else by the workspace's."""
    own = ProjectSettings.model_validate(row.settings).assessment
    session = object_session(row)
    return own or (default_policy(session) if session else AssessmentPolicy())


def default_policy(session: Session) -> AssessmentPolicy:
    """How strictly takes are judged where their project says nothing: by the workspace's table, else by this
    version's."""
    return workspace_of(session).assessment or AssessmentPolicy()


def workspace_of(session: Session) -> WorkspaceSettings:
    """What this installation is set to; read once a session, for every take of a list asks."""
    if _WORKSPACE not in session.info:
        row = session.get(WorkspaceRow, _WORKSPACE)
        session.info[_WORKSPACE] = WorkspaceSettings.model_validate(row.settings) if row else WorkspaceSettings()
    return session.info[_WORKSPACE]


def keep_workspace(session: Session, settings: WorkspaceSettings) -> None:
    """What this installation is set to from now on. Only what differs from this version's policy is kept of one, so
    that the rest follows it."""
    kept = settings.model_dump(mode="json", exclude_defaults=True)
    row = session.get(WorkspaceRow, _WORKSPACE, with_for_update=True)
    if row is None:
        session.add(WorkspaceRow(id=_WORKSPACE, settings=kept))
    else:
        row.settings = kept
    session.info.pop(_WORKSPACE, None)


def assessment_of(row: AssessmentRow) -> Assessment:
    return Assessment.model_validate(row.body)


def standing(row: RunRow) -> list[OverrideRow]:
    """What people decided about a take, oldest first, without what was taken back."""
    found: list[OverrideRow] = []
    for decision in row.overrides:
        if decision.new_value != UNDONE:
            found.append(decision)
        elif found:
            found.pop()
    return found


def overrides_of(row: RunRow) -> tuple[Override, ...]:
    """What people said about single checks of a take, oldest first."""
    return tuple(
        Override(check=CheckName(o.check_name), status=CheckStatus(o.new_value), by=o.made_by, reason=o.reason)
        for o in standing(row)
        if o.check_name
    )


_DEFECTS = {"approved": False, "rejected": True, CheckStatus.PASS: False, CheckStatus.FAIL: True}


def stored_take(row: RunRow, asset: AssetRow | None = None) -> StoredTake:
    """A take that was assessed, with all that people said about it, and ``asset``, its video."""
    assessed, request, clip = row.assessments[-1], request_of(row), row.clip
    return StoredTake(
        run_id=row.id,
        project_name=clip.plan.project.name,
        position=clip.position,
        attempt=row.attempt,
        line=request.line,
        seconds=request.seconds,
        size=request.size,
        language=clip.plan.brief.language,
        visual_intent=clip.visual_intent,
        acceptance=tuple(clip.acceptance),
        prompt=request.prompt,
        media_key=asset.storage_key if asset else "",
        media_sha256=asset.sha256 if asset else "",
        assessed_at=assessed.created_at,
        assessment=assessment_of(assessed),
        overrides=overrides_of(row),
        words=tuple(
            Word(
                check=CheckName(o.check_name) if o.check_name else None,
                is_defect=_DEFECTS[o.new_value],
                at=o.created_at,
                by=o.made_by,
                reason=o.reason,
            )
            for o in standing(row)
            if o.new_value in _DEFECTS
        ),
        is_accepted=clip.accepted_run_id == row.id,
    )


def repair_of(row: RunRow) -> RepairInstruction | None:
    return RepairInstruction.model_validate(row.repair) if row.repair else None


def cut_of(row: RunRow) -> Edit | None:
    """How a person had this take cut from another one; None for every other take."""
    edit = Edit.model_validate(row.edit) if row.edit else None
    return edit if edit and edit.is_by_hand else None


def drop_unused(session: Session, row: BriefRow | ScriptRow | None) -> None:
    """A draft that no plan was made from makes room for the next one."""
    if row is not None and not is_planned_from(session, row):
        session.delete(row)
        if isinstance(row, BriefRow):
            session.delete(row.style)
