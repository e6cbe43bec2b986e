"""The cut as FCPXML 1.8, for Final Cut Pro and DaVinci Resolve.

Written here and not by OpenTimelineIO's adapter, which leaves out transitions and the sound of clips. In a spine clips
lie end to end; a transition lies over the cut and takes no time of its own.
https://developer.apple.com/documentation/professional-video-applications/fcpxml-reference
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree as ET

from orchestrator.exports.names import clip_title, plain_text, take_title
from orchestrator.exports.timeline import Link, Note, Part, lay_out, media_frames, notes_of, transition_name
from orchestrator.schema.export import ExportFilm

_FORMAT = "r1"


def write_fcpxml(film: ExportFilm, *, link: Link) -> str:
    """The whole cut as one project. ``link`` says where a take's media lies."""
    fps, parts = film.timeline.fps, lay_out(film)
    root = ET.Element("fcpxml", version="1.8")
    resources = ET.SubElement(root, "resources")
    ET.SubElement(
        resources,
        "format",
        id=_FORMAT,
        frameDuration=_seconds(1, fps),
        width=str(film.timeline.width),
        height=str(film.timeline.height),
        colorSpace="1-1-1 (Rec. 709)",
    )
    assets = _add_assets(resources, parts, fps=fps, link=link)
    title = plain_text(film.name) or "Film"
    event = ET.SubElement(ET.SubElement(root, "library"), "event", name=title)
    sequence = ET.SubElement(
        ET.SubElement(event, "project", name=title),
        "sequence",
        format=_FORMAT,
        duration=_seconds(film.timeline.total_frames, fps),
        tcStart="0s",
        tcFormat="NDF",
        audioLayout="stereo",
        audioRate="48k",
    )
    spine = ET.SubElement(sequence, "spine")
    at = 0
    for part in parts:
        _add_part(spine, part, at=at, fps=fps, assets=assets)
        at += part.frames
        if part.into:
            transition, before, behind = part.into
            ET.SubElement(
                spine,
                "transition",
                name=transition_name(transition),
                offset=_seconds(at - before, fps),
                duration=_seconds(before + behind, fps),
            )
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_assets(resources: ET.Element, parts: tuple[Part, ...], *, fps: int, link: Link) -> dict[tuple[int, int], str]:
    """Every stored take as an asset, so that an editor has the others at hand; ids by place and attempt."""
    ids: dict[tuple[int, int], str] = {}
    for part in parts:
        for take in part.clip.takes:
            asset_id = f"r{len(ids) + 2}"
            needed = part.start + part.frames + (part.into[2] if part.into else 0) if take is part.take else 1
            ids[part.clip.place, take.attempt] = asset_id
            ET.SubElement(
                resources,
                "asset",
                id=asset_id,
                name=take_title(part.clip, take),
                src=link(part.clip, take),
                start="0s",
                duration=_seconds(media_frames(take, fps=fps, at_least=needed), fps),
                format=_FORMAT,
                hasVideo="1",
                hasAudio="1",
                audioSources="1",
                audioChannels="2",
                audioRate="48000",
            )
    return ids


def _add_part(spine: ET.Element, part: Part, *, at: int, fps: int, assets: dict[tuple[int, int], str]) -> None:
    placed = {"name": clip_title(part.clip), "offset": _seconds(at, fps), "duration": _seconds(part.frames, fps)}
    if part.take is None:
        ET.SubElement(spine, "gap", placed, start="0s")
        return
    ref = assets[part.clip.place, part.take.attempt]
    element = ET.SubElement(spine, "asset-clip", placed, ref=ref, start=_seconds(part.start, fps), format=_FORMAT)
    if part.clip.line:
        ET.SubElement(element, "note").text = plain_text(part.clip.line)
    for note in notes_of(part, fps=fps):
        _add_marker(element, note, fps=fps)


def _add_marker(element: ET.Element, note: Note, *, fps: int) -> None:
    ET.SubElement(
        element, "marker", start=_seconds(note.start, fps), duration=_seconds(note.frames, fps), value=note.text
    )


def _seconds(frames: int, fps: int) -> str:
    """``113/30s``, ``4s``."""
    exact = Fraction(frames, fps)
    return f"{exact.numerator}s" if exact.denominator == 1 else f"{exact.numerator}/{exact.denominator}s"
