"""Was the line said? Two witnesses: what the listener wrote down, and how well the expected words fit the sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.assessor.expectation import Expectation, conclude, find_silence, not_applicable, not_run
from orchestrator.assessor.words import Comparison, DiffRow, Op, compare_words, split_words
from orchestrator.errors import PerceptionFailed
from orchestrator.perception.base import Heard, HeardWord, Listener
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SILENT_BELOW = 0.003  # peak amplitude, about -50 dB: a listener fed with less makes words up
_CODES = {Op.MISSING: "missing_words", Op.WRONG: "wrong_words", Op.EXTRA: "extra_words"}


def is_line_due(expectation: Expectation) -> bool:
    """Whether words should be heard in the take."""
    return expectation.has_voice and bool(split_words(expectation.text, language=expectation.language))


async def check_transcript(
    samples: NDArray[np.float32], *, expectation: Expectation, listener: Listener, policy: AssessmentPolicy
) -> CheckResult:
    """Listen to ``samples`` (mono, 16 kHz) and hold them against the expected line."""
    words = split_words(expectation.text, language=expectation.language)
    if not words:
        return not_applicable("nothing is meant to be said in this clip")
    if not expectation.has_voice:
        return not_applicable("this provider makes clips without sound; the line is narrated")
    minimum = policy.minima[CheckName.TRANSCRIPT_MATCH]
    if not len(samples) or float(abs(samples).max()) < _SILENT_BELOW:
        evidence = {"expected": expectation.text, "heard": ""}
        return conclude(0.0, minimum=minimum, findings=[find_silence(len(words))], evidence=evidence)
    if listener.missing:
        return not_run(listener.missing)
    try:
        heard = await listener.transcribe(samples, language=expectation.language, expected=expectation.text)
    except PerceptionFailed as failure:
        return not_run(failure.message)
    return judge_transcript(heard, expectation=expectation, policy=policy)


def judge_transcript(heard: Heard, *, expectation: Expectation, policy: AssessmentPolicy) -> CheckResult:
    """Hold what was heard against the expected line. Pure."""
    language, minimum = expectation.language, policy.minima[CheckName.TRANSCRIPT_MATCH]
    expected_words = split_words(expectation.text, language=language)
    heard_words = split_words(heard.text, language=language)
    comparison = compare_words(expected_words, heard_words, language=language)
    score, second_witness = _weigh_witnesses(comparison, heard.expected_probability, minimum=minimum, policy=policy)
    if not heard_words:
        findings = [Finding(code="no_speech", message=f"Nobody speaks where {len(expected_words)} words were due")]
    elif second_witness == "overrules":
        findings = [Finding(code="heard_differently", message="The words fit the sound, though spelled otherwise")]
    elif comparison.errors and sorted(expected_words) == sorted(heard_words):
        findings = [Finding(code="wrong_order", message="The right words were said in another order")]
    else:
        findings = _find_differences(comparison, times=_time_words(heard, heard_words, language=language))
    if second_witness == "doubts":
        findings.append(Finding(code="expected_unlikely", message="The expected words do not fit the sound"))
    evidence = {
        "expected": expectation.text,
        "heard": heard.text,
        "diff": [[row.op.value, row.expected, row.heard] for row in comparison.rows],
        "word_error_rate": round(comparison.word_error_rate, 4),
        "expected_probability": heard.expected_probability,
        "no_speech_probability": heard.no_speech_probability,
        "second_witness": second_witness,
        "words": [[word.text, word.start_seconds, word.end_seconds] for word in heard.words],
    }
    return conclude(score, minimum=minimum, findings=findings, evidence=evidence)


def _weigh_witnesses(
    comparison: Comparison, expected_probability: float | None, *, minimum: float, policy: AssessmentPolicy
) -> tuple[float, str]:
    """The score, and what the second witness did: ``agrees``, ``overrules``, ``doubts``, or empty when absent.

    Names and figures are often spelled otherwise than written, though said right: then the expected words still fit
    the sound. One changed key word in a short line hardly moves the error rate, but makes them fit badly.
    """
    match = comparison.match
    if expected_probability is None:
        return match, ""
    # Where nothing at all was heard, a repetitive line may fit any noise.
    if 0 < match < minimum and expected_probability >= policy.trust_expected_from:
        return max(match, comparison.match_without_extra), "overrules"
    if minimum <= match < 1 and expected_probability < policy.doubt_expected_below:
        return (match + expected_probability) / 2, "doubts"
    return match, "agrees"


def _find_differences(comparison: Comparison, *, times: list[HeardWord]) -> list[Finding]:
    """One finding per kind of difference, the words named, with its place where the listener gave times."""
    findings = []
    for op, code in _CODES.items():
        rows = [row for row in comparison.rows if row.op is op]
        if rows:
            placed = [word for row in rows for word in times[row.heard_start : row.heard_end]]
            findings.append(
                Finding(
                    code=code,
                    message="; ".join(_describe(row) for row in rows),
                    start_seconds=placed[0].start_seconds if placed else None,
                    end_seconds=placed[-1].end_seconds if placed else None,
                )
            )
    return findings


def _describe(row: DiffRow) -> str:
    if row.op is Op.MISSING:
        return f"Missing “{row.expected}”"
    if row.op is Op.EXTRA:
        return f"Added “{row.heard}”"
    return f"Said “{row.heard}” instead of “{row.expected}”"


def _time_words(heard: Heard, heard_words: list[str], *, language: str) -> list[HeardWord]:
    """The times of the normalised words; empty where normalising joined or split across words."""
    timed = [
        word.model_copy(update={"text": part})
        for word in heard.words
        for part in split_words(word.text, language=language)
    ]
    return timed if [word.text for word in timed] == heard_words else []
