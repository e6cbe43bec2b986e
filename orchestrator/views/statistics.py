"""How well it goes, from real rows."""

from __future__ import annotations

from orchestrator.views.base import Reads


class StatisticsReads(Reads):
    """How well it goes, from real rows."""
