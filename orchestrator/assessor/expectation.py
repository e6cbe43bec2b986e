"""Expectation: what a take was meant to be, and the two shapes in which a check answers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import Field

from orchestrator.schema.assessment import CheckResult, CheckStatus, Finding
from orchestrator.schema.bible import CharacterBible
from orchestrator.schema.value import Value


class Side(StrEnum):
    BEFORE = "before"
    AFTER = "after"


class Neighbour(Value):
    """An accepted take that this one joins in the film. ``frame`` is a JPEG of its edge towards the joint: its last
    frame when it comes ``BEFORE``, its first when ``AFTER``, shown at ``at_seconds`` of that take. The two levels are
    those of its whole sound, None where they are not known. Over ``is_same_scene`` False, place and light may change;
    ``is_spoken`` is False for a clip without a line.
    """

    side: Side
    run_id: str = ""
    frame: bytes = Field(repr=False)
    at_seconds: float = 0.0
    loudness_lufs: float | None = None
    noise_floor_db: float | None = None
    is_same_scene: bool = True
    is_spoken: bool = True


class Expectation(Value):
    """What to hold a take against.

    ``text`` is the line to be spoken, empty when there is none; ``has_voice`` is False for clips that come without
    sound. ``width`` and ``height`` (pixels) are None where any size will do. ``vocabulary`` are names and terms that a
    listener may spell in its own way. ``prompt`` is all that the provider was asked for: what may be written in the
    picture, and whether a still or a cut is meant. ``characters`` are those of the film's bible who are in the clip.
    """

    text: str = ""
    target_seconds: float = Field(gt=0)
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)
    acceptance: tuple[str, ...] = ()
    visual_intent: str = ""
    language: str = "en"
    has_voice: bool = True
    vocabulary: tuple[str, ...] = ()
    prompt: str = ""
    characters: tuple[CharacterBible, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()


def conclude(
    score: float, *, minimum: float, findings: Sequence[Finding] = (), evidence: dict[str, Any] | None = None
) -> CheckResult:
    """The result of a check that measured ``score`` (0..1)."""
    rounded = round(min(1.0, max(0.0, score)), 4)
    status = CheckStatus.PASS if rounded >= minimum else CheckStatus.FAIL
    return CheckResult(status=status, score=rounded, findings=tuple(findings), evidence=evidence or {})


def not_run(reason: str) -> CheckResult:
    """The result of a check that measured nothing, and why."""
    return CheckResult(status=CheckStatus.NOT_RUN, reason=reason)


def not_applicable(reason: str) -> CheckResult:
    """The result of a check that has nothing to measure in this take, and why."""
    return CheckResult(status=CheckStatus.NOT_APPLICABLE, reason=reason)


def find_silence(words: int) -> Finding:
    """The finding of a take without sound where ``words`` words were due."""
    return Finding(code="silent", message=f"The take is silent where {words} words were due")
