"""What was changed, and what can be taken back."""

from __future__ import annotations

from orchestrator.views.base import Reads


class EditReads(Reads):
    """What was changed, and what can be taken back."""
