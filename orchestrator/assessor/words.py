"""Two texts compared word by word, in order. Pure.

Word error rate as usual: (substitutions + deletions + insertions) / expected words, over both texts normalised alike,
so that "thirty" equals "30" and "mountain side" equals "mountainside". Languages written without spaces are compared
character by character.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from orchestrator.schema.value import Value

_UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})


class Op(StrEnum):
    EQUAL = "equal"
    MISSING = "missing"
    WRONG = "wrong"
    EXTRA = "extra"


class DiffRow(Value):
    """A stretch of the aligned texts. ``heard_start`` and ``heard_end`` index the heard words (end exclusive)."""

    op: Op
    expected: str
    heard: str
    heard_start: int
    heard_end: int


class Comparison(Value):
    """The aligned texts and their error counts, in words."""

    expected_words: int
    rows: tuple[DiffRow, ...]
    errors: int
    extra: int

    @property
    def word_error_rate(self) -> float:
        """Errors per expected word; above 1 when more was added than was expected."""
        return self.errors / max(1, self.expected_words)

    @property
    def match(self) -> float:
        """``1 - word_error_rate``, never below 0."""
        return max(0.0, 1.0 - self.word_error_rate)

    @property
    def match_without_extra(self) -> float:
        """How well it matches if every expected word was in fact said."""
        return max(0.0, 1.0 - self.extra / max(1, self.expected_words))


def split_words(text: str, *, language: str) -> list[str]:
    """The normalised words of ``text``; its characters where the language writes no spaces."""
    normalised = _normaliser(language)(text.replace("’", "'"))  # contractions are only known with a straight one
    if language in _UNSPACED:
        return [character for character in normalised if not character.isspace()]
    # a lone "1" comes back as "one", unlike all other numbers
    words = ("1" if word == "one" and language == "en" else word for word in normalised.split())
    return [word for word in words if any(map(str.isalnum, word))]


def compare_words(expected: Sequence[str], heard: Sequence[str], *, language: str) -> Comparison:
    """Align two lists of normalised words at the least number of errors."""
    joint = "" if language in _UNSPACED else " "
    rows, errors, extra = [], 0, 0
    for run in _align(expected, heard):
        wanted, said = expected[run.expected_start : run.expected_end], heard[run.heard_start : run.heard_end]
        op = _name(wanted, said, is_equal=run.is_equal)
        if op is not Op.EQUAL:
            errors += run.errors
            extra += run.extra
        rows.append(
            DiffRow(
                op=op,
                expected=joint.join(wanted),
                heard=joint.join(said),
                heard_start=run.heard_start,
                heard_end=run.heard_end,
            )
        )
    return Comparison(expected_words=len(expected), rows=tuple(rows), errors=errors, extra=extra)


class _Run(NamedTuple):
    """Neighbouring edits taken together, or a stretch without any."""

    is_equal: bool
    expected_start: int
    expected_end: int
    heard_start: int
    heard_end: int
    errors: int
    extra: int


def _align(expected: Sequence[str], heard: Sequence[str]) -> list[_Run]:
    from rapidfuzz.distance import Levenshtein

    runs: list[_Run] = []
    for edit in Levenshtein.opcodes(expected, heard):
        is_equal = edit.tag == "equal"
        errors = 0 if is_equal else max(edit.src_end - edit.src_start, edit.dest_end - edit.dest_start)
        extra = errors if edit.tag == "insert" else 0
        run = _Run(is_equal, edit.src_start, edit.src_end, edit.dest_start, edit.dest_end, errors, extra)
        if runs and not is_equal and not runs[-1].is_equal:
            last = runs.pop()
            run = _Run(
                False,
                last.expected_start,
                run.expected_end,
                last.heard_start,
                run.heard_end,
                last.errors + run.errors,
                last.extra + run.extra,
            )
        runs.append(run)
    return runs


def _name(wanted: Sequence[str], said: Sequence[str], *, is_equal: bool) -> Op:
    if is_equal or "".join(wanted) == "".join(said):
        return Op.EQUAL
    if not said:
        return Op.MISSING
    return Op.WRONG if wanted else Op.EXTRA


@cache
def _normaliser(language: str) -> Callable[[str], str]:
    with warnings.catch_warnings():  # its docstrings hold escapes that newer Pythons warn about when compiling
        warnings.simplefilter("ignore")
        from whisper_normalizer.basic import BasicTextNormalizer
        from whisper_normalizer.english import EnglishTextNormalizer
    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()
