"""What follows when there is no take: a busy or closed provider, a lost answer, a refusal, a failed generation."""

from __future__ import annotations

from orchestrator.repair.case import Case, again, first_payable, give_up, is_wait, move, stop, was_retried
from orchestrator.repair.remedies import fitting, patches_of
from orchestrator.repair.safety import SOFTER, find_risks, reword, without_line
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy

MAX_WAITS, MAX_WAITS_WHEN_BUSY = 5, 12
WAITS_BEFORE_FALLBACK = 2
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 5.0, 300.0
WAIT_JITTER = 0.3

_BUSY = frozenset(("rate_limited", "unavailable"))
_CLOSED = {
    "retired": ("has been switched off for good", "Choose another provider in the settings."),
    "auth_failed": ("refused the key", "Check the key in the settings."),
    "quota_exhausted": ("has no credit left on this account", "Add credit or choose another provider."),
    "not_configured": ("is not set up", "Add its key in the settings or choose another provider."),
    "unknown_provider": ("is not known here", "Choose another provider in the settings."),
}
_FOR_A_PERSON = frozenset(("outcome_unknown", "needs_decision"))
_FINAL = {
    "invalid_request": "{title} does not accept this request as it stands. Change the clip's text, length or size.",
    "unsafe_link": "{title} made this clip, but it cannot be fetched safely. Look at it there.",
    "storage_full": "The disk is full. Free some space, then try this clip again.",
    "bad_input": "The line and the corrections are too long for {title}. Shorten the line.",
}
_NO_REMIX = frozenset(("invalid_request", "not_found"))


def after_error(
    case: Case, code: str, retry_after_seconds: float | None, message: str, jitter: float
) -> RepairInstruction:
    title = case.profile.title
    if code in _BUSY:
        return _after_busy(case, code, retry_after_seconds, jitter)
    if code in _CLOSED:
        what, advice = _CLOSED[code]
        return move(case, f"{title} {what}", is_unpaid=True) or stop(
            RepairStrategy.GIVE_UP, f"{title} {what}. {advice}"
        )
    if code in _FOR_A_PERSON:
        lost = message or f"{title} was asked for this take and its answer was lost, so it may already be paid for."
        return stop(RepairStrategy.NEEDS_HUMAN, f"{lost} Look there first, then decide whether to ask again.")
    if code == "deadline":
        reason = f"{title} did not finish this take in time. It may still be charged; a retry asks for a new one."
        return stop(RepairStrategy.NEEDS_HUMAN, reason)
    if code in _NO_REMIX and case.history and case.history[-1].strategy is RepairStrategy.REMIX and not case.is_spent:
        what = f"{title} could not remix this take"
        return _payable(case, what, again(f"{what}. It is made anew."))
    if code == "not_found" and not case.profile.is_free:
        reason = (
            f"{title} does not know this take, though it took the request and may have charged it. If the key is "
            "another account's now, set it back and retry; otherwise decide whether to pay for a new one."
        )
        return stop(RepairStrategy.NEEDS_HUMAN, reason)
    if code in _FINAL:
        said = f"{message.rstrip('.')}. " if message and code in ("invalid_request", "unsafe_link") else ""
        return stop(RepairStrategy.GIVE_UP, said + _FINAL[code].format(title=title))
    if code == "content_rejected":
        return _after_rejection(case)
    what = f"{title} could not make this take ({message.rstrip('.') or code})"
    if case.is_spent:
        return give_up(case, what)
    if was_retried(case):
        more = again(f"{what} again. One more try with the same request.")
        return _payable(case, f"{what} again", move(case, f"{what} again"), more)
    return _payable(case, what, again(f"{what}. It is asked for once more."))


def _after_busy(case: Case, code: str, retry_after_seconds: float | None, jitter: float) -> RepairInstruction:
    waits = sum(map(is_wait, case.here))
    what = f"{case.profile.title} " + ("asks for patience" if code == "rate_limited" else "cannot be reached")
    most = MAX_WAITS_WHEN_BUSY if code == "rate_limited" else MAX_WAITS
    patience = most if code == "rate_limited" else WAITS_BEFORE_FALLBACK
    if waits >= patience and (moved := move(case, f"{what}, still after {waits} waits", is_unpaid=True)):
        return moved
    if waits >= most:
        return stop(RepairStrategy.GIVE_UP, f"{what}, still after {waits} waits. Try this clip again later.")
    backoff = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**waits)
    delay = max(backoff, retry_after_seconds or 0.0) * (1 + WAIT_JITTER * jitter)
    return RepairInstruction(
        strategy=RepairStrategy.RETRY,
        reason=f"{what}. The same request is sent again in {delay:.0f} s; nothing was charged.",
        delay_seconds=delay,
    )


def _after_rejection(case: Case) -> RepairInstruction:
    """Risky words of the picture are replaced first, then a gentler picture is asked for, then another provider gets
    the gentler words. The line is never changed: where its own words look risky a person is told which."""
    what = f"{case.profile.title}'s safety check refused this clip"
    if case.is_spent:
        return give_up(case, what)
    known = tuple(pair for h in case.history for pair in h.rewording)
    seen = reword(without_line(case.asked.prompt, case.line), known)
    if risks := find_risks(seen):
        named = ", ".join(f"“{risky}” by “{neutral}”" for risky, neutral in risks)
        reworded = RepairInstruction(
            strategy=RepairStrategy.PROMPT_PATCH,
            reason=f"{what}. In the description of the picture the next try replaces {named}.",
            rewording=risks,
        )
        return _payable(case, what, reworded, may_move=False)
    given = patches_of(case.history)
    # The same words are not carried to another provider; gentler ones that were refused here may be.
    is_softened = any(text in given for text in SOFTER)
    if softer := fitting(case, (text for text in SOFTER if text not in given), limit=1):
        patched = RepairInstruction(
            strategy=RepairStrategy.PROMPT_PATCH,
            reason=f"{what}. The next try asks for a gentler picture: {softer[0]}",
            patch=softer,
        )
        return _payable(case, what, patched, may_move=is_softened)
    if is_softened and (moved := move(case, what)):
        return moved
    if suspicious := find_risks(case.line):
        named = ", ".join(f"“{risky}”" for risky, _ in suspicious)
        return stop(
            RepairStrategy.NEEDS_HUMAN,
            f"{what}, also with a gentler picture. The line itself may be why: it says {named}, and a line is never "
            "changed without you. Reword it, then retry this clip.",
        )
    return stop(RepairStrategy.GIVE_UP, f"{what}, also in gentler words. Reword the line or what is to be seen.")


def _payable(case: Case, what: str, *options: RepairInstruction | None, may_move: bool = True) -> RepairInstruction:
    return first_payable(case, options, what, may_move=may_move) or give_up(case, what)
