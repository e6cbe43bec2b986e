"""What is asked of a picture, and what the answers amount to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assessor import DEFAULT_POLICY, Expectation
from orchestrator.assessor.visual import ask_visual, judge_answers, judge_visual
from orchestrator.perception.base import Answer, Question, Seen, SeenAnswer
from orchestrator.schema.assessment import CheckResult, CheckStatus
from orchestrator.schema.bible import CharacterBible

MARA = CharacterBible(name="Mara", appearance="red hair,\nfreckles.", wardrobe="a yellow raincoat")
WORDS = {"y": Answer.YES, "n": Answer.NO, "u": Answer.UNSURE}


def judge(answers: str) -> CheckResult:
    """The result of these answers to as many criteria."""
    questions = [Question(key=str(n), text=f"Is there thing {n}?", subject=f"thing {n}") for n in range(len(answers))]
    given = {
        str(n): SeenAnswer(answer=WORDS[word], evidence="a (bare) wall.", frame=1) for n, word in enumerate(answers)
    }
    return judge_visual(questions, Seen(answers=given, model="eyes"), policy=DEFAULT_POLICY, stills=[0.5, 2.25])


def test_intent_criteria_and_characters_are_asked_about() -> None:
    expectation = Expectation(
        target_seconds=4, visual_intent="A pier at dusk.", acceptance=("A lamp", " "), characters=(MARA,)
    )
    subjects = [question.subject for question in ask_visual(expectation)]
    assert subjects == [
        "A pier at dusk",
        "A lamp",
        "Mara, face and figure: red hair, freckles",
        "Mara, clothes: a yellow raincoat",
    ]
    assert len({question.key for question in ask_visual(expectation)}) == 4


def test_nothing_is_asked_when_nothing_is_wanted() -> None:
    nobody = CharacterBible(name="Someone", personality="calm")
    assert ask_visual(Expectation(target_seconds=4, characters=(nobody,))) == ()


def test_a_no_names_what_was_asked_for_the_still_and_what_was_seen() -> None:
    result = judge("ynyn")
    assert (result.status, result.score) == (CheckStatus.FAIL, 0.5)
    first, second = result.findings
    assert (first.code, first.start_seconds) == ("not_shown", 2.25)
    assert first.message == "The stills do not show: thing 1 (at 2.2 s: a [bare] wall)"
    assert second.message.startswith("The stills do not show: thing 3")
    assert result.evidence["by"] == "vision model eyes"
    assert result.evidence["stills"] == [0.5, 2.25]
    assert result.evidence["answers"][1] == ["Is there thing 1?", "no", "a (bare) wall.", 1]


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ("uuuu", CheckStatus.NOT_RUN),
        ("yuuu", CheckStatus.NOT_RUN),
        ("yyuu", CheckStatus.PASS),
        ("nuuu", CheckStatus.NOT_RUN),
        ("nnuuu", CheckStatus.FAIL),  # whatever the others are
        ("yyyn", CheckStatus.PASS),
        ("yyn", CheckStatus.FAIL),
    ],
)
def test_too_little_told_is_not_run_and_never_a_pass(answers: str, status: CheckStatus) -> None:
    result = judge(answers)
    assert result.status is status
    if status is CheckStatus.NOT_RUN:
        assert "the stills cannot tell" in result.reason
        assert len(result.evidence["answers"]) == len(answers)


@given(answers=st.text(alphabet="ynu", min_size=1, max_size=12))
def test_doubt_never_makes_a_pass(answers: str) -> None:
    if judge(answers).status is not CheckStatus.PASS:
        assert judge(answers.replace("y", "u", 1)).status is not CheckStatus.PASS
        assert judge(answers + "u").status is not CheckStatus.PASS


def test_other_questions_are_judged_by_their_own_words() -> None:
    question = Question(key="who", text="Is it the same person?")
    seen = Seen(answers={"who": SeenAnswer(answer=Answer.NO)})
    result = judge_answers([question], seen, code="discontinuity", minimum=0.5, lead="Does not match")
    assert result.findings[0].message == "Does not match: Is it the same person? (no reason given)"
    assert result.findings[0].start_seconds is None
