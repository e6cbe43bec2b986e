"""Does the picture show what the clip is meant to show? The questions, and what their answers amount to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.assessor.expectation import Expectation, conclude, not_run
from orchestrator.perception.base import Answer, Question, Seen
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy


def ask_visual(expectation: Expectation) -> tuple[Question, ...]:
    """One question for the intent and one per acceptance criterion; none when nothing is asked of the picture."""
    wanted = [expectation.visual_intent, *expectation.acceptance]
    return tuple(
        Question(key=f"visual_{number}", text=f"Do the stills of this take show: {text.strip()}")
        for number, text in enumerate(wanted)
        if text.strip()
    )


def judge_visual(questions: Sequence[Question], seen: Seen, *, policy: AssessmentPolicy) -> CheckResult:
    """Share of yes among the answers that are yes or no."""
    return judge_answers(
        questions, seen, code="not_shown", minimum=policy.minima[CheckName.VISUAL_REQUIREMENTS], lead="Not so"
    )


def judge_answers(questions: Sequence[Question], seen: Seen, *, code: str, minimum: float, lead: str) -> CheckResult:
    """The share of yes among what could be told; a check about which nothing could be told has not run."""
    answers = [(question, seen.answers[question.key]) for question in questions]
    told = [(question, answer) for question, answer in answers if answer.answer is not Answer.UNSURE]
    if not told:
        return not_run("the stills cannot tell")
    denied = [(question, answer) for question, answer in told if answer.answer is Answer.NO]
    findings = [Finding(code=code, message=f"{lead}: {q.text} ({a.evidence or 'no reason given'})") for q, a in denied]
    evidence = {
        "answers": [[question.text, answer.answer.value, answer.evidence] for question, answer in answers],
        **seen.cost,
    }
    return conclude(1 - len(denied) / len(told), minimum=minimum, findings=findings, evidence=evidence)
