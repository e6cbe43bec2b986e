from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.assessor.expectation import not_run
from orchestrator.assessor.verdict import reach_verdict
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
T, V, C, A, D = CheckName
UNMEASURED = (CheckStatus.NOT_RUN, CheckStatus.NOT_APPLICABLE)
PERFECT = CheckResult(status=CheckStatus.PASS, score=1.0)


def passed(score: float) -> CheckResult:
    return CheckResult(status=CheckStatus.PASS, score=score)


def failed(score: float, *codes: str) -> CheckResult:
    findings = tuple(Finding(code=code, message=f"It is {code}") for code in codes)
    return CheckResult(status=CheckStatus.FAIL, score=score, findings=findings)


checks = st.dictionaries(
    st.sampled_from(CheckName),
    st.builds(
        CheckResult,
        status=st.sampled_from(CheckStatus),
        score=st.none() | st.floats(0, 1),
        findings=st.lists(
            st.builds(Finding, code=st.sampled_from(["silent", "wrong_length", "black"]), message=st.just("m")),
            max_size=2,
        ).map(tuple),
    ),
)


def is_measured(check: CheckResult) -> bool:
    return check.status not in UNMEASURED and check.score is not None


@given(checks)
def test_a_pass_stands_on_half_the_weight_and_on_no_veto(checks: dict[CheckName, CheckResult]) -> None:
    assessment = reach_verdict(checks, policy=POLICY)
    measured = [name for name, check in checks.items() if is_measured(check)]
    weight = sum(POLICY.weights_percent[name] for name in measured)
    assert assessment.weight_run == weight / 100
    if assessment.verdict is Verdict.PASS:
        moot = sum(POLICY.weights_percent[n] for n, c in checks.items() if c.status is CheckStatus.NOT_APPLICABLE)
        assert weight * 2 >= 100 - moot
        assert not assessment.vetoes
        assert all(check.status is not CheckStatus.FAIL for check in checks.values())
        assert all((checks[name].score or 0) >= POLICY.minima[name] for name in measured)


@given(checks)
def test_score_is_the_mean_of_what_was_measured_and_of_nothing_else(checks: dict[CheckName, CheckResult]) -> None:
    assessment = reach_verdict(checks, policy=POLICY)
    scores = [check.score or 0.0 for check in checks.values() if is_measured(check)]
    if not scores:
        assert assessment.score is None
        assert assessment.verdict is not Verdict.PASS
    else:
        assert assessment.score is not None
        assert min(scores) - 1e-4 <= assessment.score <= max(scores) + 1e-4
    without_the_not_run = {name: check for name, check in checks.items() if check.status is not CheckStatus.NOT_RUN}
    again = reach_verdict(without_the_not_run, policy=POLICY)
    assert (again.score, again.verdict, again.vetoes) == (assessment.score, assessment.verdict, assessment.vetoes)


@given(checks, st.sampled_from(CheckName))
def test_a_standing_veto_fails_the_take_whatever_else_is_measured(
    checks: dict[CheckName, CheckResult], name: CheckName
) -> None:
    assessment = reach_verdict({**checks, name: failed(1.0, "silent")}, policy=POLICY)
    assert assessment.verdict is Verdict.FAIL
    assert "silent" in assessment.vetoes


def test_take_passes_when_exactly_half_the_weight_was_measured() -> None:
    absent = not_run("no key")
    assessment = reach_verdict({T: PERFECT, V: absent, C: absent, A: PERFECT, D: PERFECT}, policy=POLICY)
    assert assessment.verdict is Verdict.PASS
    assert (assessment.weight_run, assessment.score) == (0.5, 1.0)
    assert assessment.summary == (
        "Passed on 50 % of the evidence: transcript match, no artifacts, duration ok. "
        "Not run: visual requirements (no key); continuity (no key)."
    )


def test_take_needs_a_person_when_less_than_half_the_weight_was_measured() -> None:
    assessment = reach_verdict({T: not_run("no weights"), A: PERFECT, D: PERFECT}, policy=POLICY)
    assert assessment.verdict is Verdict.NEEDS_REVIEW
    assert "25 %" in assessment.summary


def test_take_needs_a_person_when_nothing_was_measured() -> None:
    assessment = reach_verdict({}, policy=POLICY)
    assert (assessment.verdict, assessment.score, assessment.weight_run) == (Verdict.NEEDS_REVIEW, None, 0.0)


def test_take_fails_when_one_check_is_under_its_minimum_however_high_the_score() -> None:
    everything = dict.fromkeys(CheckName, PERFECT)
    assessment = reach_verdict({**everything, T: passed(0.74)}, policy=POLICY)
    assert assessment.verdict is Verdict.FAIL
    assert assessment.score is not None and assessment.score > 0.9
    assert reach_verdict({**everything, T: passed(0.75)}, policy=POLICY).verdict is Verdict.PASS


def test_failing_take_fails_when_too_little_was_measured() -> None:
    assessment = reach_verdict({D: failed(0.0, "wrong_length")}, policy=POLICY)
    assert assessment.verdict is Verdict.FAIL
    assert assessment.vetoes == ("wrong_length",)
    assert assessment.summary == "Failed: It is wrong_length."


def test_weights_are_renormalised_over_what_was_measured() -> None:
    assessment = reach_verdict({T: passed(0.8), A: PERFECT, D: PERFECT}, policy=POLICY)
    assert assessment.score == pytest.approx((25 * 0.8 + 15 + 10) / 50)


@pytest.mark.parametrize(
    "change",
    [
        {"weights_percent": {name: 10 for name in CheckName}},
        {"weights_percent": {T: 100}},
        {"minima": {**POLICY.minima, T: 1.5}},
        {"min_weight_percent": 0},
        {"tolerance_ratio": 0.5},
        {"doubt_expected_below": 0.9},
    ],
)
def test_policy_is_refused_when_its_numbers_contradict_each_other(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AssessmentPolicy.model_validate(change)


def test_default_weights_are_those_of_the_requirements() -> None:
    assert [POLICY.weights_percent[name] for name in CheckName] == [25, 30, 20, 15, 10]
