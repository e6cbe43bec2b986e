"""One take, all checks: measure the file, listen, look, and reach a verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from orchestrator.assessor.artifacts import check_artifacts
from orchestrator.assessor.duration import check_duration
from orchestrator.assessor.expectation import Expectation, Neighbour, conclude, not_run
from orchestrator.assessor.looking import look
from orchestrator.assessor.transcript import check_transcript, is_line_due
from orchestrator.assessor.verdict import reach_verdict
from orchestrator.assessor.writing import add_writing, read_writing
from orchestrator.errors import MediaFailed, UnreadableMedia
from orchestrator.media.audio import read_speech
from orchestrator.media.probe import MediaInfo, count_decoded_frames, probe
from orchestrator.media.signals import Signals, measure_signals
from orchestrator.perception.base import Senses
from orchestrator.schema.assessment import Assessment, CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

DEFAULT_POLICY = AssessmentPolicy()
Outcome = TypeVar("Outcome")
FindNeighbours = Callable[[], Awaitable[tuple[Neighbour, ...]]]


async def assess_take(
    path: Path,
    *,
    expectation: Expectation,
    senses: Senses,
    policy: AssessmentPolicy = DEFAULT_POLICY,
    find_neighbours: FindNeighbours | None = None,
) -> Assessment:
    """Hold the file at ``path`` against ``expectation``.

    ``find_neighbours`` is asked as late as can be who is accepted beside this take: another one may be decided on while
    this one is measured, and their joint would be judged by neither.

    A file that cannot be read is a failed take, not an error. Raises ``MediaFailed`` only when the measuring itself
    went wrong on a file that is sound, so that nobody pays for a new take because of it.
    """

    async def measure_and_look() -> tuple[MediaInfo, Signals, tuple[CheckResult, CheckResult]]:
        info, signals = await _measure(path)
        beside = expectation.neighbours if find_neighbours is None else await find_neighbours()
        expected = expectation.model_copy(update={"neighbours": beside})
        return info, signals, await look(path, expectation=expected, signals=signals, senses=senses, policy=policy)

    # Each of the three works in a process of its own; all are awaited, whatever becomes of the others.
    seen, heard, read = await asyncio.gather(
        measure_and_look(),
        _hear(path, expectation=expectation, senses=senses, policy=policy),
        read_writing(path, expectation=expectation, reader=senses.reader, policy=policy),
        return_exceptions=True,
    )
    try:
        info, signals, (visual, continuity) = _result(seen)
        transcript, writing = _result(heard), _result(read)
    except UnreadableMedia as error:
        return _assess_unreadable(error.message, policy=policy)
    artifacts = check_artifacts(info, signals, expectation=expectation, policy=policy)
    checks = {
        CheckName.TRANSCRIPT_MATCH: transcript,
        CheckName.VISUAL_REQUIREMENTS: visual,
        CheckName.CONTINUITY: continuity,
        CheckName.NO_ARTIFACTS: add_writing(artifacts, writing, expectation=expectation, policy=policy),
        CheckName.DURATION_OK: check_duration(
            signals.video_seconds or info.video_seconds,
            target_seconds=expectation.target_seconds,
            policy=policy,
            container_seconds=info.container_seconds,
            audio_seconds=signals.audio_seconds,
        ),
    }
    return reach_verdict(checks, policy=policy)


async def _measure(path: Path) -> tuple[MediaInfo, Signals]:
    info = await asyncio.to_thread(probe, path)
    try:
        return info, await measure_signals(path)
    except MediaFailed:
        await asyncio.to_thread(count_decoded_frames, path)  # raises UnreadableMedia if the file is to blame
        raise


async def _hear(path: Path, *, expectation: Expectation, senses: Senses, policy: AssessmentPolicy) -> CheckResult:
    import numpy as np

    is_read = is_line_due(expectation) and (await asyncio.to_thread(probe, path)).has_audio
    samples = await asyncio.to_thread(read_speech, path) if is_read else np.zeros(0, np.float32)
    return await check_transcript(samples, expectation=expectation, listener=senses.listener, policy=policy)


def _result(outcome: Outcome | BaseException) -> Outcome:
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


def _assess_unreadable(message: str, *, policy: AssessmentPolicy) -> Assessment:
    damage = conclude(
        0.0,
        minimum=policy.minima[CheckName.NO_ARTIFACTS],
        findings=[Finding(code="unreadable", message=message.rstrip("."))],
    )
    others = dict.fromkeys(CheckName, not_run("the file cannot be read"))
    return reach_verdict({**others, CheckName.NO_ARTIFACTS: damage}, policy=policy)
