from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assessor.artifacts import check_artifacts
from orchestrator.assessor.duration import check_duration
from orchestrator.assessor.expectation import Expectation
from orchestrator.assessor.visual import ask_visual, judge_visual
from orchestrator.media.probe import MediaInfo
from orchestrator.media.signals import Signals, Span, Stretch
from orchestrator.perception.base import Answer, Seen, SeenAnswer
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
LINE = "We found the old lighthouse at dusk, its lamp still turning."


def span(start_seconds: float, end_seconds: float) -> Span:
    return Span(start_seconds=start_seconds, end_seconds=end_seconds)


def stretch(start_seconds: float, end_seconds: float, level: float) -> Stretch:
    return Stretch(start_seconds=start_seconds, end_seconds=end_seconds, level=level)


def check(
    *,
    text: str = LINE,
    prompt: str = "",
    has_audio: bool = True,
    has_voice: bool = True,
    ordered_width: int = 1280,
    **signals: object,
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
    expectation = Expectation(
        text=text, target_seconds=8, width=ordered_width, height=720, has_voice=has_voice, prompt=prompt
    )
    return check_artifacts(info, measured, expectation=expectation, policy=POLICY)


def codes(result: CheckResult) -> list[str]:
    return [finding.code for finding in result.findings]


# --- artifacts ---


def test_clean_take_has_full_score() -> None:
    result = check(silence=(span(6, 8),))
    assert (result.status, result.score, result.findings) == (CheckStatus.PASS, 1.0, ())


def test_black_stretch_is_placed_and_counted_once_when_it_also_stands_still() -> None:
    result = check(black=(span(2, 4),), freeze=(stretch(2.05, 4, 0.9),))
    assert (result.status, result.score, codes(result)) == (CheckStatus.FAIL, 0.55, ["black"])
    assert (result.findings[0].start_seconds, result.findings[0].end_seconds) == (2, 4)


def test_short_black_fails_inside_the_take_and_not_at_the_dark_end_of_a_fade() -> None:
    assert codes(check(black=(span(3, 3.2),))) == ["black"]
    assert codes(check(black=(span(0, 0.3),))) == ["black"]
    assert check(black=(span(0, 0.3),), fade_in_seconds=1.0).findings == ()
    assert check(black=(span(7.7, 8),), fade_out_seconds=7.0).findings == ()
    assert codes(check(black=(span(0, 0.8),), fade_in_seconds=1.5)) == ["black"]


@pytest.mark.parametrize(
    ("seconds", "motion", "is_fault"),
    [(0.4, 0.9, True), (0.2, 0.9, False), (0.4, 0.05, False), (1.2, 0.05, True), (6, 0.001, False)],
)
def test_standing_picture_is_a_fault_sooner_the_more_of_it_moved(seconds: float, motion: float, is_fault: bool) -> None:
    assert bool(check(freeze=(stretch(1, 1 + seconds, motion),)).findings) is is_fault


def test_frozen_stretch_costs_its_share_of_the_take_and_a_penalty() -> None:
    result = check(freeze=(stretch(4, 6, 0.9),))
    assert (result.score, codes(result)) == (0.55, ["frozen"])


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ({"flicker": (stretch(1, 2, 0.1),)}, "flicker"),
        ({"flashes": (stretch(1, 1.1, 0.6),)}, "flicker"),
        ({"scene_cuts": (stretch(3, 3, 0.8),)}, "hidden_cut"),
        ({"blur": (stretch(1, 2, 3.0),)}, "blur"),
        ({"edge_pixels": 4.0}, "blur"),
        ({"blocky": (stretch(1, 2, 0.4),)}, "blocky"),
        ({"noisy": (stretch(1, 2, 0.2),)}, "noisy"),
        ({"bars": (0.2, 0.0)}, "bars"),
        ({"pictures_per_second": 6.0, "step": 0.02}, "wrong_fps"),
        ({"clipped_ratio": 0.05}, "clipped_sound"),
        ({"clicks": (stretch(3, 3, 0.4),)}, "clicks"),
        ({"dropouts": (span(3, 3.1),)}, "dropout"),
        ({"decode_errors": 2}, "decode_errors"),
        ({"decode_errors": 2, "damage": (span(3, 3.5),)}, "decode_errors"),
    ],
)
def test_each_fault_that_a_viewer_notices_fails_the_take(signals: dict[str, object], code: str) -> None:
    result = check(**signals)  # pyright: ignore[reportArgumentType]
    assert (result.status, codes(result)) == (CheckStatus.FAIL, [code])


