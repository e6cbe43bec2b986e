"""What is seen in a take: the requirements of its clip, and whether it goes on where its neighbours end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from orchestrator.assessor.continuity import PREVIOUS_LABEL, ask_continuity, judge_continuity
from orchestrator.assessor.expectation import Expectation, Side, not_run
from orchestrator.assessor.visual import ask_visual, judge_visual
from orchestrator.errors import PerceptionFailed
from orchestrator.media.frames import grab_stills
from orchestrator.perception.base import Frame, Senses
from orchestrator.schema.assessment import CheckResult
from orchestrator.schema.policy import AssessmentPolicy


async def look(
    path: Path, *, expectation: Expectation, senses: Senses, policy: AssessmentPolicy
) -> tuple[CheckResult, CheckResult]:
    """Visual requirements and continuity, in one look."""
    before = next((n for n in expectation.neighbours if n.side is Side.BEFORE), None)
    visual, continuity = ask_visual(expectation), ask_continuity() if before else ()
    no_visual = not_run("nothing is asked of the picture")
    no_continuity = not_run("there is no earlier take to compare with")
    if senses.viewer.missing:
        absent = not_run(senses.viewer.missing)
        return absent if visual else no_visual, absent
    if not (visual or continuity):
        return no_visual, no_continuity
    stills = await asyncio.to_thread(grab_stills, path, count=policy.frame_count, max_side=policy.frame_max_side)
    frames = [Frame(jpeg=still.jpeg, label=f"of this take at {still.at_seconds:.1f} s") for still in stills]
    if before:
        frames.insert(0, Frame(jpeg=before.frame, label=PREVIOUS_LABEL))
    try:
        seen = await senses.viewer.judge(frames, questions=[*visual, *continuity], context=expectation.visual_intent)
    except PerceptionFailed as failure:
        absent = not_run(failure.message)
        return absent if visual else no_visual, absent if continuity else no_continuity
    return (
        judge_visual(visual, seen, policy=policy) if visual else no_visual,
        judge_continuity(continuity, seen, policy=policy) if continuity else no_continuity,
    )
