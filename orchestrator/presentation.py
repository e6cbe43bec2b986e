"""How rows read on screen: pure functions from rows to views, and the words for every state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import mean

from orchestrator.db.models import ClipRow, OverrideRow, PerceptionCallRow, PlanRow, ProviderCallRow, RenderRow, RunRow
from orchestrator.db.queries import VISION
from orchestrator.db.records import repair_of, request_of, standing
from orchestrator.decisions import best_run, candidates, is_being_cut, judgement, verdict_of, why_fixed
from orchestrator.repair import best_take, diff_prompts, why_best
from orchestrator.schema.assessment import Assessment, Verdict
from orchestrator.schema.clip_run import CANCELLED, TAKEN_BACK, Edit
from orchestrator.schema.project import ProjectSettings
from orchestrator.schema.status import ClipStatus, PlanStatus, RenderStatus, RunStatus
from orchestrator.schema.timeline import Transition
from orchestrator.schema.view import (
    CallView,
    ClipView,
    DecisionView,
    MissingClip,
    Phase,
    PhaseName,
    RenderView,
    TakeView,
)
from providers.base import GenerationStatus

# Before anything was measured: a guess that is corrected by the first finished take.
_SECONDS_PER_CLIP_GUESS = 8.0
_SECONDS_PER_RENDER_GUESS = 8.0
_NAMED_AT_MOST = 5


def url(asset_id: str | None, *, is_download: bool = False) -> str:
    return f"/api/v1/media/{asset_id}{'?download=1' if is_download else ''}" if asset_id else ""


def clip_view(clip: ClipRow, *, place: int, settings: ProjectSettings, cost_usd: float) -> ClipView:
    shown = take_shown(clip)
    verdict, score = verdict_of(shown) if shown else (None, None)
    return ClipView(
        id=clip.id,
        position=place,
        scene_id=clip.scene_id,
        scene_position=clip.scene.position,
        scene_title=clip.scene.title,
        speaker=clip.speaker,
        text=clip.text,
        words=clip.words,
        seconds=clip.seconds,
        visual_intent=clip.visual_intent,
        acceptance=tuple(clip.acceptance),
        status=ClipStatus(clip.status),
        status_text=_clip_status_text(clip, shown),
        progress=shown.progress if shown and clip.status == ClipStatus.GENERATING else None,
        score=score,
        attempts=sum(not run.edit for run in clip.runs),
        max_attempts=settings.retry_policy.max_attempts,
        provider=shown.provider if shown else clip.provider or settings.provider,
        verdict=verdict,
        cost_usd=cost_usd,
        video_url=url(shown.asset_id) if shown else "",
        poster_url=url(shown.poster_asset_id) if shown else "",
        reason=clip.reason,
        is_editable=not why_fixed(clip),
        own_prompt=clip.prompt,
        own_provider=clip.provider,
        own_model=clip.model,
        transition=Transition.model_validate(clip.transition) if clip.transition else settings.transition,
        has_own_transition=bool(clip.transition),
        animatic_url=url(clip.animatic_asset_id),
        reference_url=url(clip.reference_asset_id),
    )


def take_shown(clip: ClipRow) -> RunRow | None:
    """The take that stands for its clip: the accepted one; where the clip ended without one, its best, unless a person
    has to find out what became of the newest; while it is being made, the newest."""
    if not clip.runs:
        return None
    newest = clip.runs[-1]
    if len(clip.runs) == 1:
        return newest
    if accepted := next((r for r in clip.runs if r.id == clip.accepted_run_id), None):
        return accepted
    is_ended = clip.status in (ClipStatus.NEEDS_REVIEW, ClipStatus.FAILED)
    is_asked_of_newest = clip.status == ClipStatus.NEEDS_REVIEW and not newest.asset_id
    return (best_run(clip) if is_ended and not is_asked_of_newest else None) or newest


_CLIP_WORDS = {
    ClipStatus.PENDING: "Waiting",
    ClipStatus.GENERATING: "Generating",
    ClipStatus.ASSESSING: "Assessing",
    ClipStatus.REPAIRING: "Repairing",
    ClipStatus.PASSED: "Passed",
    ClipStatus.NEEDS_REVIEW: "Needs you",
    ClipStatus.FAILED: "Failed",
}


def _clip_status_text(clip: ClipRow, run: RunRow | None) -> str:
    words = _CLIP_WORDS[ClipStatus(clip.status)]
    if clip.status == ClipStatus.GENERATING and run:
        return _generating_words(run)
    return words


def _generating_words(run: RunRow) -> str:
    """What the provider is doing, in our words with its own beside them: a full queue is a wait, not a failure."""
    said = run.provider_status.replace("_", " ").strip()
    if run.status == RunStatus.CRAFTED:
        return "Waiting for a place at the provider"
    if run.provider_state == GenerationStatus.QUEUED:
        return f"Waiting at the provider ({said.lower()})" if said.lower() != "queued" else "Waiting at the provider"
    return f"Generating ({said})" if said else "Generating"


HELD_WORDS = "Waits until the plan goes on"
_RUN_WORDS = {
    RunStatus.CRAFTED: "Waiting for the provider",
    RunStatus.GENERATED: "Assessing",
    RunStatus.ASSESSED: "Deciding",
}


def _run_words(run: RunRow) -> str:
    if run.edit and run.status == RunStatus.CRAFTED:
        return "Being cut from an earlier take"
    return _generating_words(run) if run.status == RunStatus.GENERATING else _RUN_WORDS.get(RunStatus(run.status), "")


def take_view(
    run: RunRow, *, call: ProviderCallRow | None, stored_at: datetime | None, now: datetime, looks_usd: float = 0.0
) -> TakeView:
    """``call`` is the take's paid request, ``stored_at`` when it was brought home, ``now`` the end of what goes on;
    ``looks_usd`` is what looking at it cost."""
    request = request_of(run)
    assessment = judgement(run)
    repair = repair_of(run)
    whole = [o for o in standing(run) if not o.check_name]
    is_accepted = run.clip.accepted_run_id == run.id
    is_newest = run.clip.runs[-1].id == run.id
    is_shown = take_shown(run.clip) is run
    others = candidates(run.clip)
    is_best = best_take(others) == run.id
    source = next((r for r in run.clip.runs if r.id == run.source_run_id), None)
    is_open = is_newest and (not ClipStatus(run.clip.status).is_settled or is_being_cut(run.clip))
    is_held = is_open and waits_for_plan(run.clip)
    is_active = is_open and not is_held
    return TakeView(
        run_id=run.id,
        clip_id=run.clip_id,
        clip_plan_id=run.clip.clip_plan_id,
        project_id=run.clip.plan.project_id,
        project_name=run.clip.plan.project.name,
        position=run.clip.order_key,
        attempt=run.attempt,
        status=RunStatus(run.status),
        status_text=HELD_WORDS
        if is_held and run.error_code not in TAKEN_BACK
        else _run_words(run) or _settled_words(run, assessment, is_accepted=is_accepted),
        progress=run.progress if run.status == RunStatus.GENERATING else None,
        verdict=assessment.verdict if assessment else None,
        score=assessment.score if assessment else None,
        weight_run=assessment.weight_run if assessment else 0.0,
        checks=assessment.checks if assessment else {},
        vetoes=assessment.vetoes if assessment else (),
        summary=assessment.summary if assessment else "",
        provider=run.provider,
        model=run.model,
        prompt=request.prompt,
        line=request.line,
        seconds=request.seconds,
        size=request.size,
        cost_usd=round(_paid_usd(call) + looks_usd, 4),
        is_cost_final=call is not None and call.finished_at is not None,
        narration=run.narration,
        video_url=url(run.asset_id),
        poster_url=url(run.poster_asset_id),
        download_url=url(run.asset_id, is_download=True),
        error_code=run.error_code,
        error_message=run.error_message,
        repair_strategy=repair.strategy if repair else "",
        repair_reason=repair.reason if repair else "",
        override=whole[-1].new_value if whole else "",
        override_reason=whole[-1].reason if whole else "",
        decisions=tuple(map(_decision_view, run.overrides)),
        prompt_diff=_prompt_diff(run),
        is_best=is_best,
        best_reason=why_best(others) if is_best else "",
        edit=Edit.model_validate(run.edit) if run.edit else None,
        source_attempt=source.attempt if source else None,
        reference_url=url(run.reference_asset_id),
        is_accepted=is_accepted,
        is_newest=is_newest,
        is_active=is_active,
        is_held=is_held,
        reason=(run.clip.plan.reason if is_held else run.clip.reason) if is_newest or is_shown else "",
        phases=phases_of(run, call=call, stored_at=stored_at, is_active=is_active, now=now, looks_usd=looks_usd),
        created_at=run.created_at,
    )


def phases_of(
    run: RunRow,
    *,
    call: ProviderCallRow | None,
    stored_at: datetime | None,
    is_active: bool,
    now: datetime,
    looks_usd: float = 0.0,
) -> tuple[Phase, ...]:
    """What a take went through so far, reckoned from when its rows were written. Clocks of machine and database may
    differ a little; no phase begins before the one it follows."""
    is_made = stored_at is not None or run.provider_state == GenerationStatus.COMPLETED
    marks = {
        PhaseName.QUEUED: run.created_at,
        PhaseName.SENT: call.created_at if call else None,
        PhaseName.WAITING: call.accepted_at if call else None,
        PhaseName.DOWNLOADING: call.finished_at if call and is_made else None,
        PhaseName.ASSESSING: stored_at,
    }
    begun = [(name, at) for name, at in marks.items() if at is not None]
    end, is_over = _end_of(run, call, is_made=is_made, now=now if is_active else run.updated_at)
    paid = {PhaseName.SENT: _paid_usd(call), PhaseName.ASSESSING: looks_usd}
    phases: list[Phase] = []
    for (name, at), until in zip(begun, [*(at for _, at in begun[1:]), end], strict=True):
        start = max(at, phases[-1].started_at) if phases else at
        phases.append(
            Phase(
                name=name,
                started_at=start,
                seconds=round(max(0.0, (until - start).total_seconds()), 2),
                is_open=name is begun[-1][0] and is_active and not is_over,
                cost_usd=paid.get(name, 0.0),
            )
        )
    return tuple(phases)


def _end_of(run: RunRow, call: ProviderCallRow | None, *, is_made: bool, now: datetime) -> tuple[datetime, bool]:
    """When the last phase of a take ended, and whether it has."""
    is_failed = call is not None and not is_made
    ends = (
        run.assessments[0].created_at if run.assessments else None,
        call.finished_at if call and is_failed else None,
        run.settled_at,
    )
    over = next((end for end in ends if end is not None), None)
    return over or now, over is not None


def _prompt_diff(run: RunRow) -> tuple[tuple[str, str], ...]:
    """The prompt against that of the take asked for before; an edit has its source's prompt."""
    asked = [r for r in run.clip.runs if r.attempt < run.attempt and not r.edit and r.error_code not in TAKEN_BACK]
    if run.edit or not asked:
        return ()
    return diff_prompts(request_of(asked[-1]).prompt, request_of(run).prompt)


