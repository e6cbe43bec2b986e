"""What a check left as evidence, read with care: any version of ours may have stored it. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from orchestrator.schema.assessment import CheckResult


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
