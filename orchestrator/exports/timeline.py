"""The cut as an OpenTimelineIO timeline: V1 and A1 with the accepted takes, transitions and gaps, in whole frames.

A transition of ours uses frames of both clips, so it makes the film shorter. In an editor's timeline clips lie end to
end and a transition reaches into the material beyond the cut: of an overlap one half is taken off the first clip's end,
the other off the second one's beginning, and the transition reaches over both. The track is as long as the film.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestrator.exports.names import clip_title, plain_text, reel_name, take_title
from orchestrator.schema.assessment import Verdict
from orchestrator.schema.export import ExportClip, ExportFilm, ExportTake
from orchestrator.schema.timeline import Transition, TransitionKind
from orchestrator.schema.value import Value

if TYPE_CHECKING:
    import opentimelineio as otio

Link = Callable[[ExportClip, ExportTake], str]

_NAMES = {
    TransitionKind.CROSSFADE: "Cross Dissolve",
    TransitionKind.WIPE: "Wipe",
    TransitionKind.FADE_BLACK: "Dip to Black",
}
_COLOURS = {Verdict.PASS: "GREEN", Verdict.FAIL: "RED", Verdict.NEEDS_REVIEW: "YELLOW", None: "WHITE"}
_MARKER_CHARACTERS = 160


class Part(Value):
    """What of a clip is on the track: ``frames`` from ``start`` of its take on; a gap has no take. ``into`` is the
    transition to the next part: its kind, and how far it reaches back before the cut and on behind it."""

    clip: ExportClip
    take: ExportTake | None
    start: int
    frames: int
    into: tuple[Transition, int, int] | None = None


class Note(Value):
    """A marker: ``start`` and ``frames`` are in frames of the take."""

    text: str
    colour: str
    start: int = 0
    frames: int = 1


def lay_out(film: ExportFilm) -> tuple[Part, ...]:
    """The parts of the track, end to end; they are as long together as the film. Beside a gap there is a hard cut: the
    gap gives up the frames of the overlap."""
    takes = [clip.accepted for clip in film.clips]
    heads, tails = [0] * len(takes), [0] * len(takes)
    joints: list[tuple[Transition, int, int] | None] = [None] * len(takes)
    for i, (overlap, transition) in enumerate(
        zip(film.timeline.overlap_frames, film.timeline.transitions, strict=True)
    ):
        if takes[i] is None:
            tails[i] = overlap
        elif takes[i + 1] is None:
            heads[i + 1] = overlap
        elif overlap:
            before = overlap // 2
            tails[i], heads[i + 1] = overlap - before, before
            joints[i] = (transition, before, overlap - before)
    return tuple(
        Part(clip=clip, take=take, start=head, frames=shown.frames - head - tail, into=joint)
        for clip, take, shown, head, tail, joint in zip(
            film.clips, takes, film.timeline.clips, heads, tails, joints, strict=True
        )
    )


def notes_of(part: Part, *, fps: int) -> tuple[Note, ...]:
    """What was found out about the clip: the verdict on every take at the part's beginning, and the findings on the
    take that plays, where they are."""
    if part.take is None:
        return ()
    verdicts = (
        Note(text=_verdict_words(take), colour=_COLOURS[take.verdict], start=part.start) for take in part.clip.takes
    )
    end = part.start + part.frames
    findings = []
    for finding in part.take.findings:
        if finding.start_seconds is None:
            continue
        start = min(max(part.start, round(finding.start_seconds * fps)), end - 1)
        until = round((finding.end_seconds or finding.start_seconds) * fps)
        frames = max(1, min(until, end) - start)
        findings.append(Note(text=_short(finding.message), colour="ORANGE", start=start, frames=frames))
    return (*verdicts, *findings)


def _verdict_words(take: ExportTake) -> str:
    verdict = take.verdict.value.replace("_", " ") if take.verdict else "not assessed"
    score = f" {take.score:.0%}" if take.score is not None else ""
    why = f": {take.findings[0].message}" if take.findings and take.verdict is not Verdict.PASS else ""
    return _short(f"Take {take.attempt}{' (used)' if take.is_accepted else ''}: {verdict}{score}{why}")


def _short(text: str) -> str:
    text = plain_text(text)
    return text if len(text) <= _MARKER_CHARACTERS else f"{text[: _MARKER_CHARACTERS - 1]}…"


def transition_name(transition: Transition) -> str:
    return _NAMES[transition.kind]


def media_frames(take: ExportTake, *, fps: int, at_least: int) -> int:
    """How long a take's file is; never shorter than what is shown of it."""
    return max(at_least, round(take.seconds * fps))


