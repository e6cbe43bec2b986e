"""What is seen in a take: the requirements of its clip, and whether it goes on where its neighbours end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from pathlib import Path

from orchestrator.assessor.continuity import EDGE_LABELS, ask_continuity, check_continuity
from orchestrator.assessor.expectation import Expectation, Side, not_run
from orchestrator.assessor.visual import ask_visual, judge_visual
from orchestrator.errors import PerceptionFailed
from orchestrator.media.frames import Still, grab_stills
from orchestrator.media.signals import Signals
from orchestrator.perception.base import Frame, Question, Seen, SeenAnswer, Senses, Viewer
from orchestrator.schema.assessment import CheckResult
from orchestrator.schema.policy import AssessmentPolicy


async def look(
    path: Path, *, expectation: Expectation, signals: Signals, senses: Senses, policy: AssessmentPolicy
) -> tuple[CheckResult, CheckResult]:
    """Visual requirements and continuity, in one look. Raises ``UnreadableMedia``."""
    visual, continuity = ask_visual(expectation), ask_continuity(expectation)
    seen: Seen | None = None
    seconds: list[float] = []
    problem = senses.viewer.missing
    if not problem and (visual or continuity):
        stills = await asyncio.to_thread(grab_stills, path, count=policy.frame_count, max_side=policy.frame_max_side)
        # Rounded down, so that what stands there from then on is this frame.
        seconds = [math.floor(still.at_seconds * 100) / 100 for still in stills]
        try:
            seen = await _show(stills, expectation, viewer=senses.viewer, questions=(*visual, *continuity))
        except PerceptionFailed as failure:
            problem = failure.message
    joined = await check_continuity(
        path, expectation=expectation, signals=signals, senses=senses, policy=policy, seen=seen
    )
    if joined.evidence.get("answers"):  # they name stills by their place
        joined = joined.model_copy(update={"evidence": {**joined.evidence, "stills": seconds}})
    if not visual:
        return not_run("nothing is asked of the picture"), joined
    return judge_visual(visual, seen, policy=policy, stills=seconds) if seen else not_run(problem), joined


async def _show(
    stills: Sequence[Still], expectation: Expectation, *, viewer: Viewer, questions: Sequence[Question]
) -> Seen:
    """The answers, with the stills of the take they rest on: the edges of its neighbours are shown too, in the order of
    the film. Raises ``PerceptionFailed``."""
    edges = {n.side: Frame(jpeg=n.frame, label=EDGE_LABELS[n.side]) for n in expectation.neighbours}
    before, after = ([edges[side]] if side in edges else [] for side in (Side.BEFORE, Side.AFTER))
    frames = [Frame(jpeg=still.jpeg, label=f"of this take at {still.at_seconds:.1f} s") for still in stills]
    seen = await viewer.judge([*before, *frames, *after], questions=questions, context=expectation.visual_intent)

    def of_take(answer: SeenAnswer) -> SeenAnswer:
        index = -1 if answer.frame is None else answer.frame - len(before)
        return answer.model_copy(update={"frame": index if 0 <= index < len(stills) else None})

    return seen.model_copy(update={"answers": {key: of_take(answer) for key, answer in seen.answers.items()}})
