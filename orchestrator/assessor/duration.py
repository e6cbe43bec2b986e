"""Is the take as long as it was ordered? Pure."""

from __future__ import annotations

from orchestrator.assessor.expectation import conclude
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy


def check_duration(actual_seconds: float, *, target_seconds: float, policy: AssessmentPolicy) -> CheckResult:
    """Full score within the tolerance, falling to 0 at the hard tolerance; beyond that the take is of no use."""
    off_seconds = abs(actual_seconds - target_seconds)
    soft, hard = policy.tolerance(target_seconds), policy.hard_tolerance(target_seconds)
    score = 1.0 if off_seconds <= soft else max(0.0, (hard - off_seconds) / (hard - soft)) if hard > soft else 0.0
    findings = []
    if off_seconds > soft:
        findings.append(
            Finding(
                code="wrong_length" if off_seconds > hard else "length_off",
                message=f"The take lasts {actual_seconds:.2f} s, {target_seconds:g} s were ordered",
            )
        )
    evidence = {
        "actual_seconds": round(actual_seconds, 3),
        "target_seconds": target_seconds,
        "tolerance_seconds": round(soft, 3),
    }
    return conclude(score, minimum=policy.minima[CheckName.DURATION_OK], findings=findings, evidence=evidence)
