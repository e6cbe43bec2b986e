"""Is the take as long as it was ordered, and its sound as long as its picture? Pure."""

from __future__ import annotations

from orchestrator.assessor.expectation import conclude
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy


def check_duration(
    actual_seconds: float,
    *,
    target_seconds: float,
    policy: AssessmentPolicy,
    container_seconds: float | None = None,
    audio_seconds: float | None = None,
) -> CheckResult:
    """Full score within the tolerance, falling to 0 at the hard tolerance; beyond that the take is of no use.

    ``actual_seconds`` is the length of the picture. Sound that goes on after it is cut off in the film, and is held
    against the same tolerances; sound that ends early costs little: there is silence then.
    """
    score = _grade(abs(actual_seconds - target_seconds), target_seconds=target_seconds, policy=policy)
    soft, hard = policy.tolerance(target_seconds), policy.hard_tolerance(target_seconds)
    off_seconds = abs(actual_seconds - target_seconds)
    findings = []
    if off_seconds > soft:
        findings.append(
            Finding(
                code="wrong_length" if off_seconds > hard else "length_off",
                message=f"The take lasts {actual_seconds:.2f} s, {target_seconds:g} s were ordered",
            )
        )
    beyond_seconds = 0.0 if audio_seconds is None else audio_seconds - actual_seconds
    if audio_seconds is not None and abs(beyond_seconds) > policy.sound_tolerance_seconds:
        is_long = beyond_seconds > 0
        ends = f"The sound lasts {audio_seconds:.2f} s, {abs(beyond_seconds):.2f} s"
        findings.append(
            Finding(
                code="long_audio" if is_long else "short_audio",
                message=f"{ends} {'longer' if is_long else 'shorter'} than the picture",
                start_seconds=round(min(audio_seconds, actual_seconds), 3),
                end_seconds=round(max(audio_seconds, actual_seconds), 3),
            )
        )
        if is_long:
            score = min(score, _grade(beyond_seconds, target_seconds=target_seconds, policy=policy))
        else:
            score -= policy.minor_penalty
    evidence = {
        "actual_seconds": round(actual_seconds, 3),
        "target_seconds": target_seconds,
        "tolerance_seconds": round(soft, 3),
        "container_seconds": None if container_seconds is None else round(container_seconds, 3),
        "audio_seconds": None if audio_seconds is None else round(audio_seconds, 3),
    }
    return conclude(score, minimum=policy.minima[CheckName.DURATION_OK], findings=findings, evidence=evidence)


def _grade(off_seconds: float, *, target_seconds: float, policy: AssessmentPolicy) -> float:
    soft, hard = policy.tolerance(target_seconds), policy.hard_tolerance(target_seconds)
    if off_seconds <= soft:
        return 1.0
    return max(0.0, (hard - off_seconds) / (hard - soft)) if hard > soft else 0.0
