"""Rows as a plan leaves them behind, written at once, for tests of what is counted over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from orchestrator.db.models import (
    AssessmentRow,
    AssetRow,
    BriefRow,
    ClipRow,
    PlanRow,
    ProjectRow,
    ProviderCallRow,
    RenderRow,
    RunRow,
    SceneRow,
    ScriptRow,
    StyleBibleRow,
    new_id,
)
from orchestrator.db.session import Database, Session
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.project import ProjectSettings

REQUEST = {"key": "k", "prompt": "A lamp is lit", "seconds": 4, "size": "320x180", "model": "m", "line": ""}
TIMELINE = {"fps": 30, "width": 320, "height": 180, "clips": [{"source": "a", "frames": 60}]}
SETTINGS = ProjectSettings(provider="mock", model="mock-1", size="320x180").model_dump(mode="json")


def add_project(database: Database, at: datetime, *, name: str = "Lamp", status: str = "completed") -> str:
    """A film project with a plan of that status, that took five minutes for 30 s; its id."""
    with database.write() as session:
        project = _add(session, ProjectRow(name=name, settings=SETTINGS, created_at=at, updated_at=at))
    add_plan(database, project.id, at, status=status)
    return project.id


def add_plan(database: Database, project_id: str, at: datetime, *, status: str = "completed") -> str:
    """A plan of a project, with a brief and a script of its own; its id."""
    with database.write() as session:
        style = _add(session, StyleBibleRow(project_id=project_id, name="", body={}, created_at=at))
        brief = _add(session, BriefRow(project_id=project_id, style_bible_id=style.id, created_at=at))
        script = _add(session, ScriptRow(project_id=project_id, text="A lamp is lit.", created_at=at))
        plan = PlanRow(
            project_id=project_id,
            content_brief_id=brief.id,
            script_id=script.id,
            status=status,
            settings=SETTINGS,
            plan={},
            words_per_minute=140,
            max_attempts=3,
            total_seconds=30,
            spoken_words=40,
            created_at=at,
            updated_at=at,
            started_at=at,
            finished_at=at + timedelta(minutes=5) if status == "completed" else None,
        )
        _add(session, plan)
        _add(session, SceneRow(clip_plan_id=plan.id, position=1, title=""))
    return plan.id


def add_clip(
    database: Database,
    project_id: str,
    at: datetime,
    *,
    takes: Sequence[str] = ("pass",),
    status: str = "passed",
    provider: str = "mock",
    cost_usd: float = 1.0,
    failed: CheckName = CheckName.CONTINUITY,
    plan_id: str = "",
) -> str:
    """A clip of 4 s whose ``takes`` had these verdicts (``lost``: never delivered), the last one accepted if it is
    ``passed``; its id."""
    with database.write() as session:
        which = {"id": plan_id} if plan_id else {"project_id": project_id}
        plan = session.query(PlanRow).filter_by(**which).one()
        scene = session.query(SceneRow).filter_by(clip_plan_id=plan.id, position=1).one()
        place = session.query(ClipRow).filter_by(clip_plan_id=plan.id).count() + 1
        clip = ClipRow(
            clip_plan_id=plan.id,
            scene_id=scene.id,
            position=place,
            order_key=place,
            text="A lamp is lit.",
            words=4,
            seconds=4,
            visual_intent="",
            acceptance=[],
            status=status,
        )
        _add(session, clip)
        for attempt, verdict in enumerate(takes, start=1):
            _add_take(session, project_id, clip, at, attempt, verdict, provider=provider, usd=cost_usd, failed=failed)
    return clip.id


def add_film(database: Database, project_id: str, at: datetime, **values: Any) -> str:
    """A finished film of the project's plan; its id."""
    with database.write() as session:
        plan = session.query(PlanRow).filter_by(project_id=project_id).one()
        asset = AssetRow(
            project_id=project_id,
            kind="render",
            storage_key=f"{project_id}/{new_id()}.mp4",
            sha256="0" * 64,
            size_bytes=2_500_000,
            mime="video/mp4",
        )
        _add(session, asset)
        film = {"status": "done", "timeline": TIMELINE, "transition": "cut", "asset_id": asset.id, **values}
        return _add(session, RenderRow(clip_plan_id=plan.id, created_at=at, **film)).id


def _add_take(
    session: Session,
    project_id: str,
    clip: ClipRow,
    at: datetime,
    attempt: int,
    verdict: str,
    *,
    provider: str,
    usd: float,
    failed: CheckName,
) -> None:
    run = RunRow(
        clip_id=clip.id,
        attempt=attempt,
        status="settled",
        provider=provider,
        model="m",
        request=REQUEST,
        error_code="unavailable" if verdict == "lost" else "",
        created_at=at,
        settled_at=at,
        cost_usd=usd,
    )
    _add(session, run)
    clip.accepted_run_id = run.id if clip.status == "passed" else None
    if verdict != "lost":
        checks = {
            name.value: {"status": "fail" if name is failed and verdict != "pass" else "pass"} for name in CheckName
        }
        body = {"checks": checks, "verdict": verdict, "score": 0.5, "weight_run": 1.0}
        _add(
            session,
            AssessmentRow(clip_run_id=run.id, verdict=verdict, score=0.5, weight_run=1, body=body, created_at=at),
        )
    call = ProviderCallRow(
        key=new_id(),
        project_id=project_id,
        clip_run_id=run.id,
        provider=provider,
        model="m",
        endpoint="",
        request_hash="0" * 64,
        state="accepted",
        generation_id=new_id(),
        cost_usd=usd,
        owner="test",
        send_by=at,
        sent_at=at,
        finished_at=at,
        created_at=at,
    )
    _add(session, call)


def _add(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row
