"""Changes kept in the journal, so that they can be undone: of a plan, of a draft, of a project's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestrator import decisions, journal
from orchestrator.commands.base import Commands
from orchestrator.db.edits import add_edit, all_clips, drop_undone, newest_edit, scenes_by_id
from orchestrator.db.models import ClipRow, EditRow, PlanRow, utc_now
from orchestrator.db.records import fetch, settings_of
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict
from orchestrator.journal import EditKind
from orchestrator.schema.clip_plan import MAX_TOTAL_SECONDS
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.timeline import Transition

# Saves of what is being typed, by one person within this time, are one edit.
TYPING_SECONDS = 60


@dataclass
class Change:
    """A change of a plan that is being made. ``label`` says what was done; empty, it is told from what differs."""

    session: Session
    plan: PlanRow
    label: str = ""

    def clip(self, clip_id: str) -> ClipRow:
        """A clip of this plan. Raises ``NotFound``, and ``Conflict`` for one that was taken out."""
        clip = fetch(self.session, ClipRow, clip_id, lock=True)
        if clip.clip_plan_id != self.plan.id:
            raise BadInput("These clips are not of one plan.")
        if clip.removed_at is not None:
            raise Conflict("This clip was taken out of the film. Undo that first.")
        return clip

    def place(self, clip: ClipRow) -> int:
        """Which clip of the film this is, counted from 1."""
        return 1 + sum(other.order_key < clip.order_key for other in self.plan.clips)


class JournalCommands(Commands):
    """What all changes share."""

    @contextmanager
    def _changing(self, plan_id: str, *, by: str, label: str = "") -> Iterator[Change]:
        """One transaction in which a plan is changed; what differs after it is kept as one edit. Raises ``BadInput``
        when the film would be too long."""
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            before = arrangement_of(session, plan)
            change = Change(session, plan, label)
            yield change
            settle(session, plan)
            after = arrangement_of(session, plan)
            was, now = journal.difference(before, after)
            label = change.label or f"Changed {journal.describe(now, after)}"
            keep(session, plan.project_id, EditKind.PLAN, was, now, label=label, by=self._name(by))

    def _plan_of(self, clip_id: str) -> str:
        with self._database.read() as session:
            return fetch(session, ClipRow, clip_id).clip_plan_id


def keep(
    session: Session,
    project_id: str,
    kind: EditKind,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    label: str,
    by: str,
) -> None:
    """Put an edit in the journal, if it changed anything; what was undone cannot be done again then."""
    if not after:
        return
    drop_undone(session, project_id)
    row = EditRow(project_id=project_id, kind=kind, label=label, before=dict(before), after=dict(after), made_by=by)
    add_edit(session, row)


def keep_typed(
    session: Session, project_id: str, kind: EditKind, before: Mapping[str, Any], after: Mapping[str, Any], *, by: str
) -> None:
    """As ``keep``, for what is saved while it is typed: successive saves by one person within a minute are one."""
    was, now = journal.difference(before, after)
    last = newest_edit(session, project_id)
    is_going_on = (
        last is not None
        and (last.kind, last.made_by, last.undone_at) == (kind, by, None)
        and last.created_at > utc_now() - timedelta(seconds=TYPING_SECONDS)
    )
    if not (last and is_going_on and now):
        keep(session, project_id, kind, was, now, label=f"Changed {journal.describe(now, after)}", by=by)
        return
    was, now = journal.merged((last.before, last.after), (was, now))
    if not now:
        session.delete(last)
        return
    last.before, last.after, last.label = was, now, f"Changed {journal.describe(now, after)}"


def arrangement_of(session: Session, plan: PlanRow) -> dict[str, Any]:
    """What a person can change in a plan, by name: see ``journal``."""
    session.flush()
    clips = all_clips(session, plan.id)
    there = sorted((c for c in clips.values() if c.removed_at is None), key=lambda c: c.order_key)
    return {
        journal.ORDER: [clip.id for clip in there],
        "transition": settings_of(plan).transition.model_dump(mode="json"),
        **{f"scene/{s.id}/title": s.title for s in scenes_by_id(session, plan.id).values()},
        **{f"clip/{c.id}/{field}": getattr(c, field) for c in clips.values() for field in journal.CLIP_FIELDS},
    }


def arrange(session: Session, plan: PlanRow, values: Mapping[str, Any]) -> None:
    """Write values of an arrangement into a plan's rows. Raises ``Conflict`` where a clip cannot be changed now."""
    clips, scenes = all_clips(session, plan.id), scenes_by_id(session, plan.id)
    touched = {name.split("/")[1] for name in values if journal.is_of_takes(name)}
    for clip in (clips[clip_id] for clip_id in touched):
        if reason := decisions.why_fixed(clip):
            raise Conflict(f"Clip {clip.order_key} would change. {reason}")
        decisions.begin_round(clip)
    for name, value in values.items():
        match name.split("/"):
            case [journal.ORDER]:
                put_in_order(session, plan, value)
            case ["transition"]:
                set_transition(plan, Transition.model_validate(value))
            case ["scene", scene_id, "title"]:
                scenes[scene_id].title = value
            case ["clip", clip_id, field]:
                setattr(clips[clip_id], field, value)
            case _:
                raise AssertionError(name)


def put_in_order(session: Session, plan: PlanRow, clip_ids: Sequence[str]) -> None:
    """The clips of the plan are these, in this order: others are taken out with their takes, and those that were come
    back. Raises ``Conflict`` where a take of one that would go is being made."""
    clips = all_clips(session, plan.id)
    for clip in clips.values():
        if clip.id not in clip_ids and clip.removed_at is None:
            if reason := decisions.why_open(clip):
                raise Conflict(f"Clip {clip.order_key} would be taken out. {reason}")
            clip.removed_at = utc_now()
            if not ClipStatus(clip.status).is_settled:
                decisions.set_aside(clip)
    for order_key, clip_id in enumerate(clip_ids, start=1):
        clips[clip_id].removed_at, clips[clip_id].order_key = None, order_key
    session.flush()
    session.expire(plan, ["clips"])


def set_transition(plan: PlanRow, transition: Transition) -> None:
    plan.settings = {**plan.settings, "transition": transition.model_dump(mode="json")}


def settle(session: Session, plan: PlanRow) -> None:
    """After a change: places counted from 1 without gaps, and the plan's totals. Raises ``BadInput``."""
    session.flush()
    session.expire(plan, ["clips"])
    order = sorted(plan.clips, key=lambda c: c.order_key)
    for order_key, clip in enumerate(order, start=1):
        clip.order_key = order_key
    seconds = sum(c.seconds for c in order)
    if not order:
        raise BadInput("A film has at least one clip.")
    if seconds > MAX_TOTAL_SECONDS:
        raise BadInput(f"The film would last {seconds} s, and {MAX_TOTAL_SECONDS} s is the most.")
    plan.total_seconds, plan.spoken_words = seconds, sum(c.words for c in order)
