"""Projects and films, to find and put in order."""

from __future__ import annotations

from orchestrator.views.base import Reads


class LibraryReads(Reads):
    """Projects and films, to find and put in order."""