def build_otio(film: ExportFilm, *, link: Link, is_by_record: bool = False) -> otio.schema.Timeline:
    """The whole cut. ``link`` says where a take's media lies. Markers stand at times of their take, which is
    OpenTimelineIO's way; ``is_by_record``: at times of the film, as an EDL has them."""
    import opentimelineio as otio

    parts = lay_out(film)
    timeline = otio.schema.Timeline(plain_text(film.name) or "Film")
    timeline.global_start_time = otio.opentime.RationalTime(0, film.timeline.fps)
    timeline.metadata["video_orchestrator"] = {"width": film.timeline.width, "height": film.timeline.height}
    for name, kind in (("V1", otio.schema.TrackKind.Video), ("A1", otio.schema.TrackKind.Audio)):
        track = otio.schema.Track(name, kind=kind)
        at = 0
        for part in parts:
            item = _item(part, fps=film.timeline.fps, link=link)
            if kind == otio.schema.TrackKind.Video:
                _mark(item, part, fps=film.timeline.fps, offset=at - part.start if is_by_record else 0)
            at += part.frames
            track.append(item)
            if part.into:
                track.append(_transition(part.into, fps=film.timeline.fps))
        timeline.tracks.append(track)
    return timeline


def _item(part: Part, *, fps: int, link: Link) -> otio.core.Item:
    import opentimelineio as otio

    shown = _range(part.start, part.frames, fps)
    title = clip_title(part.clip)
    if part.take is None:
        return otio.schema.Gap(name=title, source_range=_range(0, part.frames, fps), metadata=_facts(part.clip))
    clip = otio.schema.Clip(title, source_range=shown, metadata=_facts(part.clip))
    clip.metadata["cmx_3600"] = {"reel": reel_name(part.clip, part.take)}
    clip.set_media_references(
        {
            f"take {take.attempt}": _reference(part.clip, take, fps=fps, at_least=_needed(part, take), link=link)
            for take in part.clip.takes
        },
        f"take {part.take.attempt}",
    )
    return clip


def _mark(item: otio.core.Item, part: Part, *, fps: int, offset: int) -> None:
    import opentimelineio as otio

    for note in notes_of(part, fps=fps):
        marked = _range(note.start + offset, note.frames, fps)
        item.markers.append(otio.schema.Marker(note.text, marked_range=marked, color=note.colour))


def _needed(part: Part, take: ExportTake) -> int:
    """Frames that are asked of a take's media; of an alternate only as many as it has."""
    behind = part.into[2] if part.into else 0
    return part.start + part.frames + behind if take is part.take else 1


def _reference(clip: ExportClip, take: ExportTake, *, fps: int, at_least: int, link: Link) -> Any:
    import opentimelineio as otio

    reference = otio.schema.ExternalReference(
        target_url=link(clip, take),
        available_range=_range(0, media_frames(take, fps=fps, at_least=at_least), fps),
        metadata={
            "video_orchestrator": {
                "attempt": take.attempt,
                "provider": take.provider,
                "model": take.model,
                "verdict": take.verdict.value if take.verdict else "",
                "score": take.score,
                "summary": plain_text(take.summary),
                "findings": [f.model_dump() | {"message": plain_text(f.message)} for f in take.findings],
            }
        },
    )
    reference.name = take_title(clip, take)
    return reference


def _transition(joint: tuple[Transition, int, int], *, fps: int) -> otio.schema.Transition:
    import opentimelineio as otio

    transition, before, behind = joint
    is_dissolve = transition.kind is TransitionKind.CROSSFADE
    return otio.schema.Transition(
        name=transition_name(transition),
        transition_type=otio.schema.TransitionTypes.SMPTE_Dissolve if is_dissolve else "Custom_Transition",
        in_offset=otio.opentime.RationalTime(before, fps),
        out_offset=otio.opentime.RationalTime(behind, fps),
        metadata={"video_orchestrator": {"kind": transition.kind.value}},
    )


def _facts(clip: ExportClip) -> dict[str, Any]:
    told = {"line": clip.line, "speaker": clip.speaker, "scene": clip.scene}
    return {"video_orchestrator": {name: plain_text(text) for name, text in told.items()}}


def _range(start: int, frames: int, fps: int) -> Any:
    import opentimelineio as otio

    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, fps), otio.opentime.RationalTime(frames, fps))
