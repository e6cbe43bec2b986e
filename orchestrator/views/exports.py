"""The hand-off to an editor."""

from __future__ import annotations

from orchestrator.views.base import Reads


class ExportReads(Reads):
    """The hand-off to an editor."""
