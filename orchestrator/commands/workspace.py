"""What this installation is set to."""

from __future__ import annotations

from orchestrator.commands.base import Commands


class WorkspaceCommands(Commands):
    """What this installation is set to."""
