"""What this installation is set to."""

from __future__ import annotations

from orchestrator.views.base import Reads


class WorkspaceReads(Reads):
    """What this installation is set to."""
