from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.assessor.expectation import not_run
from orchestrator.assessor.verdict import reach_verdict, rejudge, told_share, with_overrides
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Finding, Override, Verdict
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


policies = st.builds(
    lambda minima, least, sure, margin, vetoes: AssessmentPolicy(
        minima=dict(zip(CheckName, minima, strict=True)),
        min_weight_percent=least,
        sure_weight_percent=sure,
        narrow_margin=margin,
        vetoes=vetoes,
    ),
    st.tuples(*[st.floats(0, 1)] * 5),
    st.integers(1, 100),
    st.integers(0, 100),
    st.floats(0, 1),
    st.frozensets(st.sampled_from(["silent", "wrong_length"])),
)
RANK = [Verdict.FAIL, Verdict.NEEDS_REVIEW, Verdict.PASS]


def say(check: CheckName, status: CheckStatus) -> Override:
    return Override(check=check, status=status, by="Rita", reason="I looked at it")


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
        assert measured and not assessment.vetoes
        assert all(check.status is not CheckStatus.FAIL for check in assessment.checks.values())
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
        "Passed on 50% of the evidence: transcript match, no artifacts, duration ok. "
        "Not run: visual requirements (no key); continuity (no key)."
    )


def test_take_needs_a_person_when_less_than_half_the_weight_was_measured() -> None:
    assessment = reach_verdict({T: not_run("no weights"), A: PERFECT, D: PERFECT}, policy=POLICY)
    assert assessment.verdict is Verdict.NEEDS_REVIEW
    assert "25%" in assessment.summary


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
    assert assessment.summary == "Failed: It is wrong_length. Measured: 10% of the evidence."


def test_weights_are_renormalised_over_what_was_measured() -> None:
    assessment = reach_verdict({T: passed(0.8), A: PERFECT, D: PERFECT}, policy=POLICY)
    assert assessment.score == pytest.approx((25 * 0.8 + 15 + 10) / 50)


def test_a_pass_on_nothing_is_none_when_no_check_applies() -> None:
    moot = CheckResult(status=CheckStatus.NOT_APPLICABLE)
    assert reach_verdict(dict.fromkeys(CheckName, moot), policy=POLICY).verdict is Verdict.NEEDS_REVIEW


def test_score_just_above_its_minimum_needs_a_person_as_long_as_evidence_is_thin() -> None:
    heard = {T: passed(0.78), A: PERFECT, D: PERFECT}
    thin = reach_verdict(heard, policy=POLICY)
    assert thin.verdict is Verdict.NEEDS_REVIEW
    assert "transcript match (0.78, minimum 0.75)" in thin.summary and "50%" in thin.summary
    assert reach_verdict({**heard, T: passed(0.8)}, policy=POLICY).verdict is Verdict.PASS
    assert reach_verdict({**heard, V: PERFECT}, policy=POLICY).verdict is Verdict.PASS


def test_one_yes_among_unsure_answers_carries_only_its_share() -> None:
    seen = CheckResult(
        status=CheckStatus.PASS, score=1.0, evidence={"answers": [["a", "yes", ""], *[["b", "unsure", ""]] * 4]}
    )
    moot = CheckResult(status=CheckStatus.NOT_APPLICABLE)
    assessment = reach_verdict({T: moot, V: seen, A: PERFECT, D: PERFECT}, policy=POLICY)
    assert told_share(seen) == pytest.approx(0.2)
    assert (assessment.verdict, assessment.weight_run) == (Verdict.NEEDS_REVIEW, 0.31)
    assert told_share(seen.model_copy(update={"evidence": {"answers": "nonsense"}})) == 1


# --- judged again ---


@given(checks, policies)
def test_judging_again_by_the_same_policy_changes_nothing(
    checks: dict[CheckName, CheckResult], policy: AssessmentPolicy
) -> None:
    stored = reach_verdict(checks, policy=policy)
    assert rejudge(stored, policy) == stored


@given(checks, policies, policies)
def test_judging_again_forgets_the_policy_before(
    checks: dict[CheckName, CheckResult], first: AssessmentPolicy, second: AssessmentPolicy
) -> None:
    """Save for a check without a score, whose state nothing can be said about."""
    scored = {name: check for name, check in checks.items() if check.score is not None}
    assert rejudge(reach_verdict(scored, policy=first), second) == reach_verdict(scored, policy=second)


