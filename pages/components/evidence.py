"""What a check left as evidence, read with care: any version of ours may have stored it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from orchestrator.schema.assessment import CheckResult

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


class Joint(NamedTuple):
    """The edge of an accepted take beside this take's own edge. ``measured`` holds what could be measured, by name."""

    is_before: bool
    run_id: str
    their_seconds: float
    seconds: float
    measured: dict[str, float]


class Reply(NamedTuple):
    """The answer to a question about the picture; ``at_seconds`` of the still it rests on, where it names one."""

    question: str
    answer: str
    evidence: str
    at_seconds: float | None


def number(value: object) -> float | None:
    """``value`` as a finite number; None for anything else."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # pyright: ignore[reportArgumentType]


def text(value: object) -> str:
    """``value`` if it is a text."""
    return value if isinstance(value, str) else ""


def figure(check: CheckResult, name: str) -> float | None:
    """The number of that name in the evidence."""
    return number(check.evidence.get(name))


def numbers(check: CheckResult, name: str) -> list[float]:
    """The numbers of that list in the evidence."""
    return [n for value in _items(check, name) if (n := number(value)) is not None]


def texts(check: CheckResult, name: str) -> list[str]:
    """The texts of that list in the evidence."""
    return [said for value in _items(check, name) if (said := text(value))]


def rows(check: CheckResult, name: str) -> list[list[Any]]:
    """The rows of that name in the evidence, whatever their width."""
    return [list(row) for row in _items(check, name) if isinstance(row, list | tuple)]


def spans(check: CheckResult, name: str) -> list[tuple[float, float]]:
    """Stretches of time, as [start, end] seconds."""
    pairs = [(number(row[0]), number(row[1])) for row in rows(check, name) if len(row) >= 2]
    return [(start, end) for start, end in pairs if start is not None and end is not None and end >= start >= 0]


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
        Stretch(text(op), " ".join(spelled) or text(wanted), text(said), _within(heard, start, end) or counted)
        for (op, wanted, said, start, end), counted, spelled in triples
    )


def joints(check: CheckResult) -> tuple[Joint, ...]:
    """Every edge this take was compared at."""
    items = [item for item in _items(check, "joints") if isinstance(item, dict)]
    return tuple(
        Joint(
            is_before=item.get("side") != "after",
            run_id=text(item.get("run_id")),
            their_seconds=max(0.0, number(item.get("their_seconds")) or 0.0),
            seconds=max(0.0, number(item.get("seconds")) or 0.0),
            measured={str(name): known for name, value in item.items() if (known := number(value)) is not None},
        )
        for item in items
    )


def replies(check: CheckResult) -> tuple[Reply, ...]:
    """Every question about the picture with its answer."""
    seconds = numbers(check, "stills")
    found = [[*row, None][:4] for row in rows(check, "answers") if len(row) >= 3]
    return tuple(Reply(text(q), text(a), text(why), _pick(seconds, index)) for q, a, why, index in found)


def _items(check: CheckResult, name: str) -> Sequence[Any]:
    found = check.evidence.get(name)
    return found if isinstance(found, list | tuple) else ()


def _pick(seconds: Sequence[float], index: object) -> float | None:
    is_index = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(seconds)
    return seconds[index] if is_index else None  # pyright: ignore[reportArgumentType, reportCallIssue]


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
