"""Reads shaped for screens, status routes and the command line, by what they are about. Nothing here writes."""

from __future__ import annotations

from orchestrator.views.base import AssetFile
from orchestrator.views.core import CoreViews
from orchestrator.views.edits import EditReads
from orchestrator.views.exports import ExportReads
from orchestrator.views.library import LibraryReads
from orchestrator.views.singles import SingleReads
from orchestrator.views.statistics import StatisticsReads
from orchestrator.views.workspace import WorkspaceReads

__all__ = ["AssetFile", "Views"]


class Views(CoreViews, EditReads, LibraryReads, StatisticsReads, SingleReads, ExportReads, WorkspaceReads):
    """All reads."""
