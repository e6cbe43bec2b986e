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


Box = tuple[float, float, float, float]


def read(text: str, *, confidence: float = 0.99, strange: tuple[str, ...] = (), stills: int = 3) -> Writing:
    """``text`` on each of ``stills``, every word of it in no list."""
    seen = ReadText(
        text=text,
        confidence=confidence,
        label="0",
        box=(0.2, 0.4, 0.8, 0.5),
        unknown=tuple(text.split()),
        strange=strange,
    )
    return Writing(texts=tuple((seen, at) for at in SECONDS[:stills]), still_seconds=SECONDS)


def read_each(*seen: tuple[str, float, Box]) -> Writing:
    """One text on each still, in no list either."""
    texts = (ReadText(text=t, confidence=c, label="0", box=box, unknown=(t,), strange=(t,)) for t, c, box in seen)
    return Writing(texts=tuple(zip(texts, SECONDS, strict=False)), still_seconds=SECONDS)


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


def test_few_letters_and_uncertain_ones_are_left_alone() -> None:
    assert codes(read("K3V BR", confidence=0.6)) == []
    assert codes(read("Aemed Rienn", confidence=0.45, strange=("Aemed", "Rienn"))) == []


def test_rows_of_strokes_are_treetops_wherever_they_stand() -> None:
    for row in ("wwwwwwww", "wwwwmewow", "mnwwiw", "WWWWWWWW.WW"):
        assert codes(read(row, confidence=0.8, strange=(row,))) == [], row


def test_a_line_lasts_when_it_is_read_alike_or_stays_in_its_place() -> None:
    left, right = (0.1, 0.4, 0.4, 0.5), (0.6, 0.4, 0.9, 0.5)
    assert codes(read_each(("xqzkwfj", 0.7, left), ("brgtpqhd", 0.7, right))) == []
    assert codes(read_each(("xqzkwfj", 0.7, left), ("brgtpqhd", 0.7, left))) == ["garbled_text"]
    assert codes(read_each(("xqzkwfj", 0.7, left), ("xqzkufj", 0.7, right))) == ["garbled_text"]


def test_the_mark_of_a_maker_in_a_corner_is_left_alone() -> None:
    corner, middle = (0.7, 0.05, 0.96, 0.12), (0.3, 0.4, 0.7, 0.5)
    for box, found in ((corner, []), (middle, ["garbled_text"])):
        assert codes(read_each(("Xqzkwyn", 0.7, box), ("Xqzkwyn", 0.7, box))) == found


def test_known_words_that_are_hard_to_read_are_no_fault() -> None:
    known = ReadText(text="Bakery since 1932", confidence=0.6, label="0")
    assert codes(Writing(texts=tuple((known, at) for at in SECONDS), still_seconds=SECONDS)) == []


def test_words_that_were_asked_for_and_came_out_wrong_are_found_however_clear_they_are() -> None:
    prompt = "A card that reads “The Quiet Harbour”"
    nearly = read("The Qunet Oatzor", confidence=0.95)
    expectation = Expectation(target_seconds=4, prompt=prompt)
    (finding,) = find_garbled(nearly, expectation=expectation, policy=POLICY)
    assert finding.message.endswith("looks like “The Qunet Oatzor” where “The Quiet Harbour” was asked for")
    assert codes(nearly, prompt=prompt, text="The quiet harbour.") == [], "the line that is said need not be shown"
    assert codes(read("Brewdog Camden", confidence=0.95), prompt=prompt) == [], "another sign is no attempt at it"
    both = Writing(texts=(*nearly.texts, *read("The Quiet Harbour").texts), still_seconds=SECONDS)
    assert codes(both, prompt=prompt) == [], "it is there"


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
