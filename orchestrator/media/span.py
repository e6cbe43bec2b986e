"""Stretches of a take."""

from __future__ import annotations

from orchestrator.schema.value import Value


class Span(Value):
    """A stretch of a take, in seconds from its start."""

    start_seconds: float
    end_seconds: float


class Stretch(Span):
    """A stretch over which something was measured; what ``level`` means is said where it is made."""

    level: float
