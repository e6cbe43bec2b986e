"""The one decision: from what became of a take to what is done next."""

from __future__ import annotations

from itertools import takewhile

from orchestrator.repair.case import Asked, Budget, Canon, Case, is_wait, stop
from orchestrator.repair.errors import after_error
from orchestrator.repair.failures import after_failure
from orchestrator.schema.assessment import Assessment, CheckStatus, Verdict
from orchestrator.schema.clip_run import RepairInstruction, RepairStrategy, RetryPolicy
from orchestrator.schema.policy import AssessmentPolicy
from providers.base import ProviderProfile

_NO_BUDGET, _NO_CANON, _NOTHING_KNOWN, _USUAL = Budget(), Canon(), Asked(), AssessmentPolicy()


def decide(
    *,
    line: str,
    assessment: Assessment | None,
    error_code: str,
    retry_after_seconds: float | None,
    attempt: int,
    policy: RetryPolicy,
    profile: ProviderProfile,
    history: tuple[RepairInstruction, ...],
    fallbacks: tuple[str, ...],
    earlier: tuple[Assessment | None, ...] = (),
    budget: Budget = _NO_BUDGET,
    canon: Canon = _NO_CANON,
    asked: Asked = _NOTHING_KNOWN,
    strictness: AssessmentPolicy = _USUAL,
    error_message: str = "",
    jitter: float = 0.0,
) -> RepairInstruction | None:
    """What to do after attempt ``attempt`` (counting from 1); None when the take passed.

    ``error_code`` is the provider error's or generation's code, empty when a take was made; ``error_message`` only goes
    into the reason. ``history`` holds the instructions given for this clip so far and ``earlier`` what each of them was
    decided on, ``fallbacks`` the names of other providers that could make this clip, in order of preference.
    ``strictness`` is what the take was judged by. ``jitter`` (0..1, by chance) spreads out those who wait for the same
    busy provider.

    Waiting for a busy provider, leaving a closed one and cutting a take make no new take, so they do not count towards
    ``policy.max_attempts``; waits have bounds of their own, and a take is cut in each way once. When a cut take did not
    pass either, the decision is that on the take it came from. An instruction's ``patch`` holds only what is new: see
    ``patches_of``. A wait is not held against the budget: the same take is asked for again, under the ledger's eye.
    """
    if assessment is not None and not error_code:
        if assessment.verdict is Verdict.PASS:
            return None
        if assessment.verdict is Verdict.NEEDS_REVIEW:
            return stop(RepairStrategy.NEEDS_HUMAN, _not_checked(assessment))
    cut = tuple(takewhile(lambda h: h.strategy.is_edit, reversed(history)))
    in_vain = ""
    if cut and (whole := _whole(earlier, len(cut))) is not None:
        in_vain = "Trimming" if cut[0].strategy is RepairStrategy.TRIM else "Changing the speed of"
        in_vain += " the take did not help. "
        assessment, error_code = whole, ""
    made = tuple(h for h in history if not h.strategy.is_edit)
    last_move = max((i for i, h in enumerate(made) if h.strategy is RepairStrategy.FALLBACK_PROVIDER), default=-1)
    used = {profile.name, *(h.provider for h in made)}
    case = Case(
        line=line,
        asked=asked,
        takes=attempt - sum(is_wait(h) or h.is_unpaid or h.strategy.is_edit for h in history),
        policy=policy,
        strictness=strictness,
        profile=profile,
        history=made,
        here=made[last_move + 1 :],
        edits=frozenset(h.strategy for h in cut),
        others=tuple(n for n in dict.fromkeys(fallbacks) if n not in used) if policy.has_fallbacks else (),
        budget=budget,
        canon=canon,
    )
    if error_code:
        return after_error(case, error_code, retry_after_seconds, error_message, jitter)
    if assessment is None:
        return stop(RepairStrategy.NEEDS_HUMAN, "This take was not checked. Look at it and decide.")
    before = next((e for e in reversed(earlier[: len(earlier) - len(cut)]) if e is not None), None)
    instruction = after_failure(case, assessment, before)
    return instruction.model_copy(update={"reason": in_vain + instruction.reason})


def _whole(earlier: tuple[Assessment | None, ...], cuts: int) -> Assessment | None:
    """What was found of the take that the newest one was cut from."""
    return earlier[-cuts] if len(earlier) >= cuts else None


def _not_checked(assessment: Assessment) -> str:
    missing = [
        f"{name.value.replace('_', ' ')} ({check.reason})" if check.reason else name.value.replace("_", " ")
        for name, check in assessment.checks.items()
        if check.status is CheckStatus.NOT_RUN
    ]
    unchecked = f" Not checked: {'; '.join(missing)}." if missing else ""
    said = assessment.summary or f"What could be checked is not enough to accept this take.{unchecked}"
    return f"{said} Look at it and decide."
