"""The sample film."""

from __future__ import annotations

from orchestrator.commands.base import Commands


class SampleCommands(Commands):
    """The sample film."""
