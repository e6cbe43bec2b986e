"""What people decide about takes and clips, as changes to rows. Every decision on a take stays on record."""

from __future__ import annotations

from datetime import datetime

from orchestrator.assessor.verdict import with_overrides
from orchestrator.db.models import ClipRow, OverrideRow, PlanRow, ProviderCallRow, RunRow, utc_now
from orchestrator.db.queries import call_of
from orchestrator.db.records import (
    UNDONE,
    assessment_of,
    cut_of,
    is_single,
    overrides_of,
    policy_of,
    request_of,
    settings_of,
    standing,
)
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict
from orchestrator.repair import best_take
from orchestrator.schema.assessment import Assessment, CheckName, CheckStatus, Override, Verdict
from orchestrator.schema.clip_run import ABANDONED, CANCELLED
from orchestrator.schema.project import OnFailed
from orchestrator.schema.status import ClipStatus, PauseCause, PlanStatus, RunStatus

REJECTED = "Rejected by a reviewer"  # how the reason of such a clip begins


def go_on(plan: PlanRow, *, is_lost: bool = False) -> bool:
    """The plan runs. Whether that needs a new flow: none looks after it, or the one that did ``is_lost``."""
    plan.status, plan.finished_at, plan.reason, plan.pause_cause = PlanStatus.RUNNING, None, "", ""
    plan.started_at = plan.started_at or utc_now()
    is_new = plan.is_parked or is_lost
    if is_new:
        plan.is_parked = False
        plan.flow_generation += 1
    return is_new


def is_whole(plan: PlanRow) -> bool:
    """Whether the film of this plan lacks nothing any more, and waits to be made."""
    return plan.status == PlanStatus.INCOMPLETE and all(c.status == ClipStatus.PASSED for c in plan.clips)


def can_be_film(plan: PlanRow) -> bool:
    """Whether its accepted takes are all that the film is to have."""
    passed = [c for c in plan.clips if c.status == ClipStatus.PASSED]
    return bool(passed) and (len(passed) == len(plan.clips) or settings_of(plan).on_failed is OnFailed.SKIP)


def reopen(plan: PlanRow) -> None:
    """A plan whose film was made is incomplete once somebody took a clip's take away."""
    if plan.status == PlanStatus.COMPLETED and not has_open_clips(plan) and not can_be_film(plan):
        plan.status = PlanStatus.INCOMPLETE


def approve(session: Session, run: RunRow, *, reason: str, by: str) -> None:
    """Accept this take for its clip, whatever the assessment says. Said twice in the same words it counts once."""
    if run.clip.accepted_run_id == run.id and _is_said(run, new="approved", reason=reason, by=by):
        return
    if not run.asset_id:
        raise Conflict("This take has no video yet, so it cannot be approved.")
    if run.status != RunStatus.SETTLED:
        raise Conflict("This take is still being assessed. Approve it when that is done.")
    if request_of(run).line != run.clip.text:
        raise Conflict("The clip was split or changed since: this take says other words than the clip does now.")
    decision = _record(session, run, old=run.clip.status, new="approved", reason=reason, by=by)
    run.clip.accepted_run_id, run.clip.status, run.clip.reason = run.id, ClipStatus.PASSED, ""
    run.clip.generation += 1  # a flow still at work on this clip asks for nothing more
    _stamp(decision, run.clip)


def reject(session: Session, run: RunRow, *, reason: str, by: str) -> None:
    """Refuse this take; its clip is failed until it is retried or another take is approved. Said twice in the same
    words it counts once."""
    if run.clip.accepted_run_id != run.id and _is_said(run, new="rejected", reason=reason, by=by):
        return
    if run.status != RunStatus.SETTLED:
        raise Conflict("This take is still being made. Reject it when it is done.")
    if not ClipStatus(run.clip.status).is_settled:
        raise Conflict("Another take of this clip is being made. Reject this one when that is done.")
    clip = run.clip
    decision = _record(session, run, old=clip.status, new="rejected", reason=reason, by=by)
    if clip.accepted_run_id in (run.id, None):
        clip.accepted_run_id, clip.status = None, ClipStatus.FAILED
        clip.generation += 1
        clip.reason = f"{REJECTED}: {reason.strip()}"
    _stamp(decision, clip)


