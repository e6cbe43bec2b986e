"""What to make of each difference between the expected and the heard words. Pure.

The listener writes down one reading of the sound; the second witness is how likely the *expected* words are for the
same sound, word by word. Where the texts part, the two readings stand against each other after the same words, so the
ratio of their likelihoods says what the sound itself prefers. A right word that was misheard stays within a factor of
twenty or so; a word that was never said is hundreds to millions of times less likely than the one that was.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

from orchestrator.assessor.languages import is_content, is_negation, is_number
from orchestrator.assessor.words import Comparison, DiffRow, Op, place_words
from orchestrator.perception.base import Heard
from orchestrator.schema.policy import AssessmentPolicy

_ALIKE_FROM = 0.6  # share of letters two spellings of one name have in common: Velmora, Belmore; Okafor, Akafur
_MAX_ENDING_LETTERS = 3
_MAX_LENGTH_RATIO = 2  # letters heard for each that was expected


class Fit(StrEnum):
    """FITS: the expected words were said, though written otherwise. WRONG: they certainly were not."""

    FITS = "fits"
    UNSURE = "unsure"
    WRONG = "wrong"


class Judged(NamedTuple):
    """A difference and what to make of it. ``wrong_words`` are its certainly wrong words with a meaning of their own;
    ``is_critical`` when figures, a negation or a name are wrong."""

    row: DiffRow
    fit: Fit
    is_critical: bool
    wrong_words: int


class Witness(NamedTuple):
    """All that stands for or against the words of one take. The likelihoods (natural logarithms) are by word of the
    expected and of the heard text, None where not measured."""

    expected: Sequence[str]
    heard: Sequence[str]
    expected_likelihood: Sequence[float | None]
    heard_likelihood: Sequence[float | None]
    names: Collection[str]
    is_trusted: bool
    language: str
    policy: AssessmentPolicy

    def judge(self, comparison: Comparison) -> list[Judged]:
        """Every difference, in order."""
        return [self._judge(row) for row in comparison.rows if row.op is not Op.EQUAL]

    def _judge(self, row: DiffRow) -> Judged:
        gaps = self._gaps(row)
        is_critical = self._changes_sense(row) or any(word in self.names for word in self._wanted(row))
        fit = self._fit(row, gaps, is_critical=is_critical)
        return Judged(
            row=row,
            fit=fit,
            is_critical=is_critical and fit is Fit.WRONG,
            wrong_words=self._count_wrong(row, gaps) if fit is Fit.WRONG else 0,
        )

    def _fit(self, row: DiffRow, gaps: Sequence[float], *, is_critical: bool) -> Fit:
        if self._is_other_spelling(row):
            return Fit.FITS
        if not gaps:
            return Fit.WRONG if is_critical else Fit.UNSURE
        if all(gap < limit for gap, limit in zip(gaps, self._limits(row, count=len(gaps)), strict=True)):
            return Fit.FITS if self.is_trusted and not _is_overlong(row) else Fit.UNSURE
        if is_critical:
            return Fit.WRONG
        return Fit.WRONG if max(gaps) >= self.policy.wrong_from_nats and not _is_inflected(row) else Fit.UNSURE

    def _is_other_spelling(self, row: DiffRow) -> bool:
        """Whether a name, and nothing else, was written in another way that reads alike."""
        words = self._wanted(row)
        is_name = bool(words) and all(word in self.names for word in words)
        return is_name and not self._changes_sense(row) and _similarity(row.expected, row.heard) >= _ALIKE_FROM

    def _limits(self, row: DiffRow, *, count: int) -> list[float]:
        """How much likelier what was heard may be, word by word; names are the hardest to hear."""
        words = self._wanted(row)
        if len(words) != count:
            return [self.policy.fits_within_nats] * count
        return [self.policy.wrong_from_nats if w in self.names else self.policy.fits_within_nats for w in words]

    def _gaps(self, row: DiffRow) -> list[float]:
        """For each expected word of a difference, by how many nats what was heard there is likelier. Where a word was
        added, the expected ones on both sides of it tell: after the one before, the next should have come."""
        said = self.heard_likelihood[row.heard_start] if row.heard_start < len(self.heard_likelihood) else None
        if row.op is not Op.EXTRA:
            wanted = self.expected_likelihood[row.expected_start : row.expected_end]
        elif row.expected_end < len(self.expected_likelihood):
            wanted = self.expected_likelihood[max(0, row.expected_start - 1) : row.expected_end + 1]
        else:  # at the end of the line nothing else could have come
            return [self.policy.wrong_from_nats] if said is not None and said > -1 else []
        if any(word is None for word in wanted) or (said is None and row.heard):
            return []
        return [(said or 0.0) - word for word in wanted if word is not None]

    def _count_wrong(self, row: DiffRow, gaps: Sequence[float]) -> int:
        if row.op is Op.EXTRA:
            added = self.heard[row.heard_start : row.heard_end]
            return sum(is_content(word, language=self.language) for word in added)
        words = self._wanted(row)
        if len(gaps) < len(words):
            return sum(is_content(word, language=self.language) for word in words)
        return sum(
            is_content(word, language=self.language)
            for word, gap in zip(words, gaps, strict=True)
            if gap >= self.policy.wrong_from_nats
        )

    def _changes_sense(self, row: DiffRow) -> bool:
        """Whether the two sides differ in figures or in negations."""
        wanted, said = self._wanted(row), self.heard[row.heard_start : row.heard_end]
        figures = [sorted(filter(is_number, words)) for words in (wanted, said)]
        # outside English, figures may be heard where words are written
        is_figure_wrong = figures[0] != figures[1] and (self.language == "en" or all(figures))
        negations = [sum(is_negation(w, language=self.language) for w in words) for words in (wanted, said)]
        return is_figure_wrong or negations[0] != negations[1]

    def _wanted(self, row: DiffRow) -> Sequence[str]:
        return self.expected[row.expected_start : row.expected_end]


def spread_likelihoods(
    heard: Heard, *, expected: Sequence[str], said: Sequence[str], language: str
) -> tuple[list[float | None], list[float | None]]:
    """The likelihoods of the normalised words of both texts, from those of the words as written."""
    written = [word.text for word in heard.expected_words]
    wanted_places = place_words(written, expected, language=language)
    wanted = [
        min((word.log_likelihood for word in heard.expected_words[start:end]), default=None)
        for start, end in wanted_places
    ]
    said_places = place_words([word.text for word in heard.words], said, language=language)
    likely = [heard.words[start].log_likelihood if start < end else None for start, end in said_places]
    return list(wanted), likely


def _similarity(one: str, other: str) -> float:
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.normalized_similarity(one.replace(" ", ""), other.replace(" ", ""))


def _is_overlong(row: DiffRow) -> bool:
    """Whether much more was heard than the expected words could sound like: what was added to them is not excused."""
    return len(row.heard) > _MAX_LENGTH_RATIO * len(row.expected) + _MAX_LENGTH_RATIO


def _is_inflected(row: DiffRow) -> bool:
    """Whether two single words differ in their ending only: carried, carries."""
    one, other = row.expected, row.heard
    if not one or not other or " " in one or " " in other:
        return False
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    ending = max(len(one), len(other)) - shared
    return shared >= 3 and ending <= min(shared, _MAX_ENDING_LETTERS)
