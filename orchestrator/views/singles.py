"""Single clips, their variations and what people preferred."""

from __future__ import annotations

from orchestrator.views.base import Reads


class SingleReads(Reads):
    """Single clips, their variations and what people preferred."""
