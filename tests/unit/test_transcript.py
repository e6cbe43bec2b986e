from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assessor.expectation import Expectation
from orchestrator.assessor.transcript import check_transcript, judge_transcript
from orchestrator.assessor.words import compare_words, split_words
from orchestrator.errors import PerceptionFailed
from orchestrator.perception.base import Heard, HeardWord
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
LINE = "We found the old lighthouse at dusk, its lamp still turning."
words = st.lists(st.sampled_from(["sea", "salt", "sand", "sun", "gull"]), max_size=12)


def judge(expected: str, heard: str, *, probability: float | None = None, language: str = "en") -> CheckResult:
    expectation = Expectation(text=expected, target_seconds=8, language=language)
    return judge_transcript(Heard(text=heard, expected_probability=probability), expectation=expectation, policy=POLICY)


def describe(result: CheckResult) -> dict[str, str]:
    return {finding.code: finding.message for finding in result.findings}


@pytest.mark.parametrize(
    ("expected", "heard"),
    [
        (LINE, "we found the old light house at dusk. Its lamp still turning"),
        ("It beats twelve hundred times.", "It beats 1,200 times"),
        ("Thirty percent of it won't fit.", "30% of it will not fit."),
        ("The colour of the mountainside.", "The color of the mountain side"),
        ("Count one, two, three!", "Count 1, 2, 3."),
        ("Wait… that’s Ann’s house — isn’t it?", "Wait, that's Ann's house, isn't it?"),
    ],
)
def test_line_matches_wholly_when_only_its_spelling_differs(expected: str, heard: str) -> None:
    result = judge(expected, heard)
    assert (result.status, result.score, result.findings) == (CheckStatus.PASS, 1.0, ())
    assert result.evidence["word_error_rate"] == 0


def test_wrong_words_are_named_when_they_replace_the_right_ones() -> None:
    result = judge(LINE, "We lost the new lighthouse at dawn, its lamp was burning.")
    assert result.status is CheckStatus.FAIL
    assert "Said “dawn” instead of “dusk”" in describe(result)["wrong_words"]


def test_missing_words_are_named_when_the_line_breaks_off() -> None:
    result = judge(LINE, "We found the old lighthouse at dusk")
    assert result.status is CheckStatus.FAIL
    assert describe(result) == {"missing_words": "Missing “its lamp still turning”"}
    assert result.evidence["diff"][-1] == ["missing", "its lamp still turning", ""]


def test_added_words_are_named_when_the_speaker_goes_on() -> None:
    result = judge("We found the old lighthouse.", "We found the old lighthouse. Thanks for watching my channel!")
    assert result.status is CheckStatus.FAIL
    assert describe(result) == {"extra_words": "Added “thanks for watching my channel”"}


def test_line_fails_when_its_words_come_in_another_order() -> None:
    result = judge(LINE, "Turning still lamp its, dusk at lighthouse old the found we.")
    assert result.status is CheckStatus.FAIL
    assert list(describe(result)) == ["wrong_order"]


def test_finding_has_times_when_the_listener_gave_them() -> None:
    spoken = ["We", "found", "the", "new", "lighthouse"]
    heard = Heard(
        text=" ".join(spoken),
        words=tuple(
            HeardWord(text=word, start_seconds=i, end_seconds=i + 0.5, probability=0.9) for i, word in enumerate(spoken)
        ),
    )
    expectation = Expectation(text="We found the old lighthouse", target_seconds=8)
    [finding] = judge_transcript(heard, expectation=expectation, policy=POLICY).findings
    assert (finding.start_seconds, finding.end_seconds) == (3.0, 3.5)


def test_line_passes_when_the_words_fit_the_sound_though_spelled_otherwise() -> None:
    result = judge("Ask Siobhan Nguyen", "Ask Chevonne Win", probability=0.6)
    assert (result.status, result.evidence["second_witness"]) == (CheckStatus.PASS, "overrules")
    assert judge("Ask Siobhan Nguyen", "Ask Chevonne Win", probability=0.1).status is CheckStatus.FAIL


def test_added_words_count_even_when_the_expected_ones_fit_the_sound() -> None:
    result = judge("We found it.", "We found it and then we went home again.", probability=0.9)
    assert result.status is CheckStatus.FAIL


def test_short_line_fails_when_its_key_word_changed_and_does_not_fit_the_sound() -> None:
    assert judge("We open at nine.", "We open at five.").score == 0.75
    result = judge("We open at nine.", "We open at five.", probability=0.09)
    assert result.status is CheckStatus.FAIL
    assert set(describe(result)) == {"wrong_words", "expected_unlikely"}


def test_line_fails_when_nobody_speaks() -> None:
    result = judge(LINE, "")
    assert (result.status, result.score) == (CheckStatus.FAIL, 0.0)
    assert describe(result) == {"no_speech": "Nobody speaks where 11 words were due"}


def test_characters_are_compared_when_the_language_writes_no_spaces() -> None:
    assert judge("我们今天去看海。", "我们今天去看海", language="zh").score == 1.0
    assert judge("我们今天去看海。", "我们今天去看山", language="zh").score == pytest.approx(6 / 7, abs=1e-3)


@given(words)
def test_a_text_matches_itself(text: list[str]) -> None:
    comparison = compare_words(text, text, language="en")
    assert (comparison.errors, comparison.match) == (0, 1.0)


@given(words, words)
def test_rows_hold_both_texts_whole_and_in_order(expected: list[str], heard: list[str]) -> None:
    comparison = compare_words(expected, heard, language="en")
    assert " ".join(row.expected for row in comparison.rows if row.expected).split() == expected
    assert " ".join(row.heard for row in comparison.rows if row.heard).split() == heard
    assert 0 <= comparison.errors <= max(len(expected), len(heard))
    assert 0 <= comparison.match <= comparison.match_without_extra <= 1


def test_notes_in_brackets_are_not_words() -> None:
    assert split_words("(smiling) Hello, there [music]", language="en") == ["hello", "there"]


class Ear:
    """Hears what it is told to hear."""

    def __init__(self, text: str = "", *, missing: str = "", failure: str = "") -> None:
        self.missing = missing
        self._text, self._failure = text, failure

    async def transcribe(self, samples: np.ndarray, *, language: str, expected: str = "") -> Heard:
        if self._failure:
            raise PerceptionFailed(self._failure)
        return Heard(text=self._text)


async def check(ear: Ear, *, amplitude: float = 0.5, text: str = LINE, has_voice: bool = True) -> CheckResult:
    samples = np.full(16000, amplitude, np.float32)
    expectation = Expectation(text=text, target_seconds=8, has_voice=has_voice)
    return await check_transcript(samples, expectation=expectation, listener=ear, policy=POLICY)


async def test_check_does_not_run_when_there_is_nothing_to_hold_the_sound_against() -> None:
    assert (await check(Ear("Hello"), text=" … ")).reason == "nothing is meant to be said in this clip"
    assert (await check(Ear("Hello"), has_voice=False)).status is CheckStatus.NOT_APPLICABLE


async def test_check_does_not_run_when_nobody_can_listen() -> None:
    for ear in (Ear(missing="no weights"), Ear(failure="no weights")):
        result = await check(ear)
        assert (result.status, result.score, result.reason) == (CheckStatus.NOT_RUN, None, "no weights")


async def test_silence_is_found_without_asking_a_listener_who_would_make_words_up() -> None:
    result = await check(Ear(LINE), amplitude=0.001)
    assert (result.status, [finding.code for finding in result.findings]) == (CheckStatus.FAIL, ["silent"])
