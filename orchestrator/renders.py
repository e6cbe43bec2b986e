"""What a render is made of: the accepted takes of a plan, as a timeline kept with its row."""

from __future__ import annotations

import uuid
from pathlib import Path

from orchestrator.assembler import Take, build_timeline
from orchestrator.db.models import AssetRow, ClipRow, PlanRow, RenderRow, RunRow, new_id
from orchestrator.db.records import assessment_of, fetch, request_of, settings_of
from orchestrator.db.session import Session
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.status import RenderStatus
from orchestrator.schema.timeline import Timeline, Transition
from orchestrator.storage.base import AssetStore

# After the last word of a take that is cut short.
BREATH_SECONDS = 0.35


def render_id_of(plan: PlanRow, generation: int) -> str:
    """The same film of the same flow is the same row, also when the step that adds it is run twice; other takes or
    another order are another film."""
    timeline = build_plan_timeline(plan, settings_of(plan).transition)
    return str(uuid.uuid5(uuid.UUID(plan.id), f"render:{generation}:{timeline.model_dump_json()}"))


def build_plan_timeline(plan: PlanRow, transition: Transition) -> Timeline:
    """The timeline of a plan's accepted takes in the order people gave them."""
    settings = settings_of(plan)
    width, height = (int(n) for n in settings.size.split("x"))
    accepted = [c for c in sorted(plan.clips, key=lambda c: c.order_key) if c.accepted_run_id]
    takes = [Take(source=str(c.accepted_run_id), seconds=play_seconds(c), label=c.text[:80]) for c in accepted]
    return build_timeline(takes, transition=transition, width=width, height=height)


def play_seconds(clip: ClipRow) -> float:
    """How long the accepted take of ``clip`` plays: the planned time. Where its provider sells only a longer one, the
    rest is trimmed, save for words that are still being said."""
    run = next(r for r in clip.runs if r.id == clip.accepted_run_id)
    made_seconds = request_of(run).seconds
    if made_seconds <= clip.seconds or not run.assessments:
        return float(clip.seconds)
    heard = assessment_of(run.assessments[-1]).checks[CheckName.TRANSCRIPT_MATCH].evidence.get("words", ())
    last_word_ends = max((end for _, _, end in heard), default=0.0)
    return min(float(made_seconds), max(float(clip.seconds), last_word_ends + BREATH_SECONDS))


def add_render(session: Session, plan: PlanRow, *, transition: Transition, render_id: str = "") -> RenderRow:
    """A queued render of what is accepted now. Raises ``BadInput`` when nothing is."""
    timeline = build_plan_timeline(plan, transition)
    row = RenderRow(
        id=render_id or new_id(),
        clip_plan_id=plan.id,
        status=RenderStatus.QUEUED,
        timeline=timeline.model_dump(mode="json"),
        transition=str(transition),
    )
    session.add(row)
    session.flush()
    return row


def take_path(session: Session, store: AssetStore, run_id: str) -> Path:
    """The file of a stored take. Raises ``NotFound``."""
    run = fetch(session, RunRow, run_id)
    return store.local_path(fetch(session, AssetRow, run.asset_id or "").storage_key)
