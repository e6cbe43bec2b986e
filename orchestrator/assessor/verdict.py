"""The verdict that follows from measured checks, under any policy and with any word of a person's. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Override, Verdict
from orchestrator.schema.policy import AssessmentPolicy

_UNMEASURED = (CheckStatus.NOT_RUN, CheckStatus.NOT_APPLICABLE)
_SAID_SCORES = {CheckStatus.PASS: 1.0, CheckStatus.FAIL: 0.0}


def reach_verdict(checks: Mapping[CheckName, CheckResult], *, policy: AssessmentPolicy) -> Assessment:
    """Weigh ``checks``; one that is absent counts as not run, and one with a score passes if it reaches its minimum.

    A check that did not run neither adds to the score nor takes from it: the weights are renormalised over what ran. Of
    one that asked questions of the picture, as much ran as could be told. In order: a veto or a failed check fails the
    take; too little measured weight leaves it to a person, and so does a score just above its minimum as long as not
    ``policy.sure_weight_percent`` ran; else it passes. How much is enough is a share of what applies to the take: a
    clip without words need not be heard.
    """
    held = {name: _hold_to(checks[name], policy.minima[name]) for name in CheckName if name in checks}
    vetoes = dict.fromkeys(code for code in _codes(held) if code in policy.vetoes)
    return _conclude(held, vetoes=tuple(vetoes), policy=policy)


def rejudge(assessment: Assessment, policy: AssessmentPolicy) -> Assessment:
    """The same measurements under another policy; nothing is measured again."""
    return reach_verdict(assessment.checks, policy=policy)


def with_overrides(assessment: Assessment, overrides: Iterable[Override], policy: AssessmentPolicy) -> Assessment:
    """The assessment with the newest word a person said on each check; itself where nobody said anything.

    A check that is said to pass counts in full and one that is said to fail as nothing, the findings of both no more;
    one that is said not to have run does not count. All others stand as they were judged, ``policy`` weighs them.
    """
    said = {word.check: word for word in overrides}
    if not said:
        return assessment
    checks = {
        name: _as_said(assessment.checks.get(name), said[name]) if name in said else assessment.checks[name]
        for name in CheckName
        if name in said or name in assessment.checks
    }
    standing = set(_codes({name: check for name, check in checks.items() if name not in said}))
    vetoes = tuple(code for code in assessment.vetoes if code in standing)
    return _conclude(checks, vetoes=vetoes, policy=policy, said=said)


def told_share(check: CheckResult) -> float:
    """The share (0..1) of what a check asked of a viewer that could be told; 1 where it rests on something else."""
    answers = check.evidence.get("answers")
    if not isinstance(answers, list) or not answers or check.evidence.get("joints"):
        return 1.0
    told = [row for row in answers if isinstance(row, list) and len(row) > 1 and row[1] != "unsure"]
    return len(told) / len(answers)


def _conclude(
    checks: dict[CheckName, CheckResult],
    *,
    vetoes: tuple[str, ...],
    policy: AssessmentPolicy,
    said: Collection[CheckName] = (),
) -> Assessment:
    """The verdict from what each check came to. ``said``: those on which a person has decided."""
    moot = [name for name, check in checks.items() if check.status is CheckStatus.NOT_APPLICABLE]
    unrun = [name for name, check in checks.items() if check.status is CheckStatus.NOT_RUN]
    failed = [name for name, check in checks.items() if check.status is CheckStatus.FAIL]
    scores = {n: c.score for n, c in checks.items() if c.status not in _UNMEASURED and c.score is not None}
    ran = {n: policy.weights_percent[n] * (1.0 if n in said else told_share(checks[n])) for n in scores}
    percent_run = round(sum(ran.values()), 6)
    percent_due = 100 - sum(policy.weights_percent[name] for name in moot)
    narrow = [n for n, score in scores.items() if n not in said and _is_narrow(score, policy.minima[n], policy)]
    share, names = f"{round(percent_run, 1):g}%", _list_titles(scores)
    if vetoes or failed:
        verdict = Verdict.FAIL
        summary = f"Failed: {_give_reasons(checks, failed=failed, vetoes=vetoes, said=said)}."
    elif not percent_run or percent_run * 100 < policy.min_weight_percent * percent_due:
        verdict = Verdict.NEEDS_REVIEW
        summary = (
            f"Needs a person: {share} of the evidence could be measured ({names}), "
            f"a pass takes {policy.min_weight_percent}%{' of what applies' if moot else ''}."
        )
    elif narrow and percent_run * 100 < policy.sure_weight_percent * percent_due:
        verdict = Verdict.NEEDS_REVIEW
        close = ", ".join(f"{_title(n)} ({scores[n]:.2f}, minimum {policy.minima[n]:.2f})" for n in narrow)
        summary = f"Needs a person: only just enough in {close}, and {share} of the evidence could be measured."
    else:
        verdict = Verdict.PASS
        summary = f"Passed on {share} of the evidence: {names}."
    notes = [f"Corrected by a person: {_list_titles(n for n in checks if n in said)}."] if said else []
    notes += [f"Not run: {'; '.join(f'{_title(n)} ({checks[n].reason})' for n in unrun)}."] if unrun else []
    notes += [f"Measured: {share} of the evidence."] if verdict is Verdict.FAIL else []
    return Assessment(
        verdict=verdict,
        score=_weigh(scores, ran),
        weight_run=round(percent_run / 100, 4),
        checks=checks,
        vetoes=vetoes,
        summary=" ".join([summary, *notes]),
    )


def _hold_to(check: CheckResult, minimum: float) -> CheckResult:
    """``check`` with the status its score has under this minimum; one without a score keeps its own."""
    if check.status in _UNMEASURED or check.score is None:
        return check
    status = CheckStatus.PASS if check.score >= minimum else CheckStatus.FAIL
    return check if check.status is status else check.model_copy(update={"status": status})


def _as_said(check: CheckResult | None, word: Override) -> CheckResult:
    """``check`` as a person has set it. What was measured can still be read in its reason and its evidence."""
    check = check or CheckResult(status=CheckStatus.NOT_RUN)
    measured = "" if check.score is None else f" ({check.score:.2f})"
    was, now = check.status.replace("_", " "), word.status.replace("_", " ")
    note = f"Set from {was}{measured} to {now} by {word.by}: {word.reason}"
    changes = {"status": word.status, "score": _SAID_SCORES.get(word.status), "reason": note}
    return check.model_copy(update=changes)


def _codes(checks: Mapping[CheckName, CheckResult]) -> Iterable[str]:
    """The codes of what was found by the checks that ran."""
    return (found.code for check in checks.values() if check.status not in _UNMEASURED for found in check.findings)


def _is_narrow(score: float, minimum: float, policy: AssessmentPolicy) -> bool:
    return score < 1 and round(score - minimum, 6) < policy.narrow_margin


def _weigh(scores: Mapping[CheckName, float], weights: Mapping[CheckName, float]) -> float | None:
    """The weighted mean of what was measured; None when nothing with a weight was."""
    weight = sum(weights.values())
    if weight == 0:
        return None
    return round(min(1.0, sum(weights[name] * score for name, score in scores.items()) / weight), 4)


def _give_reasons(
    checks: Mapping[CheckName, CheckResult],
    *,
    failed: Collection[CheckName],
    vetoes: Collection[str],
    said: Collection[CheckName],
) -> str:
    """The findings behind a failed take, and the word of a person; the names of checks that left neither."""
    reasons: list[str] = []
    for name, check in checks.items():
        if name in said:
            reasons += [f"{_title(name)}: {check.reason.rstrip('.')}"] if name in failed else []
        elif check.status not in _UNMEASURED:
            found = [f.message for f in check.findings if name in failed or f.code in vetoes]
            reasons += found or ([f"{_title(name)} is too low"] if name in failed else [])
    return "; ".join(dict.fromkeys(reasons))


def _list_titles(names: Iterable[CheckName]) -> str:
    return ", ".join(map(_title, names)) or "nothing"


def _title(name: CheckName) -> str:
    return name.value.replace("_", " ")