def override(session: Session, run: RunRow, *, check: CheckName, status: CheckStatus, reason: str, by: str) -> str:
    """Correct one check of a take; what was measured stays on record. What came of it, in words. Said twice in the
    same words it counts once.

    The clip follows the verdict where nobody decided on the whole take: it takes this take when that passes now, unless
    it has another one, other words or one being made; and loses it when it does not pass any more.
    """
    before = judgement(run)
    if before is None:
        raise Conflict("This take has not been assessed yet.")
    if run.status != RunStatus.SETTLED:
        raise Conflict("This take is still being decided on. Correct it when that is done.")
    if _is_said(run, new=status, reason=reason, by=by, check=check):
        return f"This was said before. The take {_VERDICT_WORDS[before.verdict]}."
    old = before.checks[check].status if check in before.checks else CheckStatus.NOT_RUN
    decision = _record(session, run, old=old, new=status, reason=reason, by=by, check=check)
    said = (*overrides_of(run), Override(check=check, status=status, by=by, reason=_tidy(reason)))
    after = with_overrides(assessment_of(run.assessments[-1]), said, policy_of(run.clip.plan.project))
    outcome = _follow(run, after.verdict, reason=f"A reviewer corrected {check.replace('_', ' ')}: {_tidy(reason)}")
    _stamp(decision, run.clip)
    return outcome


def take_back_decision(session: Session, run: RunRow, *, by: str) -> str:
    """The newest decision on this take that stands is taken back, and its clip is what it was before: as a new record.
    What was taken back, as ``OverrideRow.new_value``. Raises ``Conflict`` where the clip has gone on since."""
    decision = next(reversed(standing(run)), None)
    if decision is None:
        raise Conflict("Nobody decided anything about this take that still stands.")
    if decision.new_value == "adopted":
        raise Conflict("A lost generation that was found cannot be lost again. Reject the take instead.")
    clip, before = run.clip, decision.before
    if before is None:
        raise Conflict("This was decided with an earlier version, which kept no way back. Decide anew instead.")
    accepted = next((r for r in clip.runs if r.id == before["accepted_run_id"]), None)
    has_other_words = accepted is not None and request_of(accepted).line != clip.text
    if clip.generation != before["until"] or clip.removed_at or has_other_words:
        raise Conflict("The clip has gone on since: it was changed, retried or decided on anew. Decide anew instead.")
    was_changed = (clip.status, clip.accepted_run_id) != (before["status"], before["accepted_run_id"])
    _record(session, run, old=decision.new_value, new=UNDONE, reason=decision.reason, by=by, check=decision.check_name)
    clip.status, clip.accepted_run_id, clip.reason = before["status"], before["accepted_run_id"], before["reason"]
    clip.generation += was_changed
    for earlier in (o for other in clip.runs for o in standing(other)):  # what stood then stands again
        if earlier.before and earlier.before.get("until") == before["generation"]:
            _stamp(earlier, clip)
    return decision.new_value


def judgement(run: RunRow) -> Assessment | None:
    """The newest assessment of a take, with what people corrected in it; None before there is one."""
    if not run.assessments:
        return None
    found, said = assessment_of(run.assessments[-1]), overrides_of(run)
    return with_overrides(found, said, policy_of(run.clip.plan.project)) if said else found


def verdict_of(run: RunRow) -> tuple[Verdict | None, float | None]:
    """Verdict and score of ``judgement``, read without the evidence where nobody corrected a check."""
    if not run.assessments or any(said.check_name for said in standing(run)):
        held = judgement(run)
        return (held.verdict, held.score) if held else (None, None)
    return Verdict(run.assessments[-1].verdict), run.assessments[-1].score


def decided(run: RunRow) -> str:
    """What a person said last about the whole take: ``approved``, ``rejected``, ``adopted``, or nothing."""
    return next((o.new_value for o in reversed(standing(run)) if not o.check_name), "")


def candidates(clip: ClipRow) -> dict[str, Assessment]:
    """The takes a clip could do with, by run id, oldest first, each with what is held of it now: they have a video and
    an assessment, say the clip's words and were not rejected."""
    return {
        run.id: held
        for run in clip.runs
        if run.asset_id
        and (held := judgement(run))
        and request_of(run).line == clip.text
        and decided(run) != "rejected"
    }


def best_run(clip: ClipRow) -> RunRow | None:
    """The take worth most of those the clip could do with, the earlier of two that are worth the same."""
    best_id = best_take(candidates(clip))
    return next((run for run in clip.runs if run.id == best_id), None)


