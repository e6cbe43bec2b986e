"""What a render is made of: the accepted takes of a plan, as a timeline kept with its row."""

from __future__ import annotations

import uuid

from orchestrator.assembler import Take, build_timeline
from orchestrator.db.models import PlanRow, RenderRow, new_id
from orchestrator.db.records import settings_of
from orchestrator.db.session import Session
from orchestrator.schema.status import RenderStatus
from orchestrator.schema.timeline import Timeline, Transition


def render_id_of(plan_id: str, generation: int) -> str:
    """The same film of the same flow is the same row, also when the step that adds it is run twice."""
    return str(uuid.uuid5(uuid.UUID(plan_id), f"render:{generation}"))


def build_plan_timeline(plan: PlanRow, transition: Transition) -> Timeline:
    """The timeline of a plan's accepted takes in the order people gave them."""
    settings = settings_of(plan)
    width, height = (int(n) for n in settings.size.split("x"))
    accepted = [c for c in sorted(plan.clips, key=lambda c: c.order_key) if c.accepted_run_id]
    takes = [Take(source=str(c.accepted_run_id), seconds=float(c.seconds), label=c.text[:80]) for c in accepted]
    return build_timeline(takes, transition=transition, width=width, height=height)


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
