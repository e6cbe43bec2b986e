from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assessor.expectation import Expectation
from orchestrator.assessor.languages import base_language
from orchestrator.assessor.names import find_names
from orchestrator.assessor.transcript import as_spoken, check_transcript, judge_transcript
from orchestrator.assessor.words import compare_words, place_words, split_words
from orchestrator.errors import PerceptionFailed
from orchestrator.perception.base import ExpectedWord, Heard, HeardWord
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
LINE = "We found the old lighthouse at dusk, its lamp still turning."
words = st.lists(st.sampled_from(["sea", "salt", "sand", "sun", "gull"]), max_size=12)


def judge(
    expected: str,
    heard: str,
    *,
    probability: float | None = None,
    language: str = "en",
    vocabulary: tuple[str, ...] = (),
) -> CheckResult:
    expectation = Expectation(text=expected, target_seconds=8, language=language, vocabulary=vocabulary)
    return judge_transcript(Heard(text=heard, expected_probability=probability), expectation=expectation, policy=POLICY)


def time(text: str) -> tuple[HeardWord, ...]:
    """The words of a text, one a second."""
    return tuple(
        HeardWord(text=word, start_seconds=i, end_seconds=i + 0.9, probability=0.9)
        for i, word in enumerate(text.split())
    )


def witness(
    line: str, said: str, *, expected: Sequence[float], heard: Sequence[float], probability: float = 0.5
) -> CheckResult:
    """Judge with a second witness, from the log-likelihood of each word of either text."""
    result = Heard(
        text=said,
        words=tuple(w.model_copy(update={"log_likelihood": n}) for w, n in zip(time(said), heard, strict=True)),
        expected_probability=probability,
        expected_words=tuple(
            ExpectedWord(text=w, log_likelihood=n) for w, n in zip(line.split(), expected, strict=True)
        ),
    )
    return judge_transcript(result, expectation=Expectation(text=line, target_seconds=8), policy=POLICY)


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
    assert result.evidence["diff"][-1] == ["missing", "its lamp still turning", "", None, None]


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
    result = witness("Ask Siobhan Nguyen", "Ask Chevonne Win", expected=[-0.1, -2.5, -2.0], heard=[-0.1, -0.9, -0.6])
    assert (result.status, result.evidence["second_witness"]) == (CheckStatus.PASS, "overrules")
    assert list(describe(result)) == ["heard_differently"]
    result = witness("Ask Siobhan Nguyen", "Ask Chevonne Win", expected=[-0.1, -9.0, -9.0], heard=[-0.1, -0.9, -0.6])
    assert result.status is CheckStatus.FAIL


LONG = "We found the old lighthouse at dusk, its lamp still turning over a dark and quiet sea."


def test_one_certainly_wrong_word_fails_a_line_and_a_misheard_one_does_not() -> None:
    said = LONG.replace("dusk", "dawn")
    heard = [-0.1] * 17
    assert witness(LONG, said, expected=[*[-0.1] * 6, -12.0, *[-0.1] * 10], heard=heard).status is CheckStatus.FAIL
    misheard = witness(LONG, said, expected=[*[-0.1] * 6, -2.0, *[-0.1] * 10], heard=heard)
    assert (misheard.status, misheard.score) == (CheckStatus.PASS, 1.0)
    assert "“dusk” as “dawn”" in describe(misheard)["heard_differently"]


def test_unsure_difference_is_shown_and_counts_once() -> None:
    result = witness(LONG, LONG.replace("dusk", "dawn"), expected=[-4.5] * 17, heard=[-0.1] * 17, probability=0.3)
    assert (result.status, list(describe(result))) == (CheckStatus.PASS, ["wrong_words"])
    assert result.score == pytest.approx(16 / 17, abs=1e-3)


