"""Was the line said? Two witnesses: what the listener wrote down, and how well the expected words fit the sound."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from orchestrator.assessor.expectation import Expectation, conclude, find_silence, not_applicable, not_run
from orchestrator.assessor.languages import base_language, is_content
from orchestrator.assessor.speech import (
    find_cuts,
    find_foreign,
    find_no_words,
    find_pace,
    is_foreign,
    is_voiced,
    words_per_minute,
)
from orchestrator.assessor.witness import Fit, Judged, Witness, spread_likelihoods
from orchestrator.assessor.words import Comparison, DiffRow, Op, compare_words, place_words, split_words
from orchestrator.errors import PerceptionFailed
from orchestrator.perception.base import SAMPLE_RATE_HZ, Heard, HeardWord, Listener
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SILENT_BELOW = 0.003  # peak amplitude, about -50 dB: a listener fed with less makes words up
_MIN_SECONDS = 0.1  # no word is shorter
_CODES = {Op.MISSING: "missing_words", Op.WRONG: "wrong_words", Op.EXTRA: "extra_words"}
_NOTES = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>")
_SAME_WORDS_FROM = 0.8
_MAX_NAMED, _MAX_NAMED_LETTERS = 4, 80

Stretch: TypeAlias = tuple[float, float]


def is_line_due(expectation: Expectation) -> bool:
    """Whether words should be heard in the take."""
    language = base_language(expectation.language)
    return expectation.has_voice and bool(split_words(expectation.text, language=language))


async def check_transcript(
    samples: NDArray[np.float32], *, expectation: Expectation, listener: Listener, policy: AssessmentPolicy
) -> CheckResult:
    """Listen to ``samples`` (mono, 16 kHz) and hold them against the expected line."""
    language = base_language(expectation.language)
    words = split_words(expectation.text, language=language)
    if not words:
        return not_applicable("nothing is meant to be said in this clip")
    if not expectation.has_voice:
        return not_applicable("this provider makes clips without sound; the line is narrated")
    if len(samples) < _MIN_SECONDS * SAMPLE_RATE_HZ or float(abs(samples).max()) < _SILENT_BELOW:
        evidence = {"expected": expectation.text, "heard": ""}
        minimum = policy.minima[CheckName.TRANSCRIPT_MATCH]
        return conclude(0.0, minimum=minimum, findings=[find_silence(len(words))], evidence=evidence)
    if listener.missing:
        return not_run(listener.missing)
    try:
        heard = await listener.transcribe(samples, language=language, expected=as_spoken(expectation.text))
    except PerceptionFailed as failure:
        return not_run(failure.message)
    return judge_transcript(heard, expectation=expectation, policy=policy)


def as_spoken(text: str) -> str:
    """A line the way a listener would write it: without notes in brackets, and not in capitals."""
    plain = " ".join(_NOTES.sub(" ", text).split())
    return plain.capitalize() if plain.isupper() and " " in plain else plain


def judge_transcript(heard: Heard, *, expectation: Expectation, policy: AssessmentPolicy) -> CheckResult:
    """Hold what was heard against the expected line. Pure."""
    language, minimum = base_language(expectation.language), policy.minima[CheckName.TRANSCRIPT_MATCH]
    expected = split_words(expectation.text, language=language)
    said, times = _trust_voices(heard, expected=expected, language=language)
    comparison = compare_words(expected, said, language=language)
    judged = _hear_witness(heard, comparison, expected, said, expectation=expectation, policy=policy).judge(comparison)
    pace = words_per_minute(heard, words=len(said), language=language)
    score = _score(comparison, judged, policy=policy)
    doubts = heard.expected_probability is not None and heard.expected_probability < policy.doubt_expected_below
    is_start_lost, is_end_lost = _lost_edges(comparison, judged)
    cuts = find_cuts(heard, is_start_lost=is_start_lost, is_end_lost=is_end_lost)
    is_spoilt = any(j.is_critical for j in judged) or (doubts and bool(said))
    if not said:
        score, findings = 0.0, [find_no_words(heard, words=len(expected))]
    elif is_foreign(heard, language=language, policy=policy):
        is_spoilt, findings = True, [find_foreign(heard, language=language)]
    elif score < minimum and comparison.match < minimum and _has_same_words(expected, said):
        findings = [Finding(code="wrong_order", message="The right words were said in another order")]
    else:
        findings = _find_differences(judged, times=times)
    if doubts and score >= minimum:
        findings.append(Finding(code="expected_unlikely", message="The expected words do not fit the sound"))
    if said:
        findings += [*cuts, *find_pace(heard, pace, policy=policy)]
        score -= policy.cut_edge_penalty * len(cuts)
        is_lost = (heard.is_cut_at_start and is_start_lost) or (heard.is_cut_at_end and is_end_lost)
        is_spoilt = is_spoilt or (bool(cuts) and is_lost) or (pace or 0.0) > policy.max_words_per_minute
    score = min(score, policy.spoilt_line_score) if is_spoilt else score
    evidence = {
        "expected": expectation.text,
        "heard": heard.text,
        "diff": [_tell_row(row, judged, times=times) for row in comparison.rows],
        "word_error_rate": round(comparison.word_error_rate, 4),
        "expected_probability": heard.expected_probability,
        "no_speech_probability": heard.no_speech_probability,
        "second_witness": _sum_up(heard, comparison, judged, score=score, minimum=minimum, doubts=doubts),
        "words": [[word.text, word.start_seconds, word.end_seconds] for word in heard.words],
        "language": heard.spoken_language or heard.language,
        "language_probability": heard.language_probability,
        "words_per_minute": pace,
        "speech": [list(stretch) for stretch in heard.speech or ()],
    }
    return conclude(score, minimum=minimum, findings=findings, evidence=evidence)


def _trust_voices(heard: Heard, *, expected: Sequence[str], language: str) -> tuple[list[str], list[Stretch]]:
    """The heard words, normalised, and their times where there are any. Words are not words where there is no voice:
    none at all in music or noise, and none that were added where nobody speaks."""
    words = split_words(heard.text, language=language)
    if heard.speech is not None and not heard.speech:
        return [], []
    times = _time_words(heard.words, words, language=language)
    if not times or not heard.speech:
        return words, times
    made_up = {
        index
        for row in compare_words(expected, words, language=language).rows
        if row.op is Op.EXTRA
        for index in range(row.heard_start, row.heard_end)
        if not is_voiced(*times[index], heard.speech)
    }
    kept = [index for index in range(len(words)) if index not in made_up]
    return [words[index] for index in kept], [times[index] for index in kept]


def _hear_witness(
    heard: Heard,
    comparison: Comparison,
    expected: Sequence[str],
    said: Sequence[str],
    *,
    expectation: Expectation,
    policy: AssessmentPolicy,
) -> Witness:
    language = base_language(expectation.language)
    parts = (part for name in expectation.vocabulary for part in split_words(name, language=language))
    names = {part for part in parts if is_content(part, language=language)}
    if comparison.errors:
        wanted, likely = spread_likelihoods(heard, expected=expected, said=said, language=language)
    else:
        wanted, likely = [], []
    return Witness(
        expected=expected,
        heard=said,
        expected_likelihood=wanted,
        heard_likelihood=likely,
        names=names,
        is_trusted=(heard.expected_probability or 0.0) >= policy.trust_expected_from,
        language=language,
        policy=policy,
    )


def _score(comparison: Comparison, judged: Sequence[Judged], *, policy: AssessmentPolicy) -> float:
    """``1 - word error rate``, without what fits the sound after all; a certainly wrong word counts for several, but
    alone takes no more than half."""
    count = max(1, comparison.expected_words)
    errors = sum(j.row.errors for j in judged if j.fit is not Fit.FITS)
    match = max(0.0, 1.0 - errors / count)
    wrong = sum(j.wrong_words for j in judged)
    return min(match, max(1.0 - policy.wrong_word_cost_words * wrong / count, match / 2)) if wrong else match


def _lost_edges(comparison: Comparison, judged: Sequence[Judged]) -> tuple[bool, bool]:
    """Whether the line is not as it should be at its first and at its last word."""
    rows = [j.row for j in judged if j.fit is not Fit.FITS]
    is_start_lost = any(row.expected_start == 0 and row.expected for row in rows)
    return is_start_lost, any(row.expected_end == comparison.expected_words for row in rows)


def _sum_up(
    heard: Heard, comparison: Comparison, judged: Sequence[Judged], *, score: float, minimum: float, doubts: bool
) -> str:
    """What the second witness did: ``agrees``, ``overrules`` or ``doubts`` the first; empty when absent."""
    if heard.expected_probability is None:
        return ""
    if comparison.match < minimum <= score:
        return "overrules"
    return "doubts" if doubts or any(j.fit is Fit.WRONG for j in judged) else "agrees"


def _has_same_words(expected: Sequence[str], said: Sequence[str]) -> bool:
    shared = (Counter(expected) & Counter(said)).total()
    return shared >= _SAME_WORDS_FROM * max(len(expected), len(said))


# --- findings and their places ---


def _tell_row(row: DiffRow, judged: Sequence[Judged], *, times: Sequence[Stretch]) -> list[object]:
    """A row of the evidence: what, expected, heard, start and end in seconds. Words that were only written otherwise
    are equal."""
    is_said = row.op is Op.WRONG and any(j.row is row and j.fit is Fit.FITS for j in judged)
    return [(Op.EQUAL if is_said else row.op).value, row.expected, row.heard, *_place(row, times)]


def _find_differences(judged: Sequence[Judged], *, times: Sequence[Stretch]) -> list[Finding]:
    """One finding per kind of difference, the words named, with its place where the listener gave times. What fits the
    sound after all is told too, but held against nobody."""
    findings = []
    for op, code in _CODES.items():
        rows = [j.row for j in judged if j.row.op is op and j.fit is not Fit.FITS]
        if rows:
            findings.append(_find(code, rows, times=times))
    if fitting := [j.row for j in judged if j.fit is Fit.FITS and j.row.op is not Op.EXTRA]:
        found = _find("heard_differently", fitting, times=times)
        message = f"The words fit the sound, though written otherwise: {found.message}"
        findings.append(found.model_copy(update={"message": message}))
    return findings


def _find(code: str, rows: Sequence[DiffRow], *, times: Sequence[Stretch]) -> Finding:
    places = [_place(row, times) for row in rows]
    starts = [start for start, _ in places if start is not None]
    ends = [end for _, end in places if end is not None]
    tell = _tell_reading if code == "heard_differently" else _describe
    more = f"; and {len(rows) - _MAX_NAMED} more" if len(rows) > _MAX_NAMED else ""
    return Finding(
        code=code,
        message="; ".join(tell(row) for row in rows[:_MAX_NAMED]) + more,
        start_seconds=min(starts, default=None),
        end_seconds=max(ends, default=None),
    )


def _describe(row: DiffRow) -> str:
    if row.op is Op.MISSING:
        return f"Missing “{_clip(row.expected)}”"
    if row.op is Op.EXTRA:
        return f"Added “{_clip(row.heard)}”"
    return f"Said “{_clip(row.heard)}” instead of “{_clip(row.expected)}”"


def _tell_reading(row: DiffRow) -> str:
    return (
        f"“{_clip(row.expected)}” as “{_clip(row.heard)}”" if row.heard else f"“{_clip(row.expected)}” not heard apart"
    )


def _clip(text: str) -> str:
    return text if len(text) <= _MAX_NAMED_LETTERS else f"{text[:_MAX_NAMED_LETTERS].rsplit(' ', 1)[0]} …"


def _time_words(written: Sequence[HeardWord], words: Sequence[str], *, language: str) -> list[Stretch]:
    """The times of the normalised ``words``; those that normalising joined or split share theirs evenly. Empty where
    the listener gave none."""
    if not written:
        return []
    places = place_words([word.text for word in written], words, language=language)
    times: list[Stretch] = []
    for index, (start, end) in enumerate(places):
        first = next(i for i, place in enumerate(places) if place == (start, end))
        share = sum(place == (start, end) for place in places)
        begins, ends = written[start].start_seconds, written[max(start, end - 1)].end_seconds
        step = (ends - begins) / share
        times.append((round(begins + step * (index - first), 2), round(begins + step * (index - first + 1), 2)))
    return times


def _place(row: DiffRow, times: Sequence[Stretch]) -> tuple[float | None, float | None]:
    """Where in the take a difference is: for missing words, the gap in which they should have come."""
    if not times:
        return None, None
    if row.heard:
        return times[row.heard_start][0], times[row.heard_end - 1][1]
    before = times[row.heard_start - 1][1] if row.heard_start else times[0][0]
    after = times[row.heard_start][0] if row.heard_start < len(times) else before
    return before, max(before, after)
