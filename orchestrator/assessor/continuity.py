"""Does the take go on where the one before it ended? The questions, and what their answers amount to. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.assessor.visual import judge_answers
from orchestrator.perception.base import Question, Seen
from orchestrator.schema.assessment import CheckName, CheckResult
from orchestrator.schema.policy import AssessmentPolicy

PREVIOUS_LABEL = "of the take before"
_QUESTIONS = (
    Question(
        key="continuity_people",
        text="Do people who appear both in the still of the take before and in this take look like the same persons "
        "(face, hair, clothing)? Unsure if nobody appears in both.",
    ),
    Question(
        key="continuity_look",
        text="Do the still of the take before and this take look as if from one film (palette, light, style)?",
    ),
)


def ask_continuity() -> tuple[Question, ...]:
    """The questions that compare a take with a still of the one before it."""
    return _QUESTIONS


def judge_continuity(questions: Sequence[Question], seen: Seen, *, policy: AssessmentPolicy) -> CheckResult:
    """Share of yes among the answers that are yes or no."""
    return judge_answers(
        questions, seen, code="discontinuity", minimum=policy.minima[CheckName.CONTINUITY], lead="Does not match"
    )
