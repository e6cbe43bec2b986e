from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.assessor.labels import Label as Ready
from orchestrator.assessor.verdict import reach_verdict
from orchestrator.calibration import (
    LABELS_NEEDED,
    calibrate,
    count,
    drift,
    export_line,
    labels_of,
    monday,
    propose,
    what_if,
)
from orchestrator.schema.assessment import CheckName, CheckResult, CheckStatus, Override, Verdict
from orchestrator.schema.calibration import Label, StoredTake, Word
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
T, V, C, A, D = CheckName
WEDNESDAY = datetime(2026, 11, 18, 12, tzinfo=UTC)
PERFECT = CheckResult(status=CheckStatus.PASS, score=1.0)


def scored(score: float) -> CheckResult:
    return CheckResult(status=CheckStatus.PASS, score=score)


def word(check: CheckName | None, *, is_defect: bool) -> Word:
    return Word(check=check, is_defect=is_defect, at=WEDNESDAY, by="Rita", reason="I looked at it")


def stored(transcript: float, *words: Word, run_id: str = "run", at: datetime = WEDNESDAY) -> StoredTake:
    """A take of which ``transcript`` is the only score that is not perfect, with what people said of it."""
    checks = {T: scored(transcript), V: PERFECT, A: PERFECT, D: PERFECT}
    overrides = tuple(
        Override(check=w.check, status=CheckStatus.FAIL if w.is_defect else CheckStatus.PASS, by=w.by, reason=w.reason)
        for w in words
        if w.check
    )
    return StoredTake(
        run_id=run_id,
        seconds=4,
        size="320x180",
        assessed_at=at,
        assessment=reach_verdict(checks, policy=POLICY),
        overrides=overrides,
        words=words,
    )


def label(score: float | None, *, is_defect: bool) -> Label:
    return Label(
        run_id="run",
        check=T,
        is_defect=is_defect,
        said=CheckStatus.NOT_RUN if score is None else CheckStatus.PASS if score >= 0.75 else CheckStatus.FAIL,
        score=score,
        week=date(2026, 11, 16),
        at=WEDNESDAY,
        by="Rita",
        reason="",
    )


# --- what if ---


def with_minimum(minimum: float) -> AssessmentPolicy:
    return POLICY.model_copy(update={"minima": {**POLICY.minima, T: minimum}})


def test_takes_whose_verdict_changes_are_named_with_the_reason() -> None:
    takes = [stored(0.9, run_id="good"), stored(0.78, run_id="close"), stored(0.5, run_id="bad")]
    outcome = what_if(takes, with_minimum(0.85), current=POLICY)
    assert (outcome.takes, outcome.before[Verdict.PASS], outcome.after[Verdict.PASS]) == (3, 2, 1)
    (changed,) = outcome.changed
    assert (changed.run_id, changed.old, changed.new) == ("close", Verdict.PASS, Verdict.FAIL)
    assert changed.why == "Transcript match 0.78 is under 0.85"
    laxer = what_if(takes, with_minimum(0.4), current=POLICY)
    assert [(take.run_id, take.new) for take in laxer.changed] == [("bad", Verdict.PASS)]


def test_what_a_person_said_stands_under_every_policy() -> None:
    take = stored(0.5, word(T, is_defect=False))
    outcome = what_if([take], with_minimum(1.0), current=POLICY)
    assert outcome.before == outcome.after == {Verdict.PASS: 1, Verdict.FAIL: 0, Verdict.NEEDS_REVIEW: 0}


@given(st.lists(st.floats(0, 1), max_size=8))
def test_the_policy_in_force_changes_nothing(scores: list[float]) -> None:
    outcome = what_if([stored(score) for score in scores], POLICY, current=POLICY)
    assert not outcome.changed and outcome.before == outcome.after
    assert sum(outcome.after.values()) == outcome.takes == len(scores)


# --- labels and figures ---


def test_the_newest_word_is_the_label() -> None:
    take = stored(0.5, word(None, is_defect=True), word(T, is_defect=True), word(None, is_defect=False))
    labels = {label.check: label for label in labels_of(take)}
    assert (labels[None].is_defect, labels[None].said) == (False, Verdict.FAIL)
    assert (labels[T].is_defect, labels[T].said, labels[T].score) == (True, CheckStatus.FAIL, 0.5)
    assert labels_of(stored(0.5)) == ()


def test_positive_is_a_defect_that_was_found() -> None:
    said = [(0.2, True), (0.3, True), (0.4, False), (0.8, True), (0.9, False), (1.0, False), (None, True)]
    figures = count(label(score, is_defect=is_defect) for score, is_defect in said)
    assert (figures.hits, figures.false_alarms, figures.misses, figures.right_passes) == (2, 1, 1, 2)
    assert (figures.undecided, figures.labels) == (1, 6)
    assert (figures.precision, figures.recall) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert count([]).precision is None and count([]).balanced_accuracy is None


