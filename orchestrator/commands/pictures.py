"""Pictures that people give: references and the looks of characters."""

from __future__ import annotations

from orchestrator.commands.base import Commands


class PictureCommands(Commands):
    """Pictures that people give: references and the looks of characters."""
