"""How a line was spoken, whatever its words: where there is a voice, in which language, how fast, cut at which edge.
Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.assessor.languages import UNSPACED, are_alike, name_language
from orchestrator.perception.base import Heard
from orchestrator.schema.assessment import Finding
from orchestrator.schema.policy import AssessmentPolicy

_MIN_FOREIGN_SECONDS = 1.0  # in less sound than this no language can be told
_MIN_PACE_SECONDS, _MIN_PACE_WORDS = 1.0, 4
_NEARBY_SECONDS = 0.3  # the times of words are about this sure


def voiced_seconds(heard: Heard) -> float:
    """For how long somebody speaks; 0 where it was not measured."""
    return sum(end - start for start, end in heard.speech or ())


def is_foreign(heard: Heard, *, language: str, policy: AssessmentPolicy) -> bool:
    """Whether the sound is clearly speech in another language than the expected one. An accent or a short call easily
    passes for another language: only a sure listener counts, and never where the expected words fit the sound."""
    return (
        bool(heard.spoken_language)
        and not are_alike(heard.spoken_language, language)
        and (heard.language_probability or 0.0) >= policy.foreign_from
        and voiced_seconds(heard) >= _MIN_FOREIGN_SECONDS
        and (heard.expected_probability or 0.0) < policy.trust_expected_from
    )


def find_foreign(heard: Heard, *, language: str) -> Finding:
    """The finding of a take spoken in another language."""
    wanted, spoken = name_language(language), name_language(heard.spoken_language)
    return _place(
        "wrong_language",
        f"This sounds like {spoken} ({heard.language_probability or 0:.0%}) where {wanted} was due",
        heard,
    )


def find_no_words(heard: Heard, *, words: int) -> Finding:
    """The finding of a take with sound, but without words, where ``words`` words were due."""
    due = f"where {words} words were due"
    if heard.speech:
        return _place("no_speech", f"There is a voice {due}, but no word can be made out", heard)
    reason = ": there is music or noise only" if heard.speech is not None else ""
    return Finding(code="no_speech", message=f"Nobody speaks {due}{reason}")


def words_per_minute(heard: Heard, *, words: int, language: str) -> float | None:
    """The pace while somebody speaks; None for languages without spaces and for too little speech to tell."""
    seconds = voiced_seconds(heard)
    if language in UNSPACED or words < _MIN_PACE_WORDS or seconds < _MIN_PACE_SECONDS:
        return None
    return round(words * 60 / seconds, 1)


def find_pace(heard: Heard, pace: float | None, *, policy: AssessmentPolicy) -> list[Finding]:
    """The finding of speech that runs or drags."""
    if pace is None or policy.slow_words_per_minute <= pace <= policy.fast_words_per_minute:
        return []
    is_fast = pace > policy.fast_words_per_minute
    code, manner = ("too_fast", "fast") if is_fast else ("too_slow", "slow")
    return [_place(code, f"The speech is very {manner}: {pace:.0f} words a minute", heard)]


def find_cuts(heard: Heard, *, is_start_lost: bool, is_end_lost: bool) -> list[Finding]:
    """The findings of speech cut by an edge of the clip; lost are words of the line that should stand there."""
    if not heard.speech:
        return []
    findings = []
    if heard.is_cut_at_start:
        lost = " and its first words are lost" if is_start_lost else ""
        start, end = heard.speech[0]
        message = f"The clip begins in the middle of the speech{lost}"
        findings.append(Finding(code="cut_start", message=message, start_seconds=start, end_seconds=min(end, 0.5)))
    if heard.is_cut_at_end:
        lost = " and what was due there is lost" if is_end_lost else ""
        start, end = heard.speech[-1]
        message = f"The speech runs into the end of the clip{lost}"
        place = round(max(start, end - 0.5), 2)
        findings.append(Finding(code="cut_end", message=message, start_seconds=place, end_seconds=end))
    return findings


def is_voiced(start_seconds: float, end_seconds: float, speech: Sequence[tuple[float, float]]) -> bool:
    """Whether there is a voice within the stretch or close to it."""
    return any(start_seconds < end + _NEARBY_SECONDS and end_seconds > start - _NEARBY_SECONDS for start, end in speech)


def _place(code: str, message: str, heard: Heard) -> Finding:
    speech = heard.speech or ()
    return Finding(
        code=code,
        message=message,
        start_seconds=speech[0][0] if speech else None,
        end_seconds=speech[-1][1] if speech else None,
    )