def _decision_view(row: OverrideRow) -> DecisionView:
    return DecisionView(
        at=row.created_at,
        by=row.made_by,
        check=row.check_name,
        old=row.old_value,
        new=row.new_value,
        reason=row.reason,
    )


def _paid_usd(call: ProviderCallRow | None) -> float:
    return round(call.cost_usd, 4) if call and call.state != "refused" else 0.0


def waits_for_plan(clip: ClipRow) -> bool:
    """Whether nothing is done for this clip until its plan, which was paused or cancelled, goes on."""
    return clip.status == ClipStatus.PENDING and clip.plan.status in (PlanStatus.PAUSED, PlanStatus.CANCELLED)


def call_view(row: ProviderCallRow) -> CallView:
    return CallView(
        run_id=row.clip_run_id,
        provider=row.provider,
        model=row.model,
        state=row.state,
        cost_usd=row.cost_usd,
        estimated_usd=row.estimated_usd,
        is_finished=row.finished_at is not None,
        is_adopted=row.is_adopted,
        message=row.error_message,
        sent_at=row.sent_at,
    )


def look_view(row: PerceptionCallRow) -> CallView:
    return CallView(
        run_id=row.clip_run_id,
        provider=VISION,
        model=row.model,
        state=row.state,
        cost_usd=row.cost_usd,
        estimated_usd=row.estimated_usd,
        is_finished=row.state != "intent",
        message=row.error_message,
        sent_at=row.created_at,
    )