def test_words_added_to_a_misheard_one_are_not_excused_with_it() -> None:
    said = LINE.replace("turning", "churning") + " Thanks for watching my channel"
    result = witness(LINE, said, expected=[-1.0] * 11, heard=[-0.1] * 16)
    assert result.status is CheckStatus.FAIL


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("not", ""),
        ("no", "some"),
        ("twelve", "twenty"),
        ("1969", "1979"),
        ("can't", "can"),
        ("will", "won't"),
    ],
)
def test_changed_figure_or_negation_fails_a_line_of_any_length(expected: str, said: str) -> None:
    line = f"{LONG} It was {{}} what we had in mind when we left the harbour. {LONG}"
    right, wrong = line.format(expected), " ".join(line.format(said).split())
    assert judge(right, wrong).status is CheckStatus.FAIL
    assert judge(right, right).score == 1.0


def test_name_is_accepted_when_spelled_alike_and_fails_the_line_when_it_is_another() -> None:
    line = f"Velmora Labs built it. {LONG}"
    assert judge(line, line.replace("Velmora", "Belmore"), vocabulary=("Velmora",)).score == 1.0
    result = judge(line, line.replace("Velmora", "Harrison"), vocabulary=("Velmora",))
    assert result.status is CheckStatus.FAIL
    assert "instead of “velmora”" in describe(result)["wrong_words"]


def test_added_words_count_even_when_the_expected_ones_fit_the_sound() -> None:
    result = judge("We found it.", "We found it and then we went home again.", probability=0.9)
    assert result.status is CheckStatus.FAIL


def test_line_fails_when_its_words_were_heard_but_cannot_be_in_the_sound() -> None:
    result = judge(LINE, LINE, probability=0.02)
    assert (result.status, result.evidence["second_witness"]) == (CheckStatus.FAIL, "doubts")
    assert list(describe(result)) == ["expected_unlikely"]


def test_times_are_shared_where_normalising_joined_or_split_words() -> None:
    heard = Heard(text="It won't take 32 days", words=time("It won't take thirty two days"))
    expectation = Expectation(text="It won't take forty days", target_seconds=8)
    rows = judge_transcript(heard, expectation=expectation, policy=POLICY).evidence["diff"]
    assert rows == [
        ["equal", "it will not take", "it will not take", 0.0, 2.9],
        ["wrong", "40", "32", 3.0, 4.9],
        ["equal", "days", "days", 5.0, 5.9],
    ]


def test_words_are_no_words_where_there_is_no_voice() -> None:
    music = Heard(text="Thank you.", words=time("Thank you."), speech=(), expected_probability=0.9)
    result = judge_transcript(music, expectation=Expectation(text="Thank you.", target_seconds=8), policy=POLICY)
    assert (result.status, result.score) == (CheckStatus.FAIL, 0.0)
    assert describe(result) == {"no_speech": "Nobody speaks where 2 words were due: there is music or noise only"}
    made_up = Heard(text=f"{LINE} Thank you", words=time(f"{LINE} Thank you"), speech=((0.0, 10.2),))
    assert judge_transcript(made_up, expectation=Expectation(text=LINE, target_seconds=8), policy=POLICY).score == 1.0


def test_line_fails_in_another_language_only_when_that_is_sure() -> None:
    def speak(
        language: str, probability: float, fit: float, text: str = "Wir fanden den alten Turm am Abend"
    ) -> CheckResult:
        heard = Heard(
            text=text,
            spoken_language=language,
            language_probability=probability,
            expected_probability=fit,
            speech=((0, 3),),
        )
        return judge_transcript(heard, expectation=Expectation(text=LINE, target_seconds=8), policy=POLICY)

    assert describe(speak("de", 0.97, 0.02)) == {
        "wrong_language": "This sounds like German (97%) where English was due"
    }
    assert speak("de", 0.97, 0.1, text=LINE).status is CheckStatus.FAIL  # a listener translates when told the language
    assert speak("cy", 0.9, 0.6, text=LINE).status is CheckStatus.PASS
    assert speak("cy", 0.5, 0.1, text=LINE).status is CheckStatus.PASS


