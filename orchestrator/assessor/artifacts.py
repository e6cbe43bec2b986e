"""Is the take technically sound: no black, frozen, silent, clipped or damaged stretches, and the right size? Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from orchestrator.assessor.expectation import Expectation, conclude, find_silence
from orchestrator.assessor.transcript import is_line_due
from orchestrator.assessor.words import split_words
from orchestrator.media.probe import MediaInfo
from orchestrator.media.signals import Signals, Span
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

_SAME_SHAPE_RATIO = 0.02


def check_artifacts(
    info: MediaInfo, signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy
) -> CheckResult:
    """The score falls by the share of the take that is black or frozen, and by a penalty per fault of the whole."""
    seconds = max(info.video_seconds, 1e-3)
    black = [s for s in signals.black if _length(s) >= policy.min_black_seconds]
    frozen = [s for s in signals.freeze if _length(s) >= policy.min_freeze_seconds and not _is_within(s, black)]
    findings = [
        *(_place("black", "The picture is black", span) for span in black),
        *(_place("frozen", "The picture stands still", span) for span in frozen),
    ]
    score = 1.0 - _covered_seconds([*black, *frozen]) / seconds

    if is_line_due(expectation):
        words = len(split_words(expectation.text, language=expectation.language))
        audible_seconds = info.audio_seconds or 0.0 if info.has_audio else 0.0
        audible_seconds -= _covered_seconds(signals.silence)
        if audible_seconds < words * policy.min_seconds_per_word:
            findings.append(find_silence(words))
            score = 0.0
    for finding, penalty in _find_whole_faults(info, signals, expectation=expectation, policy=policy):
        findings.append(finding)
        score -= penalty
    evidence = {
        "width": info.width,
        "height": info.height,
        "fps": round(info.fps, 3),
        "has_audio": info.has_audio,
        "loudness_lufs": signals.loudness_lufs,
        "true_peak_dbfs": signals.true_peak_dbfs,
        "clipped_ratio": round(signals.clipped_ratio, 5),
        "decode_errors": signals.decode_errors,
        "scene_cuts": list(signals.scene_cuts),
    }
    return conclude(score, minimum=policy.minima[CheckName.NO_ARTIFACTS], findings=findings, evidence=evidence)


def _find_whole_faults(
    info: MediaInfo, signals: Signals, *, expectation: Expectation, policy: AssessmentPolicy
) -> Iterable[tuple[Finding, float]]:
    """Faults without a place, each with what it costs."""
    if signals.clipped_ratio > policy.max_clipped_ratio:
        message = f"The sound is clipped ({signals.clipped_ratio:.1%} of it at full scale)"
        yield Finding(code="clipped_sound", message=message), policy.minor_penalty
    if signals.decode_errors:
        message = f"The file is damaged: {signals.decode_errors} errors while decoding"
        yield Finding(code="decode_errors", message=message), policy.major_penalty
    width, height = expectation.width, expectation.height
    if width and height and (info.width, info.height) != (width, height):
        has_same_shape = math.isclose(info.width / info.height, width / height, rel_tol=_SAME_SHAPE_RATIO)
        message = f"The picture is {info.width}x{info.height}, {width}x{height} was ordered"
        yield (
            Finding(code="wrong_size", message=message),
            policy.minor_penalty if has_same_shape else policy.major_penalty,
        )


def _place(code: str, message: str, span: Span) -> Finding:
    return Finding(
        code=code,
        message=f"{message} from {span.start_seconds:.1f} to {span.end_seconds:.1f} s",
        start_seconds=round(span.start_seconds, 3),
        end_seconds=round(span.end_seconds, 3),
    )


def _length(span: Span) -> float:
    return span.end_seconds - span.start_seconds


def _is_within(span: Span, others: list[Span], *, slack_seconds: float = 0.1) -> bool:
    """Whether ``span`` lies in one of ``others``: a black picture also stands still, and that is one fault."""
    return any(
        o.start_seconds - slack_seconds <= span.start_seconds and span.end_seconds <= o.end_seconds + slack_seconds
        for o in others
    )


def _covered_seconds(spans: Iterable[Span]) -> float:
    """Seconds covered by at least one of ``spans``."""
    covered, reached = 0.0, 0.0
    for span in sorted(spans, key=lambda s: s.start_seconds):
        start = max(reached, span.start_seconds)
        covered += max(0.0, span.end_seconds - start)
        reached = max(reached, span.end_seconds)
    return covered
