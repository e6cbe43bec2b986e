"""Changes kept in the journal, so that they can be undone: of a plan, of a draft, of a project's settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orchestrator import decisions, journal
from orchestrator.commands.base import Commands
from orchestrator.db.edits import (
    add_edit,
    all_clips,
    count_change,
    drop_undone,
    newest_edit,
    newest_edit_of,
    scenes_by_id,
)
from orchestrator.db.models import ClipRow, EditRow, PlanRow, ProjectRow, utc_now
from orchestrator.db.records import fetch, settings_of
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, ChangedMeanwhile, Conflict
from orchestrator.journal import EditKind
from orchestrator.schema.clip_plan import MAX_TOTAL_SECONDS
from orchestrator.schema.status import ClipStatus
from orchestrator.schema.timeline import Transition

# Saves of what is being typed, by one person within this time, are one edit.
TYPING_SECONDS = 60
# The name in what was seen that stands for the version of the whole project.
VERSION = "version"


# What somebody had before them, by the names of ``journal``: nothing that was changed since is written over.
Seen = Mapping[str, Any] | None


@dataclass
class Change:
    """A change of a plan that is being made. ``label`` says what was done; empty, it is told from what differs."""

    session: Session
    plan: PlanRow
    label: str = ""
    seen: Seen = None

    def clip(self, clip_id: str) -> ClipRow:
        """A clip of this plan. Raises ``NotFound``, and ``Conflict`` for one that was taken out, with who did that when
        it was not ``seen``."""
        clip = fetch(self.session, ClipRow, clip_id, lock=True)
        if clip.clip_plan_id != self.plan.id:
            raise BadInput("These clips are not of one plan.")
        if clip.removed_at is not None:
            words = "This clip was taken out of the film. Undo that first."
            if self.seen is not None:
                raise changed_meanwhile(self.session, self.plan.project_id, (journal.ORDER,), words=words)
            raise Conflict(words)
        return clip

    def place(self, clip: ClipRow) -> int:
        """Which clip of the film this is, counted from 1."""
        return 1 + sum(other.order_key < clip.order_key for other in self.plan.clips)


class JournalCommands(Commands):
    """What all changes share."""

    @contextmanager
    def _changing(self, plan_id: str, *, by: str, label: str = "", seen: Seen = None) -> Iterator[Change]:
        """One transaction in which a plan is changed; what differs after it is kept as one edit. Raises ``BadInput``
        when the film would be too long, ``ChangedMeanwhile`` when what it changes was something else than ``seen``."""
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            before = arrangement_of(session, plan)
            change = Change(session, plan, label, seen)
            yield change
            settle(session, plan)
            after = arrangement_of(session, plan)
            _, now = journal.difference(before, after)
            label = change.label or f"Changed {journal.describe(now, after)}"
            project_id, by = plan.project_id, self._name(by)
            keep(session, project_id, EditKind.PLAN, before, after, label=label, by=by, seen=seen)

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
    seen: Seen = None,
) -> None:
    """Put what differs in the journal as an edit, if anything does; what was undone cannot be done again then. Raises
    ``ChangedMeanwhile``."""
    was, now = journal.difference(before, after)
    if not now:
        return
    check_seen(session, project_id, before, after, seen=seen)
    drop_undone(session, project_id)
    add_edit(session, EditRow(project_id=project_id, kind=kind, label=label, before=was, after=now, made_by=by))


def keep_typed(
    session: Session,
    project_id: str,
    kind: EditKind,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    by: str,
    seen: Seen = None,
    is_apart: bool = False,
) -> None:
    """As ``keep``, for what is saved while it is typed: successive saves by one person within a minute are one, unless
    ``is_apart``."""
    was, now = journal.difference(before, after)
    last = newest_edit(session, project_id)
    is_going_on = (
        not is_apart
        and last is not None
        and (last.kind, last.made_by, last.undone_at) == (kind, by, None)
        and last.created_at > utc_now() - timedelta(seconds=TYPING_SECONDS)
    )
    if not (last and is_going_on and now):
        label = f"Changed {journal.describe(now, after)}"
        keep(session, project_id, kind, before, after, label=label, by=by, seen=seen)
        return
    check_seen(session, project_id, before, after, seen=seen)
    was, now = journal.merged((last.before, last.after), (was, now))
    if not now:
        session.delete(last)
        return
    last.before, last.after, last.label = was, now, f"Changed {journal.describe(now, after)}"


def check_seen(
    session: Session,
    project_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    seen: Seen,
) -> None:
    """Count a change, for others to see. Raises ``ChangedMeanwhile`` when something of it, or the project's
    ``version``, was not as ``seen``: the caller's transaction ends with that."""
    if names := journal.unseen(before, after, seen=seen or {}):
        raise changed_meanwhile(session, project_id, names, present=before)
    check_version(session, project_id, count_change(session, project_id) - 1, seen=seen)


