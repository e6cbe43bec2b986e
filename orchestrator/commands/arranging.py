"""Which clips a film has, in which order and scenes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestrator import decisions, journal
from orchestrator.commands.editing import CRITERIA_MAX, INTENT_CHARACTERS_MAX, EditCommands, read_title, with_line
from orchestrator.commands.journalling import (
    Change,
    Seen,
    arrangement_of,
    check_project,
    check_version,
    combined,
    put_in_order,
)
from orchestrator.commands.running import RunningCommands
from orchestrator.db.edits import count_change, insert_clips, scenes_by_id
from orchestrator.db.models import ClipRow, PlanRow, SceneRow, new_id
from orchestrator.db.records import fetch, settings_for
from orchestrator.director import split_line
from orchestrator.errors import BadInput, Conflict
from orchestrator.rights import needs
from orchestrator.schema.member import Role
from orchestrator.schema.status import ClipStatus, PlanStatus


class ArrangeCommands(EditCommands, RunningCommands):
    """A clip that is taken out keeps its takes and comes back with them. Everything here can be undone."""

    @needs(Role.REVIEWER)
    def reorder_clips(self, plan_id: str, clip_ids: Sequence[str], *, by: str = "", seen: Seen = None) -> None:
        """Put the clips in this order; each keeps its scene. Raises ``BadInput`` unless it names every clip once,
        ``ChangedMeanwhile`` where the order that was ``seen`` was changed by others; clips that only came or went
        since are kept or left out."""
        with self._changing(plan_id, by=by) as change:
            wanted = combined_order(change, {journal.ORDER: list(clip_ids)}, seen=seen)
            _reorder(change, wanted[journal.ORDER])

    @needs(Role.REVIEWER)
    def arrange_clips(
        self, plan_id: str, scenes: Sequence[tuple[str, Sequence[str]]], *, by: str = "", seen: Seen = None
    ) -> None:
        """Put the clips in this order and into these scenes, each ``(scene id, its clips)``. A scene may be empty.
        Raises ``BadInput`` unless it names every clip once and only scenes of the plan, and as ``reorder_clips``
        does."""
        with self._changing(plan_id, by=by) as change:
            known = scenes_by_id(change.session, plan_id)
            if any(scene_id not in known for scene_id, _ in scenes):
                raise BadInput("That scene is not of this film.")
            values = combined_order(change, journal.arranged(scenes), seen=seen)
            before, order = [clip.id for clip in change.plan.clips], values.pop(journal.ORDER)
            _reorder(change, order)
            clips = {clip.id: clip for clip in change.plan.clips}
            into = {clip_id: values.get(journal.scene_of(clip_id), clips[clip_id].scene_id) for clip_id in order}
            moved = [clip_id for clip_id in order if clips[clip_id].scene_id != into[clip_id]]
            for clip_id in moved:
                clips[clip_id].scene_id = into[clip_id]
            if len(moved) == 1:
                title = known[into[moved[0]]].title
                change.label = f"Moved clip {before.index(moved[0]) + 1} to “{title}”"
            elif moved:
                change.label = f"Moved {len(moved)} clips to other scenes"

    @needs(Role.CREATOR)
    def add_scene(self, plan_id: str, title: str, *, seen: Seen = None) -> str:
        """A new scene at the end of the plan, empty until clips are put there; its id. Raises ``ChangedMeanwhile`` when
        another ``version`` was ``seen``; nothing else can be written over."""
        title = read_title(title)
        with self._database.write() as session:
            plan = fetch(session, PlanRow, plan_id, lock=True)
            check_project(session, plan.project_id, seen=seen)
            last = max((scene.position for scene in scenes_by_id(session, plan_id).values()), default=0)
            row = SceneRow(id=new_id(), clip_plan_id=plan_id, position=last + 1, title=title)
            session.add(row)
            count_change(session, plan.project_id)
            return row.id

    @needs(Role.CREATOR)
    def split_clip(self, clip_id: str, at_word: int, *, by: str = "", seen: Seen = None) -> str:
        """Make two clips of one: its first ``at_word`` words stay, the others go to a new clip right after it, whose id
        this is. Both show the same. Raises ``BadInput`` unless both have words, ``Conflict`` as ``edit_clip`` does."""
        with self._changing(self._plan_of(clip_id), by=by, seen=seen) as change:
            clip = self._changeable(change, clip_id)
            change.label = f"Split clip {change.place(clip)}"
            whole, prompt = clip.text, clip.prompt
            first, rest = split_line(whole, at_word, language=change.plan.brief.language)
            new = _like(clip, transition=clip.transition)
            new.text, new.seconds = "", 1  # until it has its own
            insert_clips(change.session, change.plan, [new], after=clip)
            for part, line in ((clip, first), (new, rest)):
                self._fit(change, part, line, seconds=None)
                part.prompt = with_line(prompt, whole, part.text)
            clip.transition = None
            decisions.begin_round(clip)
            new_clip_id, plan_id = new.id, change.plan.id
        self._take_up(plan_id)
        return new_clip_id

    @needs(Role.CREATOR)
    def merge_clips(self, plan_id: str, clip_ids: Sequence[str], *, by: str = "", seen: Seen = None) -> str:
        """Make one clip of neighbours, given in their order; its id. Takes stay with the clips it was made of, which
        come back when this is undone. Raises ``BadInput`` for clips that are no neighbours, of several speakers or too
        long for one, ``Conflict`` while a take of one is being made."""
        with self._changing(plan_id, by=by, seen=seen) as change:
            clips = [change.clip(clip_id) for clip_id in dict.fromkeys(clip_ids)]
            places = [change.place(clip) for clip in clips]
            if len(clips) < 2 or places != list(range(places[0], places[0] + len(places))):
                raise BadInput("Choose two or more clips that follow one another.")
            if len({clip.speaker for clip in clips}) > 1:
                raise BadInput("These clips have different speakers. One clip has one.")
            change.label = f"Merged clips {places[0]} {'and' if len(clips) == 2 else 'to'} {places[-1]}"
            last = clips[-1]
            new = _like(clips[0], transition=last.transition)
            new.visual_intent = _join_intents(clip.visual_intent for clip in clips)
            new.acceptance = list(dict.fromkeys(c for clip in clips for c in clip.acceptance))[:CRITERIA_MAX]
            new.prompt = ""  # what was written for one of them says what only that one says
            order = [c.id for c in sorted(change.plan.clips, key=lambda c: c.order_key)]
            insert_clips(change.session, change.plan, [new], after=last)
            gone = {clip.id for clip in clips}
            order.insert(order.index(last.id) + 1, new.id)
            put_in_order(change.session, change.plan, [clip_id for clip_id in order if clip_id not in gone])
            self._fit_together(change, new, clips)
            new_clip_id = new.id
        self._take_up(plan_id)
        return new_clip_id

    @needs(Role.CREATOR)
    def remove_clips(self, clip_ids: Sequence[str], *, by: str = "", seen: Seen = None) -> None:
        """Take clips of one plan out of it, with their takes; those that are out already stay so. Raises ``Conflict``
        while a take of one is being made, and when none would be left."""
        with self._database.read() as session:
            rows = [fetch(session, ClipRow, clip_id) for clip_id in dict.fromkeys(clip_ids)]
        there = [clip.id for clip in rows if clip.removed_at is None]
        if not there:
            return
        with self._changing(rows[0].clip_plan_id, by=by, seen=seen) as change:
            gone = [change.clip(clip_id) for clip_id in there]
            change.label = f"Removed clip {change.place(gone[0])}" if len(gone) == 1 else f"Removed {len(gone)} clips"
            order = [c.id for c in sorted(change.plan.clips, key=lambda c: c.order_key) if c.id not in there]
            if not order:
                raise Conflict("A film has at least one clip. Delete the project if you do not want it any more.")
            put_in_order(change.session, change.plan, order)

    @needs(Role.CREATOR)
    def duplicate_clip(self, clip_id: str, *, by: str = "", seen: Seen = None) -> str:
        """The same clip once more, right after it and without takes; its id."""
        with self._changing(self._plan_of(clip_id), by=by, seen=seen) as change:
            clip = change.clip(clip_id)
            change.label = f"Duplicated clip {change.place(clip)}"
            new = _like(clip, transition=clip.transition)
            insert_clips(change.session, change.plan, [new], after=clip)
            new_clip_id, plan_id = new.id, change.plan.id
        self._take_up(plan_id)
        return new_clip_id

    def _fit_together(self, change: Change, new: ClipRow, clips: Sequence[ClipRow]) -> None:
        """Give ``new`` all that is said in ``clips``, or their time when nothing is. Raises ``BadInput``."""
        new.text, words = "", " ".join(clip.text for clip in clips if clip.text)
        seconds = None
        if not words:
            offered = self._choices.constraints(settings_for(new)).durations_seconds
            whole = sum(clip.seconds for clip in clips)
            seconds = next((d for d in offered if d >= whole), whole)
        try:
            self._fit(change, new, words, seconds=seconds)
        except BadInput as error:
            raise BadInput(f"These clips do not fit into one. {error.message}") from None

    def _take_up(self, plan_id: str) -> None:
        """Have a running plan begin its new clips now, not when its present ones are done."""
        with self._database.read() as session:
            plan = fetch(session, PlanRow, plan_id)
            clips = sorted(plan.clips, key=lambda c: c.order_key) if plan.status == PlanStatus.RUNNING else []
            todo = [(c.order_key, c.id, c.generation) for c in clips if not ClipStatus(c.status).is_settled]
        for place, clip_id, generation in todo:
            self._enqueue_clip(clip_id, generation, plan_id=plan_id, place=place)


def combined_order(change: Change, wanted: Mapping[str, Any], *, seen: Seen) -> dict[str, Any]:
    """An arrangement made of what was ``seen``, laid over the present one. Raises ``ChangedMeanwhile``."""
    session, project_id = change.session, change.plan.project_id
    present = arrangement_of(session, change.plan)
    values = combined(session, project_id, wanted, seen=seen, present=present)
    check_version(session, project_id, change.plan.project.version, seen=seen)
    return values


def _reorder(change: Change, clip_ids: Sequence[str]) -> None:
    order = [c.id for c in sorted(change.plan.clips, key=lambda c: c.order_key)]
    if sorted(clip_ids) != sorted(order):
        raise BadInput("The new order must name every clip of the plan once.")
    put_in_order(change.session, change.plan, clip_ids)
    change.label = journal.tell_order(order, clip_ids)


def _like(clip: ClipRow, *, transition: dict[str, object] | None) -> ClipRow:
    """A new clip, not begun, that is as this one."""
    same = ("scene_id", "text", "words", "seconds", "visual_intent", "speaker", "prompt", "provider", "model")
    return ClipRow(
        id=new_id(),
        status=ClipStatus.PENDING,
        acceptance=list(clip.acceptance),
        reference_asset_id=clip.reference_asset_id,
        transition=transition,
        **{name: getattr(clip, name) for name in same},
    )


def _join_intents(intents: Iterable[str]) -> str:
    """What is seen in one clip after the other, each thing said once."""
    said = list(dict.fromkeys(intent.strip() for intent in intents if intent.strip()))
    return " ".join(i if i[-1] in ".!?…" else f"{i}." for i in said)[:INTENT_CHARACTERS_MAX] if said[1:] else said[0]
