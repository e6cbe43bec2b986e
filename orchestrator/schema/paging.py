"""Pages of a list, each named by the row it goes on from: rows that come or go before it move nothing."""

from __future__ import annotations

from orchestrator.schema.value import Value


class Paged(Value):
    """Part of a list. ``next`` and ``previous`` are given back as ``after`` for what lies behind and before it; each is
    empty where nothing does. A page that ``previous`` led to may be shorter than was asked for."""

    next: str = ""
    previous: str = ""