def accept_if_free(run: RunRow) -> str:
    """Take a settled take that passes for its clip, if nothing stands against it; else what does, in words."""
    clip = run.clip
    if clip.accepted_run_id == run.id:
        return "is the accepted one"
    if clip.accepted_run_id:
        return "was not taken, for its clip has an accepted take"
    if decided(run) == "rejected":
        return "stays rejected; approve it to use it"
    if not run.asset_id or request_of(run).line != clip.text:
        return "was not taken, for its clip says other words now"
    if not ClipStatus(clip.status).is_settled:
        return "was not taken, for another one of its clip is being made; approve it to use it"
    clip.accepted_run_id, clip.status, clip.reason = run.id, ClipStatus.PASSED, ""
    clip.generation += 1
    return ""


_VERDICT_WORDS = {Verdict.PASS: "passes", Verdict.FAIL: "fails", Verdict.NEEDS_REVIEW: "needs a person"}


def _follow(run: RunRow, verdict: Verdict, *, reason: str) -> str:
    """Let the clip follow a verdict that a person changed; what came of it, in words."""
    clip, said = run.clip, f"The take {_VERDICT_WORDS[verdict]} now"
    if verdict is Verdict.PASS:
        against = accept_if_free(run)
        return f"{said} and {against}." if against else f"{said} and was taken for its clip."
    is_lost = clip.accepted_run_id == run.id
    if is_lost and decided(run) == "approved":
        return f"{said}. It stays accepted, for it was approved as a whole; reject it to take it out."
    is_open = clip.accepted_run_id is None and clip.status == ClipStatus.NEEDS_REVIEW and clip.runs[-1].id == run.id
    if is_lost or (is_open and verdict is Verdict.FAIL):
        clip.accepted_run_id, clip.reason = None, reason
        clip.status = ClipStatus.FAILED if verdict is Verdict.FAIL else ClipStatus.NEEDS_REVIEW
        clip.generation += 1
        return f"{said}, and its clip {'is failed' if verdict is Verdict.FAIL else 'waits for you'}."
    return f"{said}."


def adopt(session: Session, run: RunRow, *, generation_id: str, by: str, now: datetime) -> None:
    """The lost answer of this take was found by a person: it is the generation of that id, and is fetched. ``now`` is
    by the database's clock, as all times of a call."""
    call, generation_id = call_of(session, run.id), generation_id.strip()
    is_known = call is not None and call.is_adopted and call.generation_id == generation_id
    if is_known and not ClipStatus(run.clip.status).is_settled:
        return  # a second click
    is_open = call is not None and (call.state == "needs_decision" or (call.is_adopted and not run.asset_id))
    if call is None or not is_open:
        raise Conflict("The answer to this take's request was not lost, so there is nothing to look up.")
    if run.clip.runs[-1].id != run.id:
        raise Conflict("A newer take of this clip was asked for, so this one is not needed any more.")
    if not generation_id or len(generation_id) > 300 or not generation_id.isprintable():
        raise BadInput("Give the id under which the provider lists the generation.")
    if _is_taken(session, call, generation_id):
        raise Conflict("That generation belongs to another take.")
    _record(session, run, old="needs_decision", new="adopted", reason=f"It is {generation_id}", by=by)
    call.state, call.generation_id, call.is_adopted, call.accepted_at = "accepted", generation_id, True, now
    run.status, run.generation_id = RunStatus.GENERATING, generation_id
    run.error_code, run.error_message, run.repair, run.settled_at = "", "", None, None
    run.clip.status, run.clip.reason, run.clip.accepted_run_id = ClipStatus.PENDING, "", None
    run.clip.generation += 1


def _is_taken(session: Session, call: ProviderCallRow, generation_id: str) -> bool:
    """Whether another request already has this generation."""
    query = session.query(ProviderCallRow.id).filter_by(
        provider=call.provider, endpoint=call.endpoint, generation_id=generation_id
    )
    return query.filter(ProviderCallRow.id != call.id).first() is not None


def revive(clip: ClipRow) -> None:
    """A new round of attempts; a run that is still open goes on, so that what was paid is used."""
    last = clip.runs[-1] if clip.runs else None
    clip.cycle_start = last.attempt if last and last.status == RunStatus.SETTLED else last.attempt - 1 if last else 0
    clip.status, clip.reason, clip.accepted_run_id = ClipStatus.PENDING, "", None
    clip.generation += 1


def why_fixed(clip: ClipRow) -> str:
    """Why this clip cannot be changed now, and what to do first; empty when it can."""
    if is_single(clip):
        return "A single clip is made from its own prompt. Generate another one with the words you want."
    if clip.accepted_run_id:
        return "This clip has an accepted take. Reject that first, then change the clip and retry it."
    return why_open(clip)