def _settled_words(run: RunRow, assessment: Assessment | None, *, is_accepted: bool) -> str:
    if is_accepted:
        return "Passed"
    if run.error_code in TAKEN_BACK:
        return "Cancelled" if run.error_code == CANCELLED else "Given up"
    if run.clip.status == ClipStatus.NEEDS_REVIEW and take_shown(run.clip) is run:
        return "Needs you"
    return "Failed" if assessment is None or assessment.verdict is not Verdict.PASS else "Not chosen"


def render_view(row: RenderRow, *, is_current: bool) -> RenderView:
    return RenderView(
        id=row.id,
        clip_plan_id=row.clip_plan_id,
        status=RenderStatus(row.status),
        progress=row.progress,
        transition=row.transition,
        duration_seconds=row.duration_seconds,
        video_url=url(row.asset_id),
        download_url=url(row.asset_id, is_download=True),
        poster_url=url(row.poster_asset_id),
        frames_copied=row.frames_copied,
        frames_encoded=row.frames_encoded,
        error=row.error,
        is_partial=row.missing_clips > 0,
        missing_clips=row.missing_clips,
        is_current=is_current,
        created_at=row.created_at,
    )


_SHARE = {
    ClipStatus.PENDING: 0.0,
    ClipStatus.REPAIRING: 0.3,
    ClipStatus.ASSESSING: 0.8,
    ClipStatus.PASSED: 1.0,
    ClipStatus.NEEDS_REVIEW: 1.0,
    ClipStatus.FAILED: 1.0,
}


