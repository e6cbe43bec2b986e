"""Takes that are cut or retimed instead of being asked for again: when, how much, and never at the price of a word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.repair import Asked, decide
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, CheckStatus, Finding, Verdict
from orchestrator.schema.clip_run import Edit, RepairInstruction, RepairStrategy, RetryPolicy
from orchestrator.schema.policy import AssessmentPolicy
from tests.unit.test_repair import LINE, PROFILE, must

PLANNED = 8.0
TOLERANCE = AssessmentPolicy().tolerance(PLANNED)
WORDS = [["equal", "every film begins here", "every film begins here", 1.0, 6.0]]


def take(
    *findings: tuple[CheckName, Finding],
    seconds: float = PLANNED,
    diff: list[Any] = WORDS,
    speech: list[list[float]] | None = None,
) -> Assessment:
    """A failed take of ``seconds`` with these findings and these rows of the transcript's diff."""
    failed = {name for name, _ in findings}
    evidence: dict[CheckName, dict[str, Any]] = {
        CheckName.TRANSCRIPT_MATCH: {"diff": diff, "speech": speech or []},
        CheckName.DURATION_OK: {"actual_seconds": seconds},
    }
    checks = {
        name: CheckResult(
            status=CheckStatus.FAIL if name in failed else CheckStatus.PASS,
            score=0.3 if name in failed else 1.0,
            findings=tuple(f for n, f in findings if n is name),
            evidence=evidence.get(name, {}),
        )
        for name in CheckName
    }
    return Assessment(verdict=Verdict.FAIL, score=0.5, weight_run=1, checks=checks)


def fault(code: str, start: float | None = None, end: float | None = None) -> tuple[CheckName, Finding]:
    checks = {"length_off": CheckName.DURATION_OK, "wrong_length": CheckName.DURATION_OK}
    words = ("extra_words", "missing_words", "too_fast", "too_slow")
    name = CheckName.TRANSCRIPT_MATCH if code in words else checks.get(code, CheckName.NO_ARTIFACTS)
    return name, Finding(code=code, message=f"Found {code}", start_seconds=start, end_seconds=end)


def after(
    assessment: Assessment,
    *,
    history: tuple[RepairInstruction, ...] = (),
    earlier: tuple[Assessment | None, ...] = (),
    attempt: int = 1,
) -> RepairInstruction:
    return must(
        decide(
            line=LINE,
            assessment=assessment,
            error_code="",
            retry_after_seconds=None,
            attempt=attempt,
            policy=RetryPolicy(max_attempts=2),
            profile=PROFILE,
            history=history,
            earlier=earlier,
            fallbacks=(),
            asked=Asked(planned_seconds=PLANNED),
        )
    )


def edit_of(assessment: Assessment) -> Edit:
    instruction = after(assessment)
    assert instruction.edit is not None, instruction.reason
    return instruction.edit


@pytest.mark.parametrize(
    ("found", "start", "end"),
    [
        (fault("black", 0.0, 0.5), 0.5, 8.0),
        (fault("frozen", 7.3, 8.0), 0.0, 7.3),
        (fault("hidden_cut", 0.4, 0.4), 0.4, 8.0),
    ],
)
def test_a_faulty_edge_is_cut_off(found: tuple[CheckName, Finding], start: float, end: float) -> None:
    assert after(take(found)).strategy is RepairStrategy.TRIM
    edit = edit_of(take(found))
    assert (edit.start_seconds, edit.end_seconds) == (pytest.approx(start, abs=0.06), pytest.approx(end, abs=0.06))
    assert edit.seconds >= PLANNED - TOLERANCE - 0.01


def test_a_take_longer_than_ordered_loses_its_silent_end() -> None:
    edit = edit_of(take(fault("wrong_length"), seconds=9.5))
    assert (edit.start_seconds, edit.end_seconds, edit.speed) == (0.0, 8.0, 1.0)


