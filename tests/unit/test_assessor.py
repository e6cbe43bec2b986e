from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assessor.artifacts import check_artifacts
from orchestrator.assessor.continuity import ask_continuity, judge_continuity
from orchestrator.assessor.duration import check_duration
from orchestrator.assessor.expectation import Expectation
from orchestrator.assessor.visual import ask_visual, judge_visual
from orchestrator.media.probe import MediaInfo
from orchestrator.media.signals import Signals, Span
from orchestrator.perception.base import Answer, Seen, SeenAnswer
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
LINE = "We found the old lighthouse at dusk, its lamp still turning."


def span(start_seconds: float, end_seconds: float) -> Span:
    return Span(start_seconds=start_seconds, end_seconds=end_seconds)


def check(
    *, text: str = LINE, has_audio: bool = True, has_voice: bool = True, width: int = 1280, **signals: object
) -> CheckResult:
    info = MediaInfo(
        container_seconds=8,
        video_seconds=8,
        width=1280,
        height=720,
        fps=30,
        frames=240,
        video_codec="h264",
        has_audio=has_audio,
        audio_seconds=8 if has_audio else None,
        size_bytes=1000,
    )
    measured = Signals.model_validate({"duration_seconds": 8, "has_audio": has_audio, **signals})
    expectation = Expectation(text=text, target_seconds=8, width=width, height=720, has_voice=has_voice)
    return check_artifacts(info, measured, expectation=expectation, policy=POLICY)


def codes(result: CheckResult) -> list[str]:
    return [finding.code for finding in result.findings]


# --- artifacts ---


def test_clean_take_has_full_score() -> None:
    result = check(silence=(span(6, 8),))
    assert (result.status, result.score, result.findings) == (CheckStatus.PASS, 1.0, ())


def test_black_stretch_is_placed_and_counted_once_when_it_also_stands_still() -> None:
    result = check(black=(span(2, 4),), freeze=(span(2.05, 4),))
    assert (result.status, result.score, codes(result)) == (CheckStatus.FAIL, 0.75, ["black"])
    assert (result.findings[0].start_seconds, result.findings[0].end_seconds) == (2, 4)


def test_blink_of_black_or_a_held_breath_is_no_finding() -> None:
    assert check(black=(span(0, 0.2),), freeze=(span(3, 3.8),)).findings == ()


def test_frozen_stretch_costs_its_share_of_the_take() -> None:
    result = check(freeze=(span(4, 6),))
    assert (result.score, codes(result)) == (0.75, ["frozen"])


@pytest.mark.parametrize("sound", [{"has_audio": False}, {"silence": (span(0, 8),)}])
def test_silence_is_a_veto_only_when_words_were_due(sound: dict[str, object]) -> None:
    result = check(**sound)  # pyright: ignore[reportArgumentType]
    assert (result.score, codes(result)) == (0.0, ["silent"])
    assert "silent" in POLICY.vetoes
    assert check(text="", **sound).score == 1.0  # pyright: ignore[reportArgumentType]
    assert check(has_voice=False, **sound).score == 1.0  # pyright: ignore[reportArgumentType]


def test_pause_around_a_short_line_is_not_silence() -> None:
    assert check(text="Look up.", silence=(span(0, 3), span(4, 8))).score == 1.0


def test_damaged_file_fails_and_clipped_sound_only_costs() -> None:
    assert check(decode_errors=2).status is CheckStatus.FAIL
    clipped = check(clipped_ratio=0.05)
    assert (clipped.status, clipped.score, codes(clipped)) == (CheckStatus.PASS, 0.95, ["clipped_sound"])


def test_other_shape_fails_and_other_scale_only_costs() -> None:
    assert check(width=405).status is CheckStatus.FAIL
    assert check(width=1290).status is CheckStatus.PASS
    assert codes(check(width=1290)) == ["wrong_size"]


@given(st.lists(st.tuples(st.floats(0, 8), st.floats(0, 8)).map(sorted).map(lambda p: span(*p)), max_size=6))
def test_score_stays_a_share_however_stretches_overlap(spans: list[Span]) -> None:
    score = check(black=tuple(spans), freeze=tuple(reversed(spans))).score
    assert score is not None and 0 <= score <= 1


# --- duration ---


@pytest.mark.parametrize(
    ("actual_seconds", "status", "found"),
    [
        (8.0, CheckStatus.PASS, []),
        (8.24, CheckStatus.PASS, []),
        (7.5, CheckStatus.PASS, ["length_off"]),
        (7.0, CheckStatus.FAIL, ["length_off"]),
        (6.0, CheckStatus.FAIL, ["wrong_length"]),
        (10.0, CheckStatus.FAIL, ["wrong_length"]),
    ],
)
def test_length_is_judged_against_both_tolerances(actual_seconds: float, status: CheckStatus, found: list[str]) -> None:
    result = check_duration(actual_seconds, target_seconds=8, policy=POLICY)
    assert (result.status, codes(result)) == (status, found)


@given(st.floats(0, 400), st.floats(0.1, 300))
def test_length_score_is_full_within_tolerance_and_nothing_beyond_the_hard_one(actual: float, target: float) -> None:
    score = check_duration(actual, target_seconds=target, policy=POLICY).score
    off = abs(actual - target)
    assert score is not None and 0 <= score <= 1
    assert (score == 1.0) >= (off <= POLICY.tolerance(target))
    assert (score == 0.0) >= (off > POLICY.hard_tolerance(target))


# --- what was seen ---


def see(**answers: str) -> Seen:
    return Seen(answers={key: SeenAnswer(answer=Answer(word), evidence="still 1") for key, word in answers.items()})


QUESTIONS = ask_visual(
    Expectation(target_seconds=8, visual_intent="a lighthouse at dusk", acceptance=("a turning lamp", "no people"))
)


def test_every_wish_for_the_picture_becomes_one_question() -> None:
    assert [question.key for question in QUESTIONS] == ["visual_0", "visual_1", "visual_2"]
    assert ask_visual(Expectation(target_seconds=8, text=LINE)) == ()


def test_what_the_picture_lacks_is_named() -> None:
    result = judge_visual(QUESTIONS, see(visual_0="yes", visual_1="no", visual_2="yes"), policy=POLICY)
    assert (result.status, result.score) == (CheckStatus.FAIL, 0.6667)
    assert [f.code for f in result.findings] == ["not_shown"]
    assert "a turning lamp" in result.findings[0].message and "still 1" in result.findings[0].message


def test_unsure_is_neither_yes_nor_no() -> None:
    result = judge_visual(QUESTIONS, see(visual_0="yes", visual_1="unsure", visual_2="unsure"), policy=POLICY)
    assert (result.status, result.score) == (CheckStatus.PASS, 1.0)
    unsure = judge_visual(QUESTIONS, see(visual_0="unsure", visual_1="unsure", visual_2="unsure"), policy=POLICY)
    assert (unsure.status, unsure.reason) == (CheckStatus.NOT_RUN, "the stills cannot tell")


def test_continuity_fails_when_neither_people_nor_look_match() -> None:
    questions = ask_continuity()
    keys = [question.key for question in questions]
    assert judge_continuity(questions, see(**dict.fromkeys(keys, "no")), policy=POLICY).status is CheckStatus.FAIL
    assert judge_continuity(questions, see(**dict.fromkeys(keys, "yes")), policy=POLICY).score == 1.0
