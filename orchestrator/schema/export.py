"""What a plan can be written as for other programs, and what such a file is made from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from orchestrator.schema.assessment import Finding, Verdict
from orchestrator.schema.timeline import Timeline
from orchestrator.schema.value import Value


class ExportFormat(StrEnum):
    """OTIO, FCPXML, FCP7XML and EDL are timelines, SRT and VTT captions, JSON everything that is known, PACKAGE a zip
    of all of them with the media."""

    OTIO = "otio"
    FCPXML = "fcpxml"
    FCP7XML = "fcp7xml"
    EDL = "edl"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    PACKAGE = "package"

    @property
    def suffix(self) -> str:
        """How such a file's name ends."""
        return {ExportFormat.FCP7XML: ".xml", ExportFormat.PACKAGE: ".zip"}.get(self, f".{self.value}")

    @property
    def mime(self) -> str:
        return _MIMES[self]


_MIMES = {
    ExportFormat.OTIO: "application/json",
    ExportFormat.FCPXML: "application/xml",
    ExportFormat.FCP7XML: "application/xml",
    ExportFormat.EDL: "text/plain; charset=utf-8",
    ExportFormat.SRT: "application/x-subrip; charset=utf-8",
    ExportFormat.VTT: "text/vtt; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.PACKAGE: "application/zip",
}


class ExportFile(Value):
    """A file to be handed out. A package is written where the caller says instead, and has no ``content`` here."""

    filename: str
    mime: str
    content: bytes = b""


class ExportTake(Value):
    """A stored take of a clip: its media, ``seconds`` long, and what was found out about it. ``words`` are (word,
    start, end) as they were heard, in seconds of the take."""

    attempt: int
    asset_id: str
    seconds: float
    is_accepted: bool = False
    provider: str = ""
    model: str = ""
    verdict: Verdict | None = None
    score: float | None = None
    summary: str = ""
    findings: tuple[Finding, ...] = ()
    words: tuple[tuple[str, float, float], ...] = ()


class ExportClip(Value):
    """A clip at its ``place`` in the film (from 1), with its stored takes, the oldest first."""

    place: int = Field(ge=1)
    scene: str = ""
    speaker: str = ""
    line: str = ""
    takes: tuple[ExportTake, ...] = ()

    @property
    def accepted(self) -> ExportTake | None:
        return next((take for take in self.takes if take.is_accepted), None)


class ExportFilm(Value):
    """A plan as it is exported: ``timeline`` has one entry for each of ``clips``, a slate where a take is missing."""

    name: str
    timeline: Timeline
    clips: tuple[ExportClip, ...]