def test_a_take_a_little_short_plays_a_little_slower() -> None:
    instruction = after(take(fault("length_off"), seconds=7.2))
    assert instruction.strategy is RepairStrategy.RETIME and instruction.edit is not None
    assert (instruction.edit.speed, instruction.edit.start_seconds) == (0.92, 0.0)
    assert "8% slower" in instruction.reason and "nothing is paid" in instruction.reason


@pytest.mark.parametrize(("code", "speed"), [("too_fast", 0.92), ("too_slow", 1.08)])
def test_a_pace_a_bit_off_is_evened_out_where_the_length_allows_it(code: str, speed: float) -> None:
    seconds = PLANNED * speed
    assert edit_of(take(fault(code), seconds=seconds)).speed == speed


def test_words_added_after_the_line_are_cut_off() -> None:
    said = [*WORDS, ["extra", "", "thank you", 7.4, 7.9]]
    edit = edit_of(take(fault("extra_words", 7.4, 7.9), seconds=8.4, diff=said))
    assert 6.1 <= edit.end_seconds <= 7.4


@pytest.mark.parametrize(
    "assessment",
    [
        take(fault("black", 3.0, 3.5)),  # in the middle
        take(fault("black", 0.0, 1.5)),  # longer than can be given
        take(fault("black", 0.0, 0.95)),  # the words begin before a breath is over
        take(
            fault("black", 0.0, 0.5), diff=[["equal", "every film", "every film"]]
        ),  # where the words are is not known
        take(fault("black", 0.0, 0.5), fault("missing_words")),  # no cut brings words back
        take(fault("extra_words", 3.0, 3.4), diff=[*WORDS, ["extra", "", "um", 3.0, 3.4]]),
        take(fault("wrong_length"), seconds=5.0),
        take(fault("clipped_sound")),
    ],
)
def test_a_take_is_left_whole_where_no_edit_can_cure_it(assessment: Assessment) -> None:
    assert after(assessment).strategy is RepairStrategy.PROMPT_PATCH


def test_an_edit_that_did_not_help_is_not_repeated_and_counts_as_no_attempt() -> None:
    spoilt = take(fault("black", 0.0, 0.5))
    cut = after(spoilt)
    still = take(fault("black", 0.0, 0.2))
    then = after(still, history=(cut,), earlier=(spoilt,), attempt=2)
    assert then.strategy is RepairStrategy.PROMPT_PATCH, "the two attempts were not used up"
    assert then.reason.startswith("Trimming the take did not help. Found black.")
    last = after(spoilt, history=(cut, then), earlier=(spoilt, still), attempt=3)
    assert last.strategy is RepairStrategy.TRIM, "another take, and still nothing to pay"
    end = after(still, history=(cut, then, last), earlier=(spoilt, still, spoilt), attempt=4)
    assert end.strategy is RepairStrategy.GIVE_UP


seconds = st.floats(0, 12, allow_nan=False)


@given(
    st.sampled_from(["black", "wrong_length", "length_off", "extra_words", "too_fast", "blur"]),
    seconds,
    seconds,
    st.floats(3, 12),
    st.lists(st.tuples(st.sampled_from(["equal", "extra", "wrong"]), seconds, seconds), max_size=4),
)
def test_no_edit_ever_costs_a_word_or_leaves_too_little(
    code: str, start: float, end: float, length: float, rows: list[tuple[str, float, float]]
) -> None:
    diff = [[op, "a", "a", min(s, e), max(s, e)] for op, s, e in rows]
    edit = after(take(fault(code, min(start, end), max(start, end)), seconds=length, diff=diff)).edit
    if edit is None:
        return
    assert 0 <= edit.start_seconds < edit.end_seconds <= length + 0.001
    assert 0.92 <= edit.speed <= 1.08
    assert PLANNED - TOLERANCE - 0.01 <= edit.seconds <= PLANNED + 1
    is_cut = edit.start_seconds > 0 or edit.end_seconds < length - 0.001
    for op, s, e in (row[::3] + row[4:] for row in diff):
        if is_cut and op != "extra":
            assert edit.start_seconds <= s and min(e, length) <= edit.end_seconds + 0.001
