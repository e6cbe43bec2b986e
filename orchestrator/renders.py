"""What a render is made of: the accepted takes of a plan, slates for the missing ones, as a timeline in its row."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import assert_never

from orchestrator.assembler import Take, build_timeline, fit_transitions
from orchestrator.db.models import AssetRow, ClipRow, PlanRow, RenderRow, RunRow, new_id
from orchestrator.db.records import assessment_of, cut_of, fetch, request_of, settings_of
from orchestrator.db.session import Session
from orchestrator.schema.assessment import CheckName
from orchestrator.schema.status import ClipStatus, RenderStatus
from orchestrator.schema.timeline import Slate, Timeline, Transition

# After the last word of a take that is cut short.
BREATH_SECONDS = 0.35
MIXED = "mixed"  # said of a film with transitions of several kinds


def render_id_of(plan: PlanRow, generation: int) -> str:
    """The same film of the same flow is the same row, also when the step that adds it is run twice; other takes or
    another order are another film."""
    timeline = build_plan_timeline(plan, settings_of(plan).transition)
    return str(uuid.uuid5(uuid.UUID(plan.id), f"render:{generation}:{timeline.model_dump_json()}"))


def build_plan_timeline(plan: PlanRow, transition: Transition, *, has_slates: bool = False) -> Timeline:
    """The timeline of a plan's accepted takes in the order people gave them, with ``transition`` where a clip has none
    of its own; with a slate for each clip that has no take, if ``has_slates``. Raises ``BadInput`` when that leaves
    nothing to show."""
    settings = settings_of(plan)
    width, height = (int(n) for n in settings.size.split("x"))
    shown = _shown(plan, has_slates=has_slates)
    takes = [
        Take(
            source=_source(clip),
            seconds=clip.seconds if slate else play_seconds(clip),
            label=clip.text[:80],
            slate=slate,
        )
        for clip, slate in shown
    ]
    transitions = _transitions([clip for clip, _ in shown], default=transition)
    return build_timeline(takes, transitions=transitions, width=width, height=height)


def is_current(row: RenderRow, plan: PlanRow) -> bool:
    """Whether a render is of what the storyboard would use now, in the same order: the takes, for a partial film the
    slates, word for word, and the transitions between them."""
    timeline = Timeline.model_validate(row.timeline)
    made_of = [(clip.source, clip.slate) for clip in timeline.clips]
    shown = _shown(plan, has_slates=row.missing_clips > 0)
    if made_of != [(_source(clip), slate) for clip, slate in shown]:
        return False
    wanted = _transitions([clip for clip, _ in shown], default=settings_of(plan).transition)
    return timeline.transitions == fit_transitions(wanted, [c.frames for c in timeline.clips], fps=timeline.fps)[0]


def _transitions(clips: Sequence[ClipRow], *, default: Transition) -> list[Transition]:
    """The transition between each two of the clips: the first one's own, else the ``default``."""
    return [Transition.model_validate(c.transition) if c.transition else default for c in clips[:-1]]


def _shown(plan: PlanRow, *, has_slates: bool) -> list[tuple[ClipRow, Slate | None]]:
    """The clips a film shows, each by its accepted take or else by a slate."""
    order = sorted(plan.clips, key=lambda c: c.order_key)
    return [
        (clip, None if clip.accepted_run_id else _slate(clip, place=place))
        for place, clip in enumerate(order, start=1)
        if clip.accepted_run_id or has_slates
    ]


def _source(clip: ClipRow) -> str:
    return clip.accepted_run_id or f"slate:{clip.id}"


def _slate(clip: ClipRow, *, place: int) -> Slate:
    status = ClipStatus(clip.status)
    match status:
        case ClipStatus.PENDING:
            state = "waiting for another take" if clip.runs else "not started"
        case ClipStatus.GENERATING | ClipStatus.ASSESSING | ClipStatus.REPAIRING:
            state = "being made"
        case ClipStatus.NEEDS_REVIEW:
            state = "needs review"
        case ClipStatus.FAILED:
            state = "failed"
        case ClipStatus.PASSED:
            state = "no take was accepted"
        case _:
            assert_never(status)
    return Slate(number=place, state=state, reason=clip.reason if status.is_settled else "", text=clip.text)


def play_seconds(clip: ClipRow) -> float:
    """How long the accepted take of ``clip`` plays: the planned time. Where its provider sells only a longer one, the
    rest is trimmed, save for words that are still being said. A take that a person cut plays as it was cut."""
    run = next(r for r in clip.runs if r.id == clip.accepted_run_id)
    if cut := cut_of(run):
        return cut.seconds
    made_seconds = request_of(run).seconds
    if made_seconds <= clip.seconds or not run.assessments:
        return float(clip.seconds)
    heard = assessment_of(run.assessments[-1]).checks[CheckName.TRANSCRIPT_MATCH].evidence.get("words", ())
    last_word_ends = max((end for _, _, end in heard), default=0.0)
    return min(float(made_seconds), max(float(clip.seconds), last_word_ends + BREATH_SECONDS))


def add_render(
    session: Session, plan: PlanRow, *, transition: Transition, render_id: str = "", has_slates: bool = False
) -> RenderRow:
    """A queued render of what is accepted now, and of slates for the rest if ``has_slates``. Raises ``BadInput`` when
    there is nothing to show."""
    timeline = build_plan_timeline(plan, transition, has_slates=has_slates)
    row = RenderRow(
        id=render_id or new_id(),
        clip_plan_id=plan.id,
        status=RenderStatus.QUEUED,
        timeline=timeline.model_dump(mode="json"),
        transition=MIXED if len({t.kind for t in timeline.transitions}) > 1 else str(transition),
        missing_clips=timeline.missing_clips,
    )
    session.add(row)
    session.flush()
    return row


def stored_file(session: Session, run_id: str) -> tuple[str, str]:
    """(key, hash) of a take's file, as ``AssetStore.local_path`` takes them. Raises ``NotFound``."""
    asset = fetch(session, AssetRow, fetch(session, RunRow, run_id).asset_id or "")
    return asset.storage_key, asset.sha256