def test_speech_cut_by_the_end_fails_only_when_words_are_lost() -> None:
    def cut(text: str) -> CheckResult:
        heard = Heard(text=text, words=time(text), speech=((0.2, 11.0),), is_cut_at_end=True)
        return judge_transcript(heard, expectation=Expectation(text=LINE, target_seconds=8), policy=POLICY)

    whole, lost = cut(LINE), cut(LINE.replace(" turning", ""))
    assert (whole.status, whole.findings[0].code, whole.findings[0].end_seconds) == (CheckStatus.PASS, "cut_end", 11.0)
    assert lost.status is CheckStatus.FAIL
    assert "what was due there is lost" in describe(lost)["cut_end"]


@pytest.mark.parametrize(
    ("seconds", "code", "status"),
    [(2.0, "too_fast", "pass"), (4.0, "", "pass"), (12.0, "too_slow", "pass"), (1.2, "too_fast", "fail")],
)
def test_pace_is_advice_unless_nobody_could_follow(seconds: float, code: str, status: str) -> None:
    heard = Heard(text=LINE, speech=((0, seconds),))
    result = judge_transcript(heard, expectation=Expectation(text=LINE, target_seconds=8), policy=POLICY)
    assert ("".join(describe(result)), result.status) == (code, status)
    assert result.evidence["words_per_minute"] == pytest.approx(11 * 60 / seconds, abs=0.1)


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
    assert 0 <= comparison.match <= 1


@given(words)
def test_every_word_has_its_place_in_the_text_as_written(text: list[str]) -> None:
    assert place_words(text, text, language="en") == [(i, i + 1) for i in range(len(text))]
    joined = ["".join(text)] if text else []
    assert place_words(text, joined, language="en") == ([(0, len(text))] if text else [])


def test_marks_of_other_scripts_stay_with_their_letters() -> None:
    assert split_words("हमें लाइटहाउस मिला।", language="hi") == ["हमें", "लाइटहाउस", "मिला"]
    assert split_words("שָׁלוֹם", language="he") == split_words("שלום", language="he")


@pytest.mark.parametrize(
    ("tag", "language"), [("eng", "en"), ("en-US", "en"), ("ger", "de"), ("nb", "no"), ("tlh", "tlh")]
)
def test_language_tag_comes_in_its_short_form(tag: str, language: str) -> None:
    assert base_language(tag) == language


def test_line_is_asked_for_the_way_it_is_spoken() -> None:
    assert as_spoken("(whispers) NEVER GIVE\nUP [pause]") == "Never give up"
    assert as_spoken("NASA") == "NASA"


SCRIPT = (
    "Maria carried the lantern. Maria waited. We met Okafor’s brother in Łódź. Nobody came; nobody cared. I'm here."
)


@pytest.mark.parametrize(
    ("line", "known", "script", "language", "names"),
    [
        ("Maria and the lantern", (), SCRIPT, "en", ("Maria",)),
        ("Okafor's house in Łódź", (), SCRIPT, "en", ("Okafor", "Łódź")),
        ("Nobody came, and I'm here", (), SCRIPT, "en", ()),
        ("the guide asked Zoë", ("The Guide", "Captain Zoë"), "", "en", ("guide", "Zoë")),
        ("Der Turm und Anna", ("Anna",), "Wir sahen den Turm. Sie ging.", "de", ("Anna",)),
        ("小明去看海", ("小明", "小红"), "", "zh", ("小明",)),
        ("THE TOWER FELL", (), "THE OLD TOWER FELL. THE TOWER STOOD.", "en", ()),
    ],
)
def test_names_are_those_of_the_bible_and_what_the_script_writes_like_one(
    line: str, known: tuple[str, ...], script: str, language: str, names: tuple[str, ...]
) -> None:
    assert find_names(line, known=known, script=script, language=language) == names


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
