"""Free previews of a plan, before anything is paid."""

from __future__ import annotations

from orchestrator.commands.base import Commands


class AnimaticCommands(Commands):
    """Free previews of a plan, before anything is paid."""
