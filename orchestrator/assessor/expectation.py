"""Expectation: what a take was meant to be, and the two shapes in which a check answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from orchestrator.schema.assessment import CheckResult, CheckStatus, Finding
from orchestrator.schema.value import Value


class Expectation(Value):
    """What to hold a take against.

    ``text`` is the line to be spoken, empty when there is none; ``has_voice`` is False for clips that come without
    sound. ``width`` and ``height`` (pixels) are None where any size will do. ``previous_frame`` is a JPEG of the
    accepted take before this one, for continuity; None when there is none to compare with.
    """

    text: str = ""
    target_seconds: float = Field(gt=0)
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)
    acceptance: tuple[str, ...] = ()
    visual_intent: str = ""
    language: str = "en"
    has_voice: bool = True
    previous_frame: bytes | None = Field(default=None, repr=False)


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
