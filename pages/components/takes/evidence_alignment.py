"""The line and what was heard, aligned: read with care from the evidence of a check. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from orchestrator.schema.assessment import CheckResult
from pages.components.takes.evidence import number, rows, text

T = TypeVar("T")


class Word(NamedTuple):
    """A word that was heard, in seconds of the take."""

    text: str
    start_seconds: float
    end_seconds: float


class Stretch(NamedTuple):
    """A stretch of the aligned texts: ``op`` is ``equal``, ``missing``, ``wrong`` or ``extra``. ``expected`` is spelled
    as in the script where that can be told; ``words`` are those heard in it, empty where their times are not known."""

    op: str
    expected: str
    heard: str
    words: tuple[Word, ...] = ()


def words(check: CheckResult) -> tuple[Word, ...]:
    """The words that were heard, those with times."""
    found = [(text(row[0]).strip(), number(row[1]), number(row[2])) for row in rows(check, "words") if len(row) >= 3]
    return tuple(Word(said, start, end) for said, start, end in found if start is not None and end is not None)


def stretches(check: CheckResult) -> tuple[Stretch, ...]:
    """The aligned texts in order, each stretch with the words heard in it."""
    found = [[*row, None, None][:5] for row in rows(check, "diff") if len(row) >= 3]
    heard, script = words(check), text(check.evidence.get("expected")).split()
    heard_by_count = _split_by_count([text(said) for _, _, said, *_ in found], heard)
    script_by_count = _split_by_count([text(wanted) for _, wanted, *_ in found], script)
    triples = zip(found, heard_by_count, script_by_count, strict=True)
    return tuple(
        Stretch(
            text(op),
            " ".join(spelled) or text(wanted),
            text(said),
            _within(heard, start, end) or counted,
        )
        for (op, wanted, said, start, end), counted, spelled in triples
    )


def _within(heard: Iterable[Word], since: object, until: object) -> tuple[Word, ...]:
    start, end = number(since), number(until)
    if start is None or end is None:
        return ()
    return tuple(word for word in heard if start <= (word.start_seconds + word.end_seconds) / 2 <= end)


def _split_by_count(texts: Sequence[str], items: Sequence[T]) -> list[tuple[T, ...]]:
    """The items that belong to each text, one a word, by counting; none where the counts do not come out even."""
    counts = [len(said.split()) for said in texts]
    if sum(counts) != len(items):
        return [() for _ in texts]
    ends = [sum(counts[: index + 1]) for index in range(len(counts))]
    return [tuple(items[end - count : end]) for end, count in zip(ends, counts, strict=True)]
