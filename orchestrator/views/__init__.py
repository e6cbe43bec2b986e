"""Reads shaped for screens, status routes and the command line, by what they are about. Nothing here writes."""

from __future__ import annotations

from orchestrator.views.animatics import AnimaticReads
from orchestrator.views.assessments import AssessmentReads
from orchestrator.views.base import AssetFile
from orchestrator.views.core import CoreViews
from orchestrator.views.edits import EditReads
from orchestrator.views.exports import ExportReads
from orchestrator.views.library import LibraryReads
from orchestrator.views.members import MemberReads
from orchestrator.views.pictures import PictureReads
from orchestrator.views.singles import SingleReads
from orchestrator.views.statistics import StatisticsReads
from orchestrator.views.workspace import WorkspaceReads

__all__ = ["AssetFile", "Views"]


class Views(
    AssessmentReads,
    AnimaticReads,
    EditReads,
    LibraryReads,
    StatisticsReads,
    SingleReads,
    ExportReads,
    WorkspaceReads,
    PictureReads,
    MemberReads,
    CoreViews,
):
    """All reads."""
