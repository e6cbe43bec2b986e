"""Projects put away, taken back, copied, and films rated."""

from __future__ import annotations

from orchestrator.commands.base import Commands


class ProjectCommands(Commands):
    """Projects put away, taken back, copied, and films rated."""
