"""Two texts compared word by word, in order. Pure.

Word error rate as usual: (substitutions + deletions + insertions) / expected words, over both texts normalised alike,
so that "thirty" equals "30" and "mountain side" equals "mountainside". Languages written without spaces are compared
character by character.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from orchestrator.assessor.languages import UNSPACED
from orchestrator.schema.value import Value

_NOTES = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>")
_POINTED = ("HEBREW", "ARABIC")  # scripts whose vowel points may be left out


class Op(StrEnum):
    EQUAL = "equal"
    MISSING = "missing"
    WRONG = "wrong"
    EXTRA = "extra"


class DiffRow(Value):
    """A stretch of the aligned texts. The starts and ends index the words of either text (end exclusive). ``errors`` is
    how many words are wrong, missing or added in it."""

    op: Op
    expected: str
    heard: str
    expected_start: int
    expected_end: int
    heard_start: int
    heard_end: int
    errors: int = 0


class Comparison(Value):
    """The aligned texts and their error counts, in words."""

    expected_words: int
    rows: tuple[DiffRow, ...]
    errors: int

    @property
    def word_error_rate(self) -> float:
        """Errors per expected word; above 1 when more was added than was expected."""
        return self.errors / max(1, self.expected_words)

    @property
    def match(self) -> float:
        """``1 - word_error_rate``, never below 0."""
        return max(0.0, 1.0 - self.word_error_rate)


def split_words(text: str, *, language: str) -> list[str]:
    """The normalised words of ``text``; its characters where the language writes no spaces."""
    plain = text.replace("’", "'")  # contractions are only known with a straight one
    normalised = _keep_marks(plain) if _has_marks(plain) else _normaliser(language)(plain)
    if language in UNSPACED:
        return [character for character in normalised if not character.isspace()]
    # a lone "1" comes back as "one", unlike all other numbers
    words = ("1" if word == "one" and language == "en" else word for word in normalised.split())
    return [word for word in words if any(map(str.isalnum, word))]


def compare_words(expected: Sequence[str], heard: Sequence[str], *, language: str) -> Comparison:
    """Align two lists of normalised words at the least number of errors."""
    joint = "" if language in UNSPACED else " "
    rows = []
    for run in _align(expected, heard):
        wanted, said = expected[run.expected_start : run.expected_end], heard[run.heard_start : run.heard_end]
        op = _name(wanted, said, is_equal=run.is_equal)
        rows.append(
            DiffRow(
                op=op,
                expected=joint.join(wanted),
                heard=joint.join(said),
                expected_start=run.expected_start,
                expected_end=run.expected_end,
                heard_start=run.heard_start,
                heard_end=run.heard_end,
                errors=0 if op is Op.EQUAL else run.errors,
            )
        )
    return Comparison(expected_words=len(expected), rows=tuple(rows), errors=sum(row.errors for row in rows))


def place_words(written: Sequence[str], normalised: Sequence[str], *, language: str) -> list[tuple[int, int]]:
    """For each of the ``normalised`` words of a text, from where to where (end exclusive) it stands in the same text as
    ``written``; the range is empty only where nothing is written. Normalising joins words ("thirty two" to 32) and
    splits them ("won't"); words that were joined or split share a range."""
    parts = [(part, index) for index, word in enumerate(written) for part in split_words(word, language=language)]
    places: list[tuple[int, int]] = []
    for run in _align([part for part, _ in parts], normalised):
        origins = [index for _, index in parts[run.expected_start : run.expected_end]]
        for offset in range(run.heard_end - run.heard_start):
            if run.is_equal:
                places.append((origins[offset], origins[offset] + 1))
            elif origins:
                places.append((origins[0], origins[-1] + 1))
            else:
                before = parts[run.expected_start - 1][1] if run.expected_start else 0
                places.append((before, min(before + 1, len(written))))
    return places


class _Run(NamedTuple):
    """Neighbouring edits taken together, or a stretch without any."""

    is_equal: bool
    expected_start: int
    expected_end: int
    heard_start: int
    heard_end: int
    errors: int


def _align(expected: Sequence[str], heard: Sequence[str]) -> list[_Run]:
    from rapidfuzz.distance import Levenshtein

    runs: list[_Run] = []
    for edit in Levenshtein.opcodes(expected, heard):
        is_equal = edit.tag == "equal"
        errors = 0 if is_equal else max(edit.src_end - edit.src_start, edit.dest_end - edit.dest_start)
        run = _Run(is_equal, edit.src_start, edit.src_end, edit.dest_start, edit.dest_end, errors)
        if runs and not is_equal and not runs[-1].is_equal:
            last = runs.pop()
            run = _Run(
                False,
                last.expected_start,
                run.expected_end,
                last.heard_start,
                run.heard_end,
                last.errors + run.errors,
            )
        runs.append(run)
    return runs


def _name(wanted: Sequence[str], said: Sequence[str], *, is_equal: bool) -> Op:
    if is_equal or "".join(wanted) == "".join(said):
        return Op.EQUAL
    if not said:
        return Op.MISSING
    return Op.WRONG if wanted else Op.EXTRA


def _has_marks(text: str) -> bool:
    """Whether the script writes part of its sounds as marks on other letters, which the usual normaliser cuts away."""
    return any(unicodedata.category(letter)[0] == "M" for letter in unicodedata.normalize("NFKC", text))


def _keep_marks(text: str) -> str:
    letters = unicodedata.normalize("NFKC", _NOTES.sub(" ", text)).casefold()
    kept = ("" if _is_point(c) else " " if unicodedata.category(c)[0] in "SPC" else c for c in letters)
    return " ".join("".join(kept).split())


def _is_point(letter: str) -> bool:
    return unicodedata.category(letter) == "Mn" and unicodedata.name(letter, "").startswith(_POINTED)


@cache
def _normaliser(language: str) -> Callable[[str], str]:
    with warnings.catch_warnings():  # its docstrings hold escapes that newer Pythons warn about when compiling
        warnings.simplefilter("ignore")
        from whisper_normalizer.basic import BasicTextNormalizer
        from whisper_normalizer.english import EnglishTextNormalizer
    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
