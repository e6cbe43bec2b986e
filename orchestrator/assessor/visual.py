"""Does the picture show what the clip is meant to show? The questions, and what their answers amount to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.assessor.expectation import Expectation, conclude, not_run
from orchestrator.perception.base import Answer, Question, Seen, SeenAnswer
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.policy import AssessmentPolicy


def ask_visual(expectation: Expectation) -> tuple[Question, ...]:
    """One question for the intent, one per acceptance criterion, and two per character (face and clothes); none when
    nothing is asked of the picture. Each can be answered from stills."""
    wanted = [text.strip().rstrip(".") for text in (expectation.visual_intent, *expectation.acceptance)]
    shown = [
        Question(key=f"visual_{number}", text=f"Do the stills of this take show: {text}?", subject=text)
        for number, text in enumerate(wanted)
        if text
    ]
    described = [
        Question(
            key=f"character_{number}_{part}",
            text=f"Wherever {character.name} can be seen in this take, do the stills show {character.name} so "
            f"({part}): {text}? Unsure if {character.name} cannot be seen.",
            subject=f"{character.name}, {part}: {text}",
        )
        for number, character in enumerate(expectation.characters, start=1)
        for part, text in _descriptions(character).items()
        if text
    ]
    return (*shown, *described)


def judge_visual(
    questions: Sequence[Question], seen: Seen, *, policy: AssessmentPolicy, stills: Sequence[float] = ()
) -> CheckResult:
    """Share of yes among the answers that are yes or no. The answers' frames are places in ``stills``, in seconds of
    the take."""
    result = judge_answers(
        questions,
        seen,
        code="not_shown",
        minimum=policy.minima[CheckName.VISUAL_REQUIREMENTS],
        lead="The stills do not show",
        stills=stills,
        min_told_percent=policy.min_told_percent,
    )
    return result.model_copy(update={"evidence": {**result.evidence, **seen.cost}})


def judge_answers(
    questions: Sequence[Question],
    seen: Seen,
    *,
    code: str,
    minimum: float,
    lead: str,
    stills: Sequence[float] = (),
    min_told_percent: int = 50,
) -> CheckResult:
    """The share of yes among what could be told.

    With less than ``min_told_percent`` of the questions told the check has not run, unless it would fail even if all
    the others were yes. Each no is a finding ``code`` that names what was asked for, the still and what was seen.
    """
    answers = [(question, seen.answers[question.key]) for question in questions]
    told = [(question, answer) for question, answer in answers if answer.answer is not Answer.UNSURE]
    denied = [(question, answer) for question, answer in told if answer.answer is Answer.NO]
    evidence = {
        "by": seen.by,
        "answers": [
            [question.text, answer.answer.value, answer.evidence, answer.frame] for question, answer in answers
        ],
        "stills": list(stills),
    }
    is_told = bool(told) and len(told) * 100 >= min_told_percent * len(answers)
    if not is_told and 1 - len(denied) / max(1, len(answers)) >= minimum:
        reason = f"the stills cannot tell: {len(told)} of {len(answers)} questions could be answered from them"
        return not_run(reason).model_copy(update={"evidence": evidence})
    findings = [_find(question, answer, code=code, lead=lead, stills=stills) for question, answer in denied]
    return conclude(1 - len(denied) / len(told), minimum=minimum, findings=findings, evidence=evidence)


def _find(question: Question, answer: SeenAnswer, *, code: str, lead: str, stills: Sequence[float]) -> Finding:
    place = stills[answer.frame] if answer.frame is not None and answer.frame < len(stills) else None
    seen = answer.evidence.strip().rstrip(".") or "no reason given"
    # The last bracket of the message is what was seen, so there is none in it.
    seen = seen.translate({ord("("): "[", ord(")"): "]"})
    where = "" if place is None else f"at {place:.1f} s: "
    return Finding(
        code=code, message=f"{lead}: {question.subject or question.text} ({where}{seen})", start_seconds=place
    )


def _descriptions(character: CharacterBible) -> dict[str, str]:
    """What a character looks like and wears, each on one line."""
    parts = {"face and figure": character.appearance, "clothes": character.wardrobe}
    return {part: " ".join(text.split()).rstrip(".") for part, text in parts.items()}