def why_open(clip: ClipRow) -> str:
    """Why a take of this clip stands in the way of taking it out, and what to do first; empty when none does."""
    if not clip.runs or clip.runs[-1].status == RunStatus.SETTLED:
        return ""
    if is_being_cut(clip):
        return "A take of this clip is being cut from another one. Wait for it; if it does not end, retry the clip."
    if ClipStatus(clip.status).is_settled:
        return "A take of this clip is waiting to be fetched. Retry goes on with it; or give it up first."
    return "A take of this clip is being made. Wait for it; if it passes, reject it before you change the clip."


def is_being_cut(clip: ClipRow) -> bool:
    """Whether the newest take is one that a person wants cut from another one, and not done yet."""
    last = clip.runs[-1] if clip.runs else None
    is_cut = last is not None and last.status != RunStatus.SETTLED and cut_of(last) is not None
    return is_cut and ClipStatus(clip.status).is_settled


def begin_round(clip: ClipRow) -> None:
    """What was learnt from earlier takes is not about this clip any more; attempts are counted anew."""
    clip.cycle_start = clip.runs[-1].attempt if clip.runs else 0


def abandon(session: Session, clip: ClipRow) -> None:
    """Give up a take that is still open, paid or not, so that the next one is asked for anew."""
    last = clip.runs[-1] if clip.runs else None
    if last is None or last.status == RunStatus.SETTLED:
        return
    last.status, last.settled_at = RunStatus.SETTLED, utc_now()
    last.error_code, last.error_message = ABANDONED, "A person gave this take up and asked for a new one."
    if call := call_of(session, last.id):
        call.finished_at = call.finished_at or utc_now()


def cancelled_at(plan: PlanRow) -> int:
    """When the plan was cancelled, in microseconds: tells one cancellation from the next. 0: it was not."""
    return round(plan.finished_at.timestamp() * 1_000_000) if plan.finished_at else 0


def halt(plan: PlanRow, clip: ClipRow) -> None:
    """Where the project wants that, a plan with a failed clip pauses itself, as long as others are to be made."""
    is_failed = clip.status == ClipStatus.FAILED and settings_of(plan).on_failed is OnFailed.HALT
    if is_failed and plan.status == PlanStatus.RUNNING and has_open_clips(plan):
        plan.status, plan.pause_cause = PlanStatus.PAUSED, PauseCause.FAILED_CLIP
        place = 1 + sum(c.order_key < clip.order_key for c in plan.clips)
        plan.reason = f"Clip {place} failed: {clip.reason}"


def has_open_clips(plan: PlanRow) -> bool:
    return any(not ClipStatus(c.status).is_settled for c in plan.clips)


def take_back(clip: ClipRow, run: RunRow) -> None:
    """The provider took this take back and charges nothing. The clip waits for a new one."""
    if run.status == RunStatus.SETTLED:
        return
    run.status, run.settled_at, run.repair = RunStatus.SETTLED, utc_now(), None
    run.error_code, run.error_message = CANCELLED, "This take was cancelled at the provider before it was made."
    if not ClipStatus(clip.status).is_settled:
        set_aside(clip)


def set_aside(clip: ClipRow) -> None:
    """The clip waits for the plan to go on; the flow that is at work on it asks for nothing more."""
    clip.status = ClipStatus.PENDING
    clip.generation += 1


def _is_said(run: RunRow, *, new: str, reason: str, by: str, check: CheckName | None = None) -> bool:
    """Whether this is the newest decision on the take, or on one check of it, already: a second click."""
    same = [o for o in standing(run) if o.check_name == (check or "")]
    return bool(same) and (same[-1].new_value, same[-1].reason, same[-1].made_by) == (new, _tidy(reason), by)


def _tidy(reason: str) -> str:
    return reason.strip()[:1000]


def _record(
    session: Session, run: RunRow, *, old: str, new: str, reason: str, by: str, check: CheckName | str | None = None
) -> OverrideRow:
    """Who decided what, and why, with what the clip was until then. Raises ``BadInput`` without a reason."""
    if not reason.strip():
        raise BadInput("Say why: the reason stays on record.")
    clip = run.clip
    row = OverrideRow(
        clip_run_id=run.id,
        check_name=check or "",
        old_value=old,
        new_value=new,
        reason=_tidy(reason),
        made_by=by,
        before={
            "status": clip.status,
            "accepted_run_id": clip.accepted_run_id,
            "reason": clip.reason,
            "generation": clip.generation,
        },
    )
    session.add(row)
    return row


def _stamp(decision: OverrideRow, clip: ClipRow) -> None:
    """Note which generation the clip is since this decision: as long as it is, nothing came of it."""
    decision.before = {**(decision.before or {}), "until": clip.generation}
