"""One cut, written in the form that is asked for."""

from __future__ import annotations

from typing import assert_never

from orchestrator.exports.captions import cut_cues, write_srt, write_vtt
from orchestrator.exports.fcpxml import write_fcpxml
from orchestrator.exports.timeline import Link, build_otio
from orchestrator.schema.export import ExportFilm, ExportFormat

_NO_DROP = "FCM: NON-DROP FRAME"


def write_export(film: ExportFilm, form: ExportFormat, *, link: Link) -> str:
    """A timeline or captions as text. JSON and packages hold more than the cut and are written elsewhere."""
    match form:
        case ExportFormat.OTIO:
            return build_otio(film, link=link).to_json_string(indent=2)
        case ExportFormat.FCPXML:
            return write_fcpxml(film, link=link)
        case ExportFormat.FCP7XML:
            return _write_fcp7(film, link=link)
        case ExportFormat.EDL:
            return _write_edl(film, link=link)
        case ExportFormat.SRT:
            return write_srt(cut_cues(film))
        case ExportFormat.VTT:
            return write_vtt(cut_cues(film))
        case ExportFormat.JSON | ExportFormat.PACKAGE:
            raise ValueError(f"{form} is not a timeline")
        case _:
            assert_never(form)


# Adapters change what they are given, so each gets a timeline of its own.


def _write_fcp7(film: ExportFilm, *, link: Link) -> str:
    """With what Premiere wants to know besides: the size of the picture, and which items are sound."""
    import opentimelineio as otio

    timeline = build_otio(film, link=link)
    size = {"width": str(film.timeline.width), "height": str(film.timeline.height)}
    timeline.metadata["fcp_xml"] = {"media": {"video": {"format": {"samplecharacteristics": size}}}}
    for track in timeline.audio_tracks():
        for clip in track.find_clips():
            clip.metadata["fcp_xml"] = {"sourcetrack": {"mediatype": "audio", "trackindex": "1"}}
    return otio.adapters.write_to_string(timeline, "fcp_xml")


def _write_edl(film: ExportFilm, *, link: Link) -> str:
    """The adapter tells the markers of a clip again where the next one is dissolved to; here each is told once."""
    import opentimelineio as otio

    written = otio.adapters.write_to_string(build_otio(film, link=link, is_by_record=True), "cmx_3600")
    told: set[str] = set()
    rows: list[str] = []
    for row in written.splitlines():
        if row.startswith("* LOC:"):
            if row in told:
                continue
            told.add(row)
        rows.append(row)
    title, *events = rows
    return "\n".join((title, _NO_DROP, *events, ""))