def plan_progress(clips: Sequence[ClipView], render: RenderView | None) -> float:
    """0..1: nine tenths for the clips, one for the film."""
    if not clips:  # somebody deleted them
        return 0.0
    done = [_SHARE.get(c.status, 0.1 + 0.6 * (c.progress or 0.0)) for c in clips]
    film = render.progress if render and all(c.status.is_settled for c in clips) else 0.0
    return round(0.9 * sum(done) / len(done) + 0.1 * film, 4)


def eta_seconds(plan: PlanRow, clips: Sequence[ClipView], *, width: int) -> float:
    """Time left from how long takes took so far, ``width`` of them at a time."""
    took = [
        (r.settled_at - r.created_at).total_seconds() for c in plan.clips for r in c.runs if r.settled_at is not None
    ]
    per_clip = mean(took) if took else _SECONDS_PER_CLIP_GUESS
    open_share = sum(1 - _SHARE.get(c.status, 0.1 + 0.6 * (c.progress or 0.0)) for c in clips)
    return round(open_share * per_clip / min(width, max(1, len(clips))) + _SECONDS_PER_RENDER_GUESS, 1)


NOBODY = "no process is at work; start one with: python -m orchestrator worker"


def plan_message(
    plan: PlanRow,
    counts: Mapping[ClipStatus, int],
    total: int,
    render: RenderView | None,
    *,
    is_rendering: bool,
    missing: Sequence[MissingClip],
    is_attended: bool,
) -> str:
    """The state of a plan in one line."""
    parts = [f"{counts[ClipStatus.PASSED]} of {total} clips passed"]
    if counts[ClipStatus.NEEDS_REVIEW]:
        parts.append(f"{counts[ClipStatus.NEEDS_REVIEW]} need{'s' * (counts[ClipStatus.NEEDS_REVIEW] == 1)} you")
    if counts[ClipStatus.FAILED]:
        parts.append(f"{counts[ClipStatus.FAILED]} failed")
    unmade = total - sum(counts[status] for status in ClipStatus if status.is_settled)
    if unmade and plan.status in (PlanStatus.COMPLETED, PlanStatus.INCOMPLETE):  # they were added or changed since
        parts.append(f"{unmade} still to be made")
    if not is_attended:
        parts.append(NOBODY)
    elif is_rendering:
        parts.append("rendering the film")
    elif plan.status == PlanStatus.PAUSED:
        parts.append(("pausing" if not plan.is_parked else "paused") + (f": {plan.reason}" if plan.reason else ""))
    elif plan.status == PlanStatus.CANCELLED:
        parts.append(_cancelled_words(plan))
    elif render and render.status is RenderStatus.FAILED:
        parts.append(f"the film could not be made: {render.error}")
    elif render and render.status is RenderStatus.DONE:
        without = f" without {_clips_words([m.position for m in missing])}" if missing else ""
        parts.append(f"film ready{without}" if render.is_current else "film ready, but older than the storyboard")
    elif plan.status == PlanStatus.INCOMPLETE and missing:
        parts.append(f"the film waits for {_clips_words([m.position for m in missing])}")
    return " · ".join(parts)


def missing_clips(clips: Iterable[ClipView]) -> tuple[MissingClip, ...]:
    """The clips that are settled and have no accepted take."""
    return tuple(
        MissingClip(position=c.position, reason=c.reason or c.status_text)
        for c in clips
        if c.status in (ClipStatus.FAILED, ClipStatus.NEEDS_REVIEW)
    )


def _cancelled_words(plan: PlanRow) -> str:
    """What became of the takes that were under way."""
    since = plan.finished_at or plan.updated_at
    runs = [run for clip in plan.clips for run in clip.runs]
    taken_back = sum(r.error_code == CANCELLED and (r.settled_at or since) >= since for r in runs)
    open_takes = 0 if plan.is_parked else sum(r.status != RunStatus.SETTLED and bool(r.generation_id) for r in runs)
    said = (f"{taken_back} taken back at no cost" * bool(taken_back), _finishing_words(open_takes) * bool(open_takes))
    return ": ".join(filter(None, ("cancelled", ", ".join(filter(None, said)))))


def _finishing_words(count: int) -> str:
    return (
        "1 still being finished, for it is paid" if count == 1 else f"{count} still being finished, for they are paid"
    )


def _clips_words(positions: Sequence[int]) -> str:
    """``clip 2``, ``clips 2 and 5``, ``clips 1, 2, 5 and 3 more``."""
    named = [str(n) for n in positions[:_NAMED_AT_MOST]]
    more = [f"{len(positions) - len(named)} more"] if len(positions) > len(named) else []
    *first, last = named + more
    return f"clip{'s' * (len(positions) > 1)} " + (f"{', '.join(first)} and {last}" if first else last)