def check_version(session: Session, project_id: str, version: int, *, seen: Seen) -> None:
    """Raises ``ChangedMeanwhile`` when another ``version`` was seen."""
    if seen and seen.get(VERSION, version) != version:
        raise changed_meanwhile(session, project_id, ())


def check_project(session: Session, project_id: str, *, seen: Seen) -> None:
    """As ``check_version``, of the project as it is; nobody else counts a change in it until the caller is done."""
    if seen and VERSION in seen:
        check_version(session, project_id, fetch(session, ProjectRow, project_id, lock=True).version, seen=seen)


def check_plan(session: Session, project_id: str, plan: PlanRow | None, *, seen: Seen) -> None:
    """Raises ``ChangedMeanwhile`` when the newest plan of a project, which another one is to take the place of, was not
    as ``seen``."""
    if not seen or journal.PLAN not in seen:
        return
    if seen[journal.PLAN] != (now := journal.plan_value(plan.id, plan.status) if plan else None):
        is_new = bool(plan) and (not seen[journal.PLAN] or seen[journal.PLAN]["id"] != plan.id)
        done = "A new plan was made" if is_new else "This plan went on"
        raise ChangedMeanwhile(
            f"{done} meanwhile. It stands as it is.", names=(journal.PLAN,), theirs={journal.PLAN: now}
        )
    present = arrangement_of(session, plan) if plan else {}
    if names := journal.others(present, seen=seen):
        raise changed_meanwhile(session, project_id, names, present=present)


def combined(
    session: Session,
    project_id: str,
    wanted: Mapping[str, Any],
    *,
    seen: Seen,
    present: Mapping[str, Any],
) -> dict[str, Any]:
    """What is to be written of ``wanted``: see ``journal.combine``. Raises ``ChangedMeanwhile``."""
    values, names = journal.combine(wanted, seen=seen or {}, present=present)
    if names:
        raise changed_meanwhile(session, project_id, names, present=present)
    return values


def changed_meanwhile(
    session: Session,
    project_id: str,
    names: Sequence[str],
    *,
    present: Mapping[str, Any] | None = None,
    words: str = "",
) -> ChangedMeanwhile:
    """The error that says who changed what goes by these ``names``, or anything at all when there are none."""
    present = present or {}
    last = newest_edit_of(session, project_id, names)
    who = (last.undone_by if last.undone_at else last.made_by) if last else ""
    if last and journal.ORDER in names:
        done = f"undid “{last.label}”" if last.undone_at else last.label[:1].lower() + last.label[1:]
    elif names:
        done = f"changed {journal.describe(names, present)}"
    else:
        done = f"changed this project (the last was: {last.label})" if last else "changed this project"
    return ChangedMeanwhile(
        (words and f"{words} {who or 'Somebody'} did it.")
        or f"{who or 'Somebody'} {done} meanwhile. Nothing was written over it.",
        names=tuple(names),
        theirs={name: present[name] for name in names if name in present},
        by=who,
        at=(last.undone_at or last.created_at) if last else None,
    )


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