@given(checks, policies, st.sampled_from(CheckName), st.floats(0, 1))
def test_a_higher_minimum_never_improves_a_verdict(
    checks: dict[CheckName, CheckResult], policy: AssessmentPolicy, name: CheckName, step: float
) -> None:
    stored = reach_verdict(checks, policy=policy)
    raised = policy.minima[name] + step * (1 - policy.minima[name])
    stricter = policy.model_copy(update={"minima": {**policy.minima, name: raised}})
    assert RANK.index(rejudge(stored, stricter).verdict) <= RANK.index(stored.verdict)


# --- what people say ---


@given(checks, policies, st.sampled_from(CheckName))
def test_a_check_said_to_pass_never_lowers_the_verdict(
    checks: dict[CheckName, CheckResult], policy: AssessmentPolicy, name: CheckName
) -> None:
    stored = reach_verdict(checks, policy=policy)
    corrected = with_overrides(stored, [say(name, CheckStatus.PASS)], policy)
    assert RANK.index(corrected.verdict) >= RANK.index(stored.verdict)
    assert corrected.weight_run >= stored.weight_run
    assert with_overrides(stored, [], policy) is stored


@given(checks, policies, st.sampled_from(CheckName))
def test_a_check_said_to_fail_fails_the_take(
    checks: dict[CheckName, CheckResult], policy: AssessmentPolicy, name: CheckName
) -> None:
    corrected = with_overrides(reach_verdict(checks, policy=policy), [say(name, CheckStatus.FAIL)], policy)
    assert corrected.verdict is Verdict.FAIL
    assert "Rita" in corrected.summary and "I looked at it" in corrected.summary


def test_the_newest_word_on_a_check_counts_and_takes_its_veto_away() -> None:
    stored = reach_verdict({T: PERFECT, A: PERFECT, D: failed(0.0, "wrong_length")}, policy=POLICY)
    assert (stored.verdict, stored.vetoes) == (Verdict.FAIL, ("wrong_length",))
    words = [say(D, CheckStatus.FAIL), say(D, CheckStatus.PASS)]
    corrected = with_overrides(stored, words, POLICY)
    assert (corrected.verdict, corrected.vetoes, corrected.score) == (Verdict.PASS, (), 1.0)
    assert corrected.summary.endswith("Corrected by a person: duration ok.")
    assert corrected.checks[D].reason == "Set from fail (0.00) to pass by Rita: I looked at it"
    unmeasured = with_overrides(stored, [say(D, CheckStatus.NOT_RUN)], POLICY)
    assert (unmeasured.verdict, unmeasured.weight_run) == (Verdict.NEEDS_REVIEW, 0.4)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weights_percent": {name: 10 for name in CheckName}}, "weights_percent"),
        ({"weights_percent": {T: 100}}, "weights_percent"),
        ({"weights_percent": {**POLICY.weights_percent, T: -5, V: 60}}, "weights_percent.transcript_match"),
        ({"minima": {**POLICY.minima, T: 1.5}}, "minima.transcript_match"),
        ({"minima": {**POLICY.minima, T: float("nan")}}, "minima.transcript_match"),
        ({"min_weight_percent": 0}, "min_weight_percent"),
        ({"vetoes": ["no code!"]}, "vetoes"),
        ({"tolerance_ratio": 0.5}, "hard_tolerance_seconds"),
        ({"doubt_expected_below": 0.9}, "doubt_expected_below"),
        ({"strictness": 3}, "strictness"),
    ],
)
def test_policy_is_refused_by_field_when_its_numbers_contradict_each_other(
    change: dict[str, object], field: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        AssessmentPolicy.model_validate(change)
    told = [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in refusal.value.errors()]
    assert any(field in line for line in told), told


def test_policy_reads_the_same_when_it_was_stored() -> None:
    stored = POLICY.model_dump(mode="json")
    assert AssessmentPolicy.model_validate(stored) == POLICY
    assert stored["vetoes"] == sorted(POLICY.vetoes)


def test_default_weights_are_those_of_the_requirements() -> None:
    assert [POLICY.weights_percent[name] for name in CheckName] == [25, 30, 20, 15, 10]