@pytest.mark.parametrize(
    ("signals", "prompt"),
    [
        ({"freeze": (stretch(1, 4, 0.9),)}, "She laughs, then a freeze frame."),
        ({"flicker": (stretch(1, 2, 0.1),)}, "Lit by one flickering candle."),
        ({"scene_cuts": (stretch(3, 3, 0.8),)}, "A wide shot of the sea. Hard cut to the captain."),
        ({"edge_pixels": 4.0}, "The valley lies in thick fog."),
        ({"noisy": (stretch(1, 2, 0.2),)}, "Heavy snowfall."),
        ({"bars": (0.2, 0.0)}, "Letterboxed, 2.39:1."),
        ({"black": (span(3, 4),)}, "The lights go out for a moment."),
    ],
)
def test_what_was_asked_for_is_no_fault_unless_it_was_asked_to_stay_away(
    signals: dict[str, object], prompt: str
) -> None:
    assert check(prompt=prompt, **signals).findings == ()  # pyright: ignore[reportArgumentType]
    denied = "No freeze frame, no flickering, no hard cut, never fog, without snow, no letterbox, no blackout"
    assert check(prompt=denied, **signals).status is CheckStatus.FAIL  # pyright: ignore[reportArgumentType]


def test_still_take_is_told_and_costs_nothing() -> None:
    result = check(is_still=True, video_seconds=8, freeze=(stretch(0, 8, 0.0),))
    assert (result.score, codes(result)) == (1.0, ["still"])
    assert check(is_still=True, video_seconds=8, prompt="A title card").findings == ()


@pytest.mark.parametrize("sound", [{"has_audio": False}, {"silence": (span(0, 8),)}])
def test_silence_is_a_veto_only_when_words_were_due(sound: dict[str, object]) -> None:
    result = check(**sound)  # pyright: ignore[reportArgumentType]
    assert (result.score, codes(result)) == (0.0, ["silent"])
    assert "silent" in POLICY.vetoes
    assert check(text="", **sound).score == 1.0  # pyright: ignore[reportArgumentType]
    assert check(has_voice=False, **sound).score == 1.0  # pyright: ignore[reportArgumentType]


def test_pause_around_a_short_line_is_not_silence() -> None:
    assert check(text="Look up.", silence=(span(0, 3), span(4, 8))).score == 1.0


def test_other_shape_fails_and_other_scale_only_costs() -> None:
    assert check(ordered_width=405).status is CheckStatus.FAIL
    assert check(ordered_width=1290).status is CheckStatus.PASS
    assert codes(check(ordered_width=1290)) == ["wrong_size"]


def test_turned_picture_is_told_from_one_of_another_size() -> None:
    assert codes(check(width=720, height=1280, rotation_degrees=90)) == ["wrong_rotation"]


def test_many_places_of_one_fault_stay_a_short_list() -> None:
    result = check(clicks=tuple(stretch(t / 10, t / 10, 0.4) for t in range(50)))
    assert (len(result.findings), result.score) == (3, 0.8)
    assert "47 more places" in result.findings[-1].message


@given(st.lists(st.tuples(st.floats(0, 8), st.floats(0, 8)).map(sorted).map(lambda p: span(*p)), max_size=6))
def test_score_stays_a_share_however_stretches_overlap(spans: list[Span]) -> None:
    frozen = tuple(stretch(s.start_seconds, s.end_seconds, 1.0) for s in reversed(spans))
    score = check(black=tuple(spans), freeze=frozen).score
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


def test_sound_that_outlasts_the_picture_is_a_finding_of_its_own() -> None:
    long = check_duration(8, target_seconds=8, policy=POLICY, container_seconds=10, audio_seconds=10)
    assert (long.status, codes(long)) == (CheckStatus.FAIL, ["long_audio"])
    assert (long.evidence["container_seconds"], long.evidence["audio_seconds"]) == (10, 10)
    short = check_duration(8, target_seconds=8, policy=POLICY, audio_seconds=6)
    assert (short.status, codes(short)) == (CheckStatus.PASS, ["short_audio"])
    assert check_duration(8, target_seconds=8, policy=POLICY, audio_seconds=8.05).findings == ()


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
    result = judge_visual(QUESTIONS, see(visual_0="yes", visual_1="yes", visual_2="unsure"), policy=POLICY)
    assert (result.status, result.score) == (CheckStatus.PASS, 1.0)
    thin = judge_visual(QUESTIONS, see(visual_0="yes", visual_1="unsure", visual_2="unsure"), policy=POLICY)
    assert thin.status is CheckStatus.NOT_RUN
    unsure = judge_visual(QUESTIONS, see(visual_0="unsure", visual_1="unsure", visual_2="unsure"), policy=POLICY)
    assert unsure.status is CheckStatus.NOT_RUN
    assert unsure.reason.startswith("the stills cannot tell")
