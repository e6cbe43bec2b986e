"""Single clips, their variations and what people preferred."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

from orchestrator.calls import spent_usd
from orchestrator.costs import standing_budget
from orchestrator.db import queries
from orchestrator.db import singles as asked
from orchestrator.db.models import ClipRow, utc_now
from orchestrator.db.records import fetch, known_ids, settings_of
from orchestrator.db.session import Session
from orchestrator.decisions import judgement
from orchestrator.director import count_spoken
from orchestrator.errors import NotFound
from orchestrator.presentation import take_shown, url
from orchestrator.repair import diff_prompts, next_pair, rank_takes, why_best
from orchestrator.scene_crafter.own import spoken_line
from orchestrator.schema.clip_plan import WORDS_PER_MINUTE_DEFAULT
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.single import LineFit, UnderWay, WaitEstimate, Wish, WishList
from orchestrator.schema.view import TakeView
from orchestrator.views.base import Reads
from orchestrator.views.takes import newest_takes, take_views, unbegun_take

TAKES_TIMED = 50  # the newest that tell how long the next one will take
PREFERRED_WORDS = "You preferred it when you were not told which was which."


class SingleReads(Reads):
    """Single clips, their variations and what people preferred."""

    def single(self, clip_id: str) -> TakeView:
        """The newest take of a single clip, also before the engine has taken it up. Raises ``NotFound``, also for one
        that was deleted."""
        with self._database.read() as session:
            return newest_takes(session, [_there(session, clip_id)])[0]

    def history(self, *, limit: int = 50) -> tuple[TakeView, ...]:
        """The newest take of every single clip, newest first."""
        with self._database.read() as session:
            return newest_takes(session, queries.single_clips(session, self._owner_id, limit=limit))

    def wishes(self, *, limit: int = 12, after: str = "") -> WishList:
        """Wishes for single clips with their takes, newest first. Raises ``BadInput`` for a cursor of another list."""
        with self._database.read() as session:
            page = asked.wish_ids(session, self._owner_id, limit=limit, after=after)
            wishes = _wishes(session, [wish_id for (wish_id,) in page.rows])
        return WishList(wishes=wishes, next=page.next, previous=page.previous)

    def wish(self, clip_id: str) -> Wish:
        """The wish that a single clip came of. Raises ``NotFound``, also for one that was deleted and for a clip of a
        storyboard."""
        with self._database.read() as session:
            clip = _there(session, clip_id)
            if clip.plan.project.kind != "single":
                raise NotFound("There is no single clip with that id.")
            return _wishes(session, [clip.variation_of or clip.id])[0]

    def deleted_singles(self, clip_ids: Sequence[str]) -> tuple[TakeView, ...]:
        """Those of the single clips that were deleted and can be brought back; unknown ids are left out."""
        with self._database.read() as session:
            found = {clip.id: clip for clip in asked.deleted_singles(session, self._owner_id, known_ids(clip_ids))}
            return newest_takes(session, [found[clip_id] for clip_id in known_ids(clip_ids) if clip_id in found])

    def under_way(self) -> tuple[UnderWay, ...]:
        """The single clips that are being made, those asked for last first, and how long each will take yet."""
        with self._database.read() as session:
            takes = newest_takes(session, asked.single_clips_at_work(session, self._owner_id))
            waits = {key: _wait(session, *key).seconds for key in {(take.provider, take.model) for take in takes}}
        now = utc_now()
        return tuple(
            UnderWay(
                take=take,
                elapsed_seconds=(elapsed := max(0.0, (now - take.created_at).total_seconds())),
                left_seconds=None if (wait := waits[take.provider, take.model]) is None else wait - elapsed,
            )
            for take in takes
        )

    def wait(self, *, provider: str, model: str, clips: int = 1) -> WaitEstimate:
        """How long that many clips asked for now will probably take, by the takes this provider and model made here."""
        profile = self._choices.profile(provider, model)
        width = max(1, min(profile.max_concurrent, self._choices.settings.max_concurrent_clips))
        with self._database.read() as session:
            one = _wait(session, profile.name, model or profile.models[0])
        rounds = math.ceil(clips / width)
        return one.model_copy(update={"seconds": None if one.seconds is None else one.seconds * rounds})

    def line_fit(self, *, prompt: str, line: str, durations_seconds: Sequence[int]) -> LineFit:
        """How long the line takes that is to be spoken: the one given, else what ``prompt`` has between quotes."""
        words, pace = count_spoken(line or spoken_line(prompt)), WORDS_PER_MINUTE_DEFAULT
        seconds = words * 60 / pace
        return LineFit(
            words=words,
            seconds=seconds,
            words_per_minute=pace,
            needed_seconds=next((d for d in sorted(durations_seconds) if d >= seconds), None),
        )

    def can_remix(self, *, provider: str, model: str) -> bool:
        """Whether takes of this provider and model can be remixed now."""
        is_there = provider in self._choices.profiles
        return is_there and self._choices.profile(provider, model).supports_remix

    def compare_prompts(self, before: str, after: str) -> tuple[tuple[str, str], ...]:
        """``after`` held against ``before``: (``same`` | ``added`` | ``removed``, text)."""
        return diff_prompts(before, after)

    def single_budget_left_usd(self) -> float | None:
        """What the next single clip may cost; None where no budget is set."""
        configured = self._choices.default_budget_usd
        with self._database.read() as session:
            project = queries.single_project(session, self._owner_id)
            last = asked.newest_single_plan(session, project.id) if project else None
            if project is None or last is None:
                return configured
            now = ProjectSettings.model_validate(project.settings).budget_usd
            budget = standing_budget(configured, then_usd=settings_of(last).budget_usd, now_usd=now)
            return None if budget is None else max(0.0, budget - spent_usd(session, project.id))


def _there(session: Session, clip_id: str) -> ClipRow:
    clip = fetch(session, ClipRow, clip_id)
    if clip.removed_at is not None:
        raise NotFound("That clip was deleted.")
    return clip


def _wait(session: Session, provider: str, model: str) -> WaitEstimate:
    spans = asked.spans_of_takes(session, provider=provider, model=model, limit=TAKES_TIMED)
    seconds = [max(0.0, (settled - begun).total_seconds()) for begun, settled in spans]
    return WaitEstimate(seconds=median(seconds) if seconds else None, takes=len(seconds))


def _wishes(session: Session, ids: Sequence[str]) -> tuple[Wish, ...]:
    """Those wishes, in that order."""
    clips: dict[str, list[ClipRow]] = {wish_id: [] for wish_id in ids}
    for clip in asked.clips_of_wishes(session, ids):
        clips[clip.variation_of or clip.id].append(clip)
    shown = {clip.id: run for found in clips.values() for clip in found if (run := take_shown(clip))}
    takes = dict(zip(shown, take_views(session, list(shown.values())), strict=True))
    said = [
        (row.chosen_run_id, row.other_run_id)
        for row in asked.preferences_among(session, [run.id for run in shown.values()])
    ]
    return tuple(
        _wish(wish_id, found, takes=[takes.get(clip.id) or unbegun_take(clip) for clip in found], said=said)
        for wish_id, found in clips.items()
        if found
    )


def _wish(
    wish_id: str, clips: Sequence[ClipRow], *, takes: Sequence[TakeView], said: Iterable[tuple[str, str]]
) -> Wish:
    """A wish of which ``takes`` are those shown of ``clips``; ``said`` is (better, other run) of these and others."""
    clip = clips[0]
    wish = Wish(
        id=wish_id,
        prompt=clip.prompt or clip.visual_intent,
        line=clip.text,
        takes=tuple(takes),
        reference_url=url(clip.reference_asset_id),
    )
    if len(takes) == 1:
        return wish
    made = {run.id: run for clip in clips if (run := take_shown(clip)) and run.asset_id}
    judged = {run_id: held for run_id, run in made.items() if (held := judgement(run))}
    said = [pair for pair in said if made.keys() >= set(pair)]
    preferred = said[-1][0] if said else ""
    ranked = (*([preferred] if preferred else []), *rank_takes(judged), *made)
    order = {run_id: place for place, run_id in reversed(list(enumerate(ranked)))}
    return wish.model_copy(
        update={
            "takes": tuple(sorted(takes, key=lambda take: order.get(take.run_id, len(ranked)))),
            "best_reason": PREFERRED_WORDS if preferred else why_best(judged),
            "pair": None if wish.is_active else next_pair(list(made), said),
            "preferred_run_id": preferred,
        }
    )
