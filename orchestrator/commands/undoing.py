"""Changes people made, taken back and done again."""

from __future__ import annotations

from orchestrator.commands.base import Commands


class UndoCommands(Commands):
    """Changes people made, taken back and done again."""
