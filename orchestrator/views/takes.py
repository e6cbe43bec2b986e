"""Takes as a screen shows them, read in a fixed number of statements however many there are."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.db import queries
from orchestrator.db.models import ClipRow, RunRow, utc_now
from orchestrator.db.records import settings_of
from orchestrator.db.session import Session
from orchestrator.presentation import HELD_WORDS, take_view, waits_for_plan
from orchestrator.schema.status import ClipStatus, RunStatus
from orchestrator.schema.view import TakeView


def take_views(session: Session, runs: Sequence[RunRow]) -> tuple[TakeView, ...]:
    clips = queries.clips_with_takes(session, {run.clip_id for run in runs})
    read = {run.id: run for clip in clips for run in clip.runs}
    calls, stored, now = queries.calls_of(session, runs), queries.stored_at(session, runs), utc_now()
    looks = queries.look_costs_usd(session, runs)
    return tuple(
        take_view(read[run.id], call=calls.get(run.id), stored_at=stored.get(run.id), looks_usd=looks[run.id], now=now)
        for run in runs
    )


def newest_takes(session: Session, clips: Sequence[ClipRow]) -> tuple[TakeView, ...]:
    """The newest take of each clip, also before the engine has taken it up."""
    read = {clip.id: clip for clip in queries.clips_with_takes(session, {clip.id for clip in clips})}
    begun = [clip for clip in read.values() if clip.runs]
    found = dict(zip((clip.id for clip in begun), take_views(session, [clip.runs[-1] for clip in begun]), strict=True))
    return tuple(found.get(clip.id) or unbegun_take(read[clip.id]) for clip in clips)


def unbegun_take(clip: ClipRow) -> TakeView:
    """The take that a clip is going to have, before the engine has taken it up."""
    settings, is_held = settings_of(clip.plan), waits_for_plan(clip)
    return TakeView(
        run_id="",
        clip_id=clip.id,
        clip_plan_id=clip.clip_plan_id,
        project_id=clip.plan.project_id,
        project_name=clip.plan.project.name,
        position=clip.order_key,
        attempt=1,
        status=RunStatus.CRAFTED,
        status_text=HELD_WORDS if is_held else clip.reason or "Waiting for its turn",
        provider=settings.provider,
        model=settings.model,
        prompt=clip.prompt or clip.visual_intent,
        line=clip.text,
        seconds=clip.seconds,
        size=settings.size,
        is_newest=True,
        is_active=not ClipStatus(clip.status).is_settled and not is_held,
        is_held=is_held,
        reason=clip.plan.reason if is_held else clip.reason,
        created_at=clip.created_at,
    )
