"""What people decide about takes and clips, as changes to rows. Every decision on a take stays on record."""

from __future__ import annotations

from orchestrator.db.models import ClipRow, OverrideRow, ProviderCallRow, RunRow, utc_now
from orchestrator.db.queries import call_of
from orchestrator.db.records import assessment_of, request_of
from orchestrator.db.session import Session
from orchestrator.errors import BadInput, Conflict
from orchestrator.schema.assessment import CheckName, CheckStatus
from orchestrator.schema.status import ClipStatus, RunStatus

ABANDONED = "abandoned"


def approve(session: Session, run: RunRow, *, reason: str, by: str) -> None:
    """Accept this take for its clip, whatever the assessment says."""
    if not run.asset_id:
        raise Conflict("This take has no video yet, so it cannot be approved.")
    if run.status != RunStatus.SETTLED:
        raise Conflict("This take is still being assessed. Approve it when that is done.")
    if request_of(run).line != run.clip.text:
        raise Conflict("The clip was split since: this take says more than the clip does now.")
    _record(session, run, old=run.clip.status, new="approved", reason=reason, by=by)
    run.clip.accepted_run_id, run.clip.status, run.clip.reason = run.id, ClipStatus.PASSED, ""
    run.clip.generation += 1  # a flow still at work on this clip asks for nothing more


def reject(session: Session, run: RunRow, *, reason: str, by: str) -> None:
    """Refuse this take; its clip is failed until it is retried or another take is approved."""
    if run.status != RunStatus.SETTLED:
        raise Conflict("This take is still being made. Reject it when it is done.")
    if not ClipStatus(run.clip.status).is_settled:
        raise Conflict("Another take of this clip is being made. Reject this one when that is done.")
    _record(session, run, old=run.clip.status, new="rejected", reason=reason, by=by)
    clip = run.clip
    if clip.accepted_run_id in (run.id, None):
        clip.accepted_run_id, clip.status = None, ClipStatus.FAILED
        clip.generation += 1
        clip.reason = f"Rejected by a reviewer: {reason.strip()}"


def override(session: Session, run: RunRow, *, check: CheckName, status: CheckStatus, reason: str, by: str) -> None:
    """Correct one check of a take; what was measured stays on record."""
    if not run.assessments:
        raise Conflict("This take has not been assessed yet.")
    measured = assessment_of(run.assessments[-1]).checks[check].status
    _record(session, run, old=measured, new=status, reason=reason, by=by, check=check)


def adopt(session: Session, run: RunRow, *, generation_id: str, by: str) -> None:
    """The lost answer of this take was found by a person: it is the generation of that id, and is fetched."""
    call = call_of(session, run.id)
    is_open = call is not None and (call.state == "needs_decision" or (call.is_adopted and not run.asset_id))
    if call is None or not is_open:
        raise Conflict("The answer to this take's request was not lost, so there is nothing to look up.")
    if run.clip.runs[-1].id != run.id:
        raise Conflict("A newer take of this clip was asked for, so this one is not needed any more.")
    generation_id = generation_id.strip()
    if not generation_id or len(generation_id) > 300 or not generation_id.isprintable():
        raise BadInput("Give the id under which the provider lists the generation.")
    if _is_taken(session, call, generation_id):
        raise Conflict("That generation belongs to another take.")
    _record(session, run, old="needs_decision", new="adopted", reason=f"It is {generation_id}", by=by)
    call.state, call.generation_id, call.is_adopted, call.accepted_at = "accepted", generation_id, True, utc_now()
    run.status, run.generation_id = RunStatus.GENERATING, generation_id
    run.error_code, run.error_message, run.repair, run.settled_at = "", "", None, None
    run.clip.status, run.clip.reason, run.clip.accepted_run_id = ClipStatus.PENDING, "", None
    run.clip.generation += 1


def _is_taken(session: Session, call: ProviderCallRow, generation_id: str) -> bool:
    """Whether another request already has this generation."""
    query = session.query(ProviderCallRow.id).filter_by(
        provider=call.provider, endpoint=call.endpoint, generation_id=generation_id
    )
    return query.first() is not None


def revive(clip: ClipRow) -> None:
    """A new round of attempts; a run that is still open goes on, so that what was paid is used."""
    last = clip.runs[-1] if clip.runs else None
    clip.cycle_start = last.attempt if last and last.status == RunStatus.SETTLED else last.attempt - 1 if last else 0
    clip.status, clip.reason, clip.accepted_run_id = ClipStatus.PENDING, "", None
    clip.generation += 1


def abandon(session: Session, clip: ClipRow) -> None:
    """Give up a take that is still open, paid or not, so that the next one is asked for anew."""
    last = clip.runs[-1] if clip.runs else None
    if last is None or last.status == RunStatus.SETTLED:
        return
    last.status, last.settled_at = RunStatus.SETTLED, utc_now()
    last.error_code, last.error_message = ABANDONED, "A person gave this take up and asked for a new one."
    if call := call_of(session, last.id):
        call.finished_at = call.finished_at or utc_now()


def _record(
    session: Session, run: RunRow, *, old: str, new: str, reason: str, by: str, check: CheckName | None = None
) -> None:
    """Who decided what, and why. Raises ``BadInput`` without a reason."""
    if not reason.strip():
        raise BadInput("Say why: the reason stays on record.")
    session.add(
        OverrideRow(
            clip_run_id=run.id,
            check_name=check or "",
            old_value=old,
            new_value=new,
            reason=reason.strip()[:1000],
            made_by=by,
        )
    )
