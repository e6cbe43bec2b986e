"""The verdict that follows from measured checks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import chain

from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Verdict
from orchestrator.schema.policy import AssessmentPolicy

_UNMEASURED = (CheckStatus.NOT_RUN, CheckStatus.NOT_APPLICABLE)


def reach_verdict(checks: Mapping[CheckName, CheckResult], *, policy: AssessmentPolicy) -> Assessment:
    """Weigh ``checks``; one that is absent counts as not run.

    A check that did not run neither adds to the score nor takes from it: the weights are renormalised over what ran.
    In order: a veto or a failed check fails the take; too little measured weight leaves it to a person; else it passes.
    How much is enough is a share of what applies to the take: a clip without words need not be heard.
    """
    judged = {n: checks[n] for n in CheckName if n in checks and checks[n].status not in _UNMEASURED}
    moot = {n for n in checks if checks[n].status is CheckStatus.NOT_APPLICABLE}
    percent_moot = sum(policy.weights_percent[name] for name in moot)
    measured = {name: check.score for name, check in judged.items() if check.score is not None}
    percent_run = sum(policy.weights_percent[name] for name in measured)
    found = chain.from_iterable(check.findings for check in judged.values())
    vetoes = tuple(dict.fromkeys(finding.code for finding in found if finding.code in policy.vetoes))
    failed = [name for name, check in judged.items() if _has_failed(check, minimum=policy.minima[name])]
    unrun = [n for n in CheckName if n in checks and n not in judged and n not in moot]
    missing = "; ".join(f"{_title(n)} ({checks[n].reason})" for n in unrun)
    if vetoes or failed:
        verdict = Verdict.FAIL
        summary = f"Failed: {_give_reasons(judged, failed=failed, vetoes=vetoes)}."
    elif percent_run * 100 < policy.min_weight_percent * (100 - percent_moot):
        verdict = Verdict.NEEDS_REVIEW
        summary = (
            f"Needs a person: {percent_run} % of the evidence could be measured ({_list_titles(measured)}), "
            f"a pass takes {policy.min_weight_percent} %{' of what applies' if moot else ''}."
        )
    else:
        verdict = Verdict.PASS
        summary = f"Passed on {percent_run} % of the evidence: {_list_titles(measured)}."
    return Assessment(
        verdict=verdict,
        score=_weigh(measured, policy=policy),
        weight_run=percent_run / 100,
        checks=dict(checks),
        vetoes=vetoes,
        summary=f"{summary} Not run: {missing}." if missing else summary,
    )


def _has_failed(check: CheckResult, *, minimum: float) -> bool:
    return check.status is CheckStatus.FAIL or (check.score is not None and check.score < minimum)


def _weigh(scores: Mapping[CheckName, float], *, policy: AssessmentPolicy) -> float | None:
    """The weighted mean of what was measured; None when nothing with a weight was."""
    weight = sum(policy.weights_percent[name] for name in scores)
    if weight == 0:
        return None
    return round(min(1.0, sum(policy.weights_percent[name] * score for name, score in scores.items()) / weight), 4)


def _give_reasons(
    judged: Mapping[CheckName, CheckResult], *, failed: Collection[CheckName], vetoes: Collection[str]
) -> str:
    """The findings behind a failed take; the names of the failed checks where they left no finding."""
    reasons = [
        finding.message
        for name, check in judged.items()
        for finding in check.findings
        if name in failed or finding.code in vetoes
    ]
    reasons += [f"{_title(name)} is too low" for name in failed if not judged[name].findings]
    return "; ".join(dict.fromkeys(reasons))


def _list_titles(names: Iterable[CheckName]) -> str:
    return ", ".join(map(_title, names)) or "nothing"


def _title(name: CheckName) -> str:
    return name.value.replace("_", " ")