def test_a_minimum_is_proposed_that_agrees_better_with_people() -> None:
    """All lines with a fault reach 0.8, which the minimum in force lets pass."""
    labels = [label(0.8, is_defect=True)] * 6 + [label(0.95, is_defect=False)] * 6
    proposal, why = propose(labels, minimum=0.75)
    assert proposal is not None and why == ""
    assert 0.8 < proposal.minimum <= 0.95
    assert (proposal.labels, proposal.now.misses, proposal.then.misses) == (12, 6, 0)
    assert (proposal.now.balanced_accuracy, proposal.then.balanced_accuracy) == (0.5, 1.0)


def test_no_minimum_is_proposed_on_few_labels_or_without_gain() -> None:
    few = [label(0.8, is_defect=True)] * 3 + [label(0.95, is_defect=False)] * 20
    assert propose(few, minimum=0.75)[0] is None
    assert f"takes {LABELS_NEEDED} labels" in propose(few, minimum=0.75)[1]
    proposal, why = propose([label(0.5, is_defect=True)] * 8 + [label(0.9, is_defect=False)] * 8, minimum=0.75)
    assert proposal is None and "as well as any other" in why


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=LABELS_NEEDED, max_size=40), st.floats(0, 1))
def test_a_proposed_minimum_is_always_an_improvement(said: list[tuple[float, bool]], minimum: float) -> None:
    proposal, why = propose([label(score, is_defect=bad) for score, bad in said], minimum=minimum)
    assert (proposal is None) == bool(why)
    if proposal is not None:
        now, then = proposal.now.balanced_accuracy, proposal.then.balanced_accuracy
        assert now is not None and then is not None and then > now
        assert proposal.now.labels == proposal.then.labels == len(said)


def test_every_check_and_the_whole_take_have_figures() -> None:
    takes = [stored(0.5, word(None, is_defect=False)), stored(0.9, word(T, is_defect=True)), stored(0.9)]
    found = calibrate(takes, policy=POLICY, has_more=True)
    assert (found.overall.false_alarms, found.overall.labels) == (1, 1)
    assert [check.check for check in found.checks] == list(CheckName)
    assert found.checks[0].figures.misses == 1
    assert all(check.why_no_proposal and check.proposal is None for check in found.checks)
    assert found.has_more
    assert found.model_dump(mode="json")["overall"]["precision"] == 0.0


# --- drift ---


def test_weeks_tell_how_many_verdicts_were_overturned() -> None:
    earlier = datetime(2026, 11, 9, 0, 30, tzinfo=UTC)
    takes = [
        stored(0.5, word(None, is_defect=False), at=earlier),  # approved against a fail
        stored(0.5, word(None, is_defect=True)),  # rejected, as the assessor said
        stored(0.9, word(T, is_defect=True)),  # corrected, and fails by that
        stored(0.9, word(A, is_defect=False)),  # corrected to what it was
        stored(0.9),
    ]
    first, second = drift(takes, policy=POLICY)
    assert (first.monday, second.monday) == (date(2026, 11, 9), date(2026, 11, 16))
    assert (first.verdicts, first.overturned, first.overturned_share) == (1, 1, 1.0)
    assert (second.verdicts, second.decided, second.overturned, second.overturned_share) == (4, 3, 1, 0.25)
    assert second.mean_score == pytest.approx((takes[1].assessment.score + takes[2].assessment.score * 3) / 4, abs=1e-4)  # type: ignore[operator]
    assert monday(datetime(2026, 11, 15, 23, 59, tzinfo=UTC)) == date(2026, 11, 9)


def test_labels_are_written_as_a_labelled_set_needs_them() -> None:
    approved = stored(0.5, word(T, is_defect=False), word(A, is_defect=True), word(None, is_defect=False))
    line = Ready.model_validate(export_line(approved, file="take.mp4", policy=POLICY))
    assert (line.truth.verdict, line.truth.checks) == ("pass", {T: "pass"})
    corrected = Ready.model_validate(export_line(stored(0.9, word(A, is_defect=True)), file="a.mp4", policy=POLICY))
    assert (corrected.truth.verdict, corrected.truth.defect) == ("fail", "no artifacts")
    rejected = Ready.model_validate(export_line(stored(0.9, word(None, is_defect=True)), file="a.mp4", policy=POLICY))
    assert (rejected.truth.verdict, rejected.truth.defect, rejected.truth.checks) == ("fail", "rejected", {})
    assert export_line(stored(0.9), file="a.mp4", policy=POLICY) is None
