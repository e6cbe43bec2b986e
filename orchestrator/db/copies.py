"""A project once more: everything people wrote, and nothing that was made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from orchestrator.db.models import (
    AssetRow,
    BriefRow,
    ClipRow,
    PlanRow,
    ProjectRow,
    SceneRow,
    ScriptRow,
    new_id,
)
from orchestrator.db.records import add_brief, brief_of
from orchestrator.schema.status import ClipStatus, PlanStatus

_PLANNED = ("settings", "plan", "words_per_minute", "max_attempts", "total_seconds", "spoken_words")
_CLIP = (
    *("position", "order_key", "text", "words", "seconds", "visual_intent", "acceptance"),
    *("speaker", "prompt", "provider", "model"),
)


def names_like(session: Session, name: str) -> set[str]:
    """The names of projects that begin with ``name``."""
    return set(session.scalars(select(ProjectRow.name).where(ProjectRow.name.startswith(name, autoescape=True))))


def pictures_of(session: Session, brief: BriefRow | None, plan: PlanRow | None) -> Sequence[AssetRow]:
    """The pictures that a brief and the clips of a plan name."""
    bodies = [brief.style.body, *(c.body for c in brief.characters)] if brief else []
    wanted = {body.get("picture") for body in bodies} | {c.reference_asset_id for c in (plan.clips if plan else ())}
    return session.scalars(select(AssetRow).where(AssetRow.id.in_(name for name in wanted if name))).all()


def copy_project(
    session: Session,
    source: ProjectRow,
    *,
    project_id: str,
    owner_id: str,
    name: str,
    brief: BriefRow | None,
    script: ScriptRow | None,
    plan: PlanRow | None,
    pictures: Mapping[str, AssetRow],
) -> None:
    """``source`` as a new project of that owner. ``pictures`` are rows not yet saved, by the id of the picture
    they copy."""
    session.add(ProjectRow(id=project_id, owner_id=owner_id, name=name, settings=dict(source.settings)))
    session.flush()
    session.add_all(pictures.values())
    ids = {old: row.id for old, row in pictures.items()}
    # What the plan was made from may be older than the draft in hand: both are there, and so is their order.
    briefs = {row.id: row for row in (brief, plan.brief if plan else None) if row}
    new_briefs = {old: _copy_brief(session, row, project_id, ids).id for old, row in briefs.items()}
    scripts = {row.id: row for row in (script, plan.script if plan else None) if row}
    new_scripts = {old: new_id() for old in scripts}
    session.add_all(
        ScriptRow(id=new_scripts[old], project_id=project_id, text=row.text, created_at=row.created_at)
        for old, row in scripts.items()
    )
    session.flush()
    if plan:
        brief_id, script_id = new_briefs[plan.content_brief_id], new_scripts[plan.script_id]
        _copy_plan(session, plan, project_id, brief_id=brief_id, script_id=script_id, pictures=ids)


def _copy_brief(session: Session, row: BriefRow, project_id: str, pictures: Mapping[str, str]) -> BriefRow:
    brief = brief_of(row)
    style = brief.style.model_copy(update={"picture": pictures.get(brief.style.picture, "")})
    characters = tuple(
        character.model_copy(update={"picture": pictures.get(character.picture, "")}) for character in brief.characters
    )
    copy = add_brief(session, project_id, brief.model_copy(update={"style": style, "characters": characters}))
    copy.created_at = row.created_at
    return copy


def _copy_plan(
    session: Session, row: PlanRow, project_id: str, *, brief_id: str, script_id: str, pictures: Mapping[str, str]
) -> None:
    plan = PlanRow(
        id=new_id(),
        project_id=project_id,
        content_brief_id=brief_id,
        script_id=script_id,
        status=PlanStatus.PLANNED,
        **_values(row, _PLANNED),
    )
    session.add(plan)
    session.flush()
    scenes: dict[str, str] = {}
    for scene in session.scalars(select(SceneRow).where(SceneRow.clip_plan_id == row.id)):
        scenes[scene.id] = new_id()
        session.add(SceneRow(id=scenes[scene.id], clip_plan_id=plan.id, position=scene.position, title=scene.title))
    session.flush()
    session.add_all(
        ClipRow(
            clip_plan_id=plan.id,
            scene_id=scenes[clip.scene_id],
            status=ClipStatus.PENDING,
            reference_asset_id=pictures.get(clip.reference_asset_id, ""),
            **({"transition": clip.transition} if clip.transition else {}),
            **_values(clip, _CLIP),
        )
        for clip in row.clips
    )


def _values(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
