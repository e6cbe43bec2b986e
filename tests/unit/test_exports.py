"""What editing programs are handed: every frame of the film accounted for, in every form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.assembler import Take, build_timeline
from orchestrator.exports import cut_cues, media_name, safe_name, write_export, write_srt, write_vtt
from orchestrator.exports.captions import LINE_CHARACTERS, LINES, wrap
from orchestrator.exports.timeline import lay_out
from orchestrator.schema.assessment import Finding, Verdict
from orchestrator.schema.export import ExportClip, ExportFilm, ExportFormat, ExportTake
from orchestrator.schema.timeline import Slate, Transition, TransitionKind

FPS = 30
CROSSFADE = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)
ADAPTERS = {
    ExportFormat.OTIO: "otio_json",
    ExportFormat.FCPXML: "fcpx_xml",
    ExportFormat.FCP7XML: "fcp_xml",
    ExportFormat.EDL: "cmx_3600",
}


def make_film(
    seconds: Sequence[float | None],
    *,
    transitions: Sequence[Transition] | None = None,
    lines: Sequence[str] = (),
    name: str = "A film",
) -> ExportFilm:
    """Clips of those lengths, each with a rejected take 1 and an accepted take 2; None is a missing one of 4 s."""
    made = [
        Take(source=str(i), seconds=s or 4, slate=None if s else Slate(number=i + 1, state="failed"))
        for i, s in enumerate(seconds)
    ]
    joints = [CROSSFADE] * (len(made) - 1) if transitions is None else list(transitions)
    timeline = build_timeline(made, transitions=joints, width=320, height=180, fps=FPS)
    clips = []
    for i, length in enumerate(seconds):
        line = lines[i] if lines else f"Line number {i + 1} is said here."
        finding = Finding(code="wrong_words", message="Said “geese”\nnot this", start_seconds=1.0, end_seconds=1.5)
        takes = [
            ExportTake(attempt=1, asset_id=f"a{i}", seconds=4, verdict=Verdict.FAIL, score=0.4, findings=(finding,)),
            ExportTake(
                attempt=2, asset_id=f"b{i}", seconds=length or 4, is_accepted=True, verdict=Verdict.PASS, score=0.95,
                findings=(finding,), words=(("Line", 0.5, 1.0), ("here", 1.0, min(2.5, length or 4))),
            ),
        ]  # fmt: skip
        clips.append(ExportClip(place=i + 1, line=line, takes=tuple(takes[: 2 if length else 1])))
    return ExportFilm(name=name, timeline=timeline, clips=tuple(clips))


def read_back(film: ExportFilm, form: ExportFormat) -> Any:
    """The timeline that an editor would find in the exported file."""
    options: dict[str, Any] = {"rate": FPS} if form is ExportFormat.EDL else {}
    found = otio.adapters.read_from_string(write_export(film, form, link=media_name), ADAPTERS[form], **options)
    if isinstance(found, otio.schema.Timeline):
        return found
    return next(child for child in found.find_children(descended_from_type=otio.schema.Timeline))


FILMS = [
    make_film([4, 4, 8]),
    make_film([4, 4, 4, 4, 4], transitions=[CROSSFADE, Transition(), CROSSFADE, Transition()]),
    make_film([4, 4], transitions=[Transition(kind=TransitionKind.WIPE, seconds=1)]),
    make_film([5.3]),
]


@pytest.mark.parametrize("form", ADAPTERS)
@pytest.mark.parametrize("film", FILMS)
def test_every_form_has_all_clips_and_the_length_of_the_film_when_read_back(
    form: ExportFormat, film: ExportFilm
) -> None:
    track = read_back(film, form).video_tracks()[0]
    clips = list(track.find_clips())
    assert len(clips) == len(film.clips)
    assert track.duration() == otio.opentime.RationalTime(film.timeline.total_frames, FPS)
    for place, clip in enumerate(clips, start=1):
        assert clip.name.startswith(f"{place:02d} Line number")
        if form is ExportFormat.EDL:  # its reader takes the file that is dissolved from for that of the next clip
            assert clip.metadata["cmx_3600"]["reel"] == f"C{place:03d}T02"
        else:
            assert clip.media_reference.target_url == f"media/clip-{place:02d}-take-2.mp4"


@pytest.mark.parametrize("form", [ExportFormat.OTIO, ExportFormat.FCP7XML])
def test_transitions_reach_over_the_cut_by_their_overlap_when_read_back(form: ExportFormat) -> None:
    film = make_film([4, 4, 4], transitions=[CROSSFADE, Transition()])
    items = list(read_back(film, form).video_tracks()[0])
    kinds = [type(item) for item in items]
    assert kinds == [otio.schema.Clip, otio.schema.Transition, otio.schema.Clip, otio.schema.Clip]
    joint = items[1]
    assert (joint.in_offset + joint.out_offset).value == film.timeline.overlap_frames[0] == 15
    # Both sides have the material that the transition reaches into.
    assert items[0].source_range.end_time_exclusive().value + joint.out_offset.value == 120
    assert items[2].source_range.start_time.value - joint.in_offset.value == 0


joints = st.sampled_from([Transition(), CROSSFADE, Transition(kind=TransitionKind.FADE_BLACK, seconds=2)])


@given(st.data(), st.lists(st.none() | st.floats(0.1, 12), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_parts_fill_the_film_and_stay_within_their_media_whatever_it_is_made_of(
    data: st.DataObject, seconds: list[float | None]
) -> None:
    wanted = data.draw(st.lists(joints, min_size=len(seconds) - 1, max_size=len(seconds) - 1))
    film = make_film(seconds, transitions=wanted)
    parts = lay_out(film)
    assert sum(part.frames for part in parts) == film.timeline.total_frames
    for part, shown in zip(parts, film.timeline.clips, strict=True):
        assert part.frames > 0
        assert part.start >= 0
        if part.take:
            assert part.start + part.frames + (part.into[2] if part.into else 0) <= shown.frames
        else:
            assert part.into is None


def test_missing_clips_are_gaps_with_their_line_and_cuts_beside_them() -> None:
    film = make_film([4, None, 4])
    items = list(read_back(film, ExportFormat.OTIO).video_tracks()[0])
    assert [type(item) for item in items] == [otio.schema.Clip, otio.schema.Gap, otio.schema.Clip]
    assert items[1].name == "02 Line number 2 is said here."
    assert [item.duration().value for item in items] == [120, 120 - 15 - 15, 120]
    gap = ET.fromstring(write_export(film, ExportFormat.FCPXML, link=media_name)).find(".//gap")
    assert gap is not None and gap.get("name") == items[1].name


def test_other_takes_are_alternates_and_findings_are_markers_when_exported() -> None:
    clip = next(iter(read_back(make_film([4]), ExportFormat.OTIO).find_clips()))
    assert clip.active_media_reference_key == "take 2"
    assert {key: ref.target_url for key, ref in clip.media_references().items()} == {
        "take 1": "media/clip-01-take-1.mp4",
        "take 2": "media/clip-01-take-2.mp4",
    }
    markers = [(m.name, m.color, m.marked_range.start_time.value, m.marked_range.duration.value) for m in clip.markers]
    assert markers == [
        ("Take 1: fail 40%: Said “geese” not this", "RED", 0, 1),
        ("Take 2 (used): pass 95%", "GREEN", 0, 1),
        ("Said “geese” not this", "ORANGE", 30, 15),
    ]


def test_an_edl_tells_every_marker_once_and_at_its_time_in_the_film() -> None:
    edl = write_export(make_film([4, 4]), ExportFormat.EDL, link=media_name)
    assert edl.startswith("TITLE: A film\nFCM: NON-DROP FRAME\n")
    said = re.findall(r"^\* LOC: (\S+) ORANGE", edl, flags=re.MULTILINE)
    # The second clip is seen from frame 7 of its take on, 113 - 8 frames into the film.
    assert said == ["00:00:01:00", "00:00:04:15"]


def test_fcpxml_keeps_to_the_rules_of_a_spine_when_written() -> None:
    film = make_film([4, 4, None, 4])
    root = ET.fromstring(write_export(film, ExportFormat.FCPXML, link=media_name))
    ids = [element.get("id") for element in root.findall("./resources/*")]
    assert len(set(ids)) == len(ids) and {e.get("ref") for e in root.iter("asset-clip")} <= set(ids)
    assert {e.get("src") for e in root.iter("asset")} >= {"media/clip-01-take-1.mp4", "media/clip-03-take-1.mp4"}
    spine = root.find(".//spine")
    assert spine is not None
    at = 0.0
    for element in spine:
        offset, duration = in_frames(element, "offset"), in_frames(element, "duration")
        if element.tag == "transition":
            assert offset < at < offset + duration
        else:
            assert offset == at
            at += duration
            rules = [child.tag for child in element]
            assert rules == sorted(rules, key=["note", "marker"].index)
    assert at == film.timeline.total_frames


def in_frames(element: ET.Element, name: str) -> int:
    value = element.get(name, "").removesuffix("s")
    above, _, below = value.partition("/")
    return int(above) * FPS // int(below or 1)


@pytest.mark.parametrize("form", [*ADAPTERS, ExportFormat.SRT, ExportFormat.VTT])
def test_whatever_is_written_in_lines_and_names_stays_text_when_exported(form: ExportFormat) -> None:
    nasty = 'A <b>"line" & more</b>\x0b --> ]]> 🎬 \u2028 * LOC: 00:00:00:00 RED x\ud800'
    film = make_film([4, 4], lines=[nasty, nasty], name="../../etc/passwd\n<x>")
    text = write_export(film, form, link=media_name)
    assert text.encode(errors="replace")
    if form in ADAPTERS:
        assert len(list(read_back(film, form).video_tracks()[0].find_clips())) == 2
    else:
        assert text.count("-->") == 2 + 2 * (len(wrap(nasty)) - 1)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "etc-passwd"),
        ("Größe & Café №1", "groe-cafe-no1"),
        ("短片", "film"),
        ("", "film"),
        ("x" * 200, "x" * 60),
        ("CON", "con"),
    ],
)
def test_names_of_files_are_safe_whatever_a_film_is_called(title: str, name: str) -> None:
    assert safe_name(title) == name


# --- captions ---

words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=60)
texts = st.lists(words, max_size=60).map(" ".join)
heard = st.lists(st.tuples(st.just("w"), st.floats(0, 14), st.floats(0, 14)), max_size=12)


@given(st.lists(st.tuples(texts, heard, st.floats(0.5, 12)), min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_cues_never_overlap_and_fit_the_screen_whatever_is_said(
    said: list[tuple[str, list[tuple[str, float, float]], float]],
) -> None:
    film = make_film([seconds for *_, seconds in said], lines=[text for text, *_ in said])
    clips = [
        clip.model_copy(update={"takes": (clip.takes[1].model_copy(update={"words": tuple(found)}),)})
        for clip, (_, found, _) in zip(film.clips, said, strict=True)
    ]
    cues = cut_cues(film.model_copy(update={"clips": tuple(clips)}))
    free_ms = 0
    for cue in cues:
        assert free_ms <= cue.start_ms < cue.end_ms
        assert 1 <= len(cue.rows) <= LINES
        assert all(0 < len(row) <= LINE_CHARACTERS for row in cue.rows)
        free_ms = cue.end_ms
    assert "".join("".join(cue.rows) for cue in cues).replace(" ", "") == "".join("".join(t.split()) for t, *_ in said)
    assert write_srt(cues).count(" --> ") == write_vtt(cues).count(" --> ") == len(cues)


def test_cues_follow_the_words_as_heard_in_the_time_of_the_film() -> None:
    film = make_film([4, 4], lines=["Hello.", "Goodbye."])
    first, second = cut_cues(film)
    assert (first.start_ms, first.end_ms, first.rows) == (500, 2500, ("Hello.",))
    assert (second.start_ms, second.rows) == (3500 + 500, ("Goodbye.",))


def test_a_line_is_spread_over_its_clip_when_nothing_was_heard() -> None:
    film = make_film([8], lines=["one two three four five six seven eight nine ten " * 3])
    silent = film.clips[0].takes[1].model_copy(update={"words": ()})
    cues = cut_cues(film.model_copy(update={"clips": (film.clips[0].model_copy(update={"takes": (silent,)}),)}))
    assert len(cues) == 2
    assert (cues[0].start_ms, cues[-1].end_ms) == (0, 8000)
    assert 3000 < cues[1].start_ms < 5000


def test_lines_of_missing_clips_are_no_captions() -> None:
    assert [cue.rows for cue in cut_cues(make_film([4, None], lines=["Said.", "Not said."]))] == [("Said.",)]


def test_captions_are_written_as_players_read_them() -> None:
    cues = cut_cues(make_film([4], lines=["Fish & <chips>"]))
    assert write_srt(cues) == "1\n00:00:00,500 --> 00:00:02,500\nFish & <chips>\n"
    assert write_vtt(cues) == "WEBVTT\n\n00:00:00.500 --> 00:00:02.500\nFish &amp; &lt;chips&gt;\n"
