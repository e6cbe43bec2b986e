from __future__ import annotations

import pytest

from orchestrator.assessor.expectation import Expectation, conclude
from orchestrator.assessor.writing import Writing, add_writing, find_garbled
from orchestrator.perception.base import ReadText
from orchestrator.perception.lexicon import find_strange, read_lexicon
from orchestrator.schema.assessment import CheckStatus
from orchestrator.schema.policy import AssessmentPolicy

POLICY = AssessmentPolicy()
SECONDS = (0.5, 1.5, 2.5)


def read(text: str, *, confidence: float = 0.99, strange: tuple[str, ...] = (), stills: int = 3) -> Writing:
    seen = ReadText(text=text, confidence=confidence, label="0", strange=strange)
    return Writing(texts=tuple((seen, at) for at in SECONDS[:stills]), still_seconds=SECONDS)


def codes(writing: Writing, *, prompt: str = "A quiet street", text: str = "") -> list[str]:
    expectation = Expectation(target_seconds=4, prompt=prompt, text=text)
    return [finding.code for finding in find_garbled(writing, expectation=expectation, policy=POLICY)]


def test_letters_that_are_none_fail_the_take_with_their_place() -> None:
    expectation = Expectation(target_seconds=4)
    result = add_writing(
        conclude(1.0, minimum=0.9), read("KVØX3 BRL", confidence=0.5), expectation=expectation, policy=POLICY
    )
    (finding,) = result.findings
    assert (result.status, finding.code) == (CheckStatus.FAIL, "garbled_text")
    assert (finding.start_seconds, finding.end_seconds) == (0.5, 2.5)
    assert "KVØX3 BRL" in finding.message
    assert result.evidence["texts"][0] == ["KVØX3 BRL", 0.5, 0.5]


def test_words_that_are_none_are_garbled_however_clear_their_letters() -> None:
    assert codes(read("xqzkw fjvtr", strange=("xqzkw", "fjvtr"))) == ["garbled_text"]


@pytest.mark.parametrize("text", ["Open all day", "Brewdog", "Clip 3 · Take 1", "Animatic · 4a5f"])
def test_text_that_can_be_read_is_no_fault(text: str) -> None:
    assert codes(read(text)) == []


def test_what_was_asked_for_is_fine_however_it_was_read() -> None:
    assert codes(read("FRE5H BREAD", confidence=0.6), prompt="A shop with the sign “Fresh bread”") == []
    assert codes(read("to the lighthouse at du5k", confidence=0.7), text="We went to the lighthouse at dusk.") == []


def test_text_seen_once_among_several_stills_is_left_alone() -> None:
    assert codes(read("KVØX3 BRL", confidence=0.5, stills=1)) == []


def test_few_letters_are_left_alone() -> None:
    assert codes(read("K3V", confidence=0.3)) == []


def test_what_kept_the_reader_from_reading_is_said() -> None:
    artifacts = conclude(1.0, minimum=0.9)
    result = add_writing(
        artifacts, Writing(problem="not here"), expectation=Expectation(target_seconds=4), policy=POLICY
    )
    assert (result.status, result.score, result.evidence["unread"]) == (CheckStatus.PASS, 1.0, "not here")


@pytest.mark.skipif(read_lexicon("en") is None, reason="the lists of words are not installed")
def test_strange_words_are_told_from_names_and_other_languages() -> None:
    for sign in ("Fresh bread", "Starbucks", "Boulangerie", "Hauptbahnhof Ausgang", "HDMI USB", "Reykjavik", "B XKC"):
        assert find_strange(sign.split(), language="en") == [], sign
    assert find_strange(["xqzkwv", "bread", "fjvtrq"], language="en") == ["xqzkwv", "fjvtrq"]
    assert find_strange(["xqzkwv"], language="pl") == [], "there is no list of Polish words"
