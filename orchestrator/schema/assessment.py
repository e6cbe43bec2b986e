"""Assessment: what was measured on a take, and the verdict that follows from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from orchestrator.schema.value import Value


class CheckName(StrEnum):
    TRANSCRIPT_MATCH = "transcript_match"
    VISUAL_REQUIREMENTS = "visual_requirements"
    CONTINUITY = "continuity"
    NO_ARTIFACTS = "no_artifacts"
    DURATION_OK = "duration_ok"


class CheckStatus(StrEnum):
    """NOT_RUN is a state of its own: never a pass, never a zero. NOT_APPLICABLE: there is nothing to measure."""

    PASS = "pass"
    FAIL = "fail"
    NOT_RUN = "not_run"
    NOT_APPLICABLE = "not_applicable"


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    NEEDS_REVIEW = "needs_review"


class Finding(Value):
    """One reason, with its place in the take where it has one (seconds from the start of the take)."""

    code: str
    message: str
    start_seconds: float | None = None
    end_seconds: float | None = None


class CheckResult(Value):
    """One criterion. ``score`` is 0..1 and None when not run; ``reason`` says why it did not run."""

    status: CheckStatus
    score: float | None = Field(default=None, ge=0, le=1)
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    evidence: dict[str, Any] = Field(default_factory=dict)


class Override(Value):
    """A person's word on one check of a take."""

    check: CheckName
    status: CheckStatus
    by: str
    reason: str


class Assessment(Value):
    """All checks of one take. ``weight_run`` is the share (0..1) of the total weight that was measured;
    ``score`` is the weighted mean over what ran, None when nothing did. ``vetoes`` are finding codes that fail a take
    whatever its score."""

    verdict: Verdict
    score: float | None = Field(default=None, ge=0, le=1)
    weight_run: float = Field(ge=0, le=1)
    checks: dict[CheckName, CheckResult]
    vetoes: tuple[str, ...] = ()
    summary: str = ""
