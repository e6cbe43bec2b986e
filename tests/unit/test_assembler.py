"""Transitions as text, and timelines in whole frames."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.assembler import Take, build_timeline, parse_transition
from orchestrator.errors import BadInput
from orchestrator.schema.timeline import Slate, Timeline, Transition, TransitionKind

CROSSFADE = Transition(kind=TransitionKind.CROSSFADE, seconds=0.5)
TRANSITIONS = st.one_of(
    st.just(Transition()),
    st.builds(
        Transition,
        kind=st.sampled_from([k for k in TransitionKind if k is not TransitionKind.CUT]),
        seconds=st.floats(0.001, 2),
    ),
)


def build(*seconds: float, transition: Transition = CROSSFADE, fps: int = 30) -> Timeline:
    takes = [Take(source=f"take-{i}", seconds=s) for i, s in enumerate(seconds)]
    return build_timeline(takes, transition=transition, width=320, height=180, fps=fps)


@pytest.mark.parametrize(
    ("text", "kind", "seconds"),
    [
        ("cut", TransitionKind.CUT, 0),
        (" Crossfade:0.5 ", TransitionKind.CROSSFADE, 0.5),
        ("wipe:1", TransitionKind.WIPE, 1),
        ("fade-black:2", TransitionKind.FADE_BLACK, 2),
        ("crossfade", TransitionKind.CROSSFADE, 0.5),
    ],
)
def test_transitions_are_read(text: str, kind: TransitionKind, seconds: float) -> None:
    assert parse_transition(text) == Transition(kind=kind, seconds=seconds)


@pytest.mark.parametrize(
    "text", ["", "melt", "crossfade:", "crossfade:x", "wipe:-1", "wipe:3", "cut:1", "wipe:nan", "x" * 999]
)
def test_a_wrong_transition_is_refused_with_the_allowed_forms(text: str) -> None:
    with pytest.raises(BadInput, match=r"cut, crossfade:0\.5, wipe:1 or fade_black:0\.5") as caught:
        parse_transition(text)
    assert len(caught.value.message) < 200


@given(st.sampled_from(list(TransitionKind)), st.integers(1, 2000))
def test_a_written_transition_reads_back_as_itself(kind: TransitionKind, milliseconds: int) -> None:
    transition = Transition(kind=kind, seconds=0 if kind is TransitionKind.CUT else milliseconds / 1000)
    assert parse_transition(str(transition)) == transition


def test_a_crossfade_shortens_the_film() -> None:
    timeline = build(4, 8, 4)
    assert timeline.overlap_frames == (15, 15)
    assert timeline.duration_seconds == 15
    assert [timeline.start_frame(i) for i in range(3)] == [0, 105, 330]


def test_a_cut_keeps_every_frame() -> None:
    timeline = build(4, 8.02, 4, transition=Transition())
    assert timeline.total_frames == 120 + 241 + 120


def test_overlaps_are_shortened_where_a_clip_cannot_hold_both() -> None:
    timeline = build(4, 0.5, 4)
    assert timeline.overlap_frames == (7, 7)
    assert all(t.seconds == pytest.approx(7 / 30) for t in timeline.transitions)


def test_a_clip_of_one_frame_is_cut_in() -> None:
    timeline = build(4, 1 / 30, 4)
    assert timeline.overlap_frames == (0, 0)
    assert timeline.transitions == (Transition(), Transition())


def test_no_takes_are_refused() -> None:
    with pytest.raises(BadInput, match="no takes"):
        build()


@given(st.lists(st.floats(0.001, 20), min_size=1, max_size=12), TRANSITIONS, st.sampled_from([24, 25, 30, 60]))
def test_every_clip_keeps_a_frame_of_its_own_and_starts_in_order(
    seconds: list[float], transition: Transition, fps: int
) -> None:
    timeline = build(*seconds, transition=transition, fps=fps)
    before, after = (0, *timeline.overlap_frames), (*timeline.overlap_frames, 0)
    for clip, left, right in zip(timeline.clips, before, after, strict=True):
        assert clip.frames - left - right >= 1
    starts = [timeline.start_frame(i) for i in range(len(timeline.clips))]
    assert starts == sorted(set(starts))
    assert timeline.total_frames == starts[-1] + timeline.clips[-1].frames
    for made, overlap in zip(timeline.transitions, timeline.overlap_frames, strict=True):
        assert (made.kind is TransitionKind.CUT) == (overlap == 0)
        assert made.seconds <= transition.seconds


def test_slates_are_kept_in_a_timeline_and_leave_no_trace_in_one_without() -> None:
    slate = Slate(number=2, state="failed", reason="No words were heard.", text="Somebody waits.")
    takes = [Take(source="a", seconds=4), Take(source="slate:b", seconds=8, slate=slate)]
    film = build_timeline(takes, transition=CROSSFADE, width=320, height=180)
    assert film.missing_clips == 1
    assert film.total_frames == (4 + 8) * 30 - 15
    stored = film.model_dump(mode="json")
    assert Timeline.model_validate(stored) == film
    assert "slate" not in stored["clips"][0], "the words a render's id is made of"


# --- a transition of its own for each joint ---

LENGTHS = st.lists(st.floats(0.04, 6), min_size=2, max_size=6)


@given(LENGTHS, TRANSITIONS)
def test_the_same_transition_everywhere_is_that_one_at_each_joint(seconds: list[float], transition: Transition) -> None:
    takes = [Take(source=f"take-{i}", seconds=s) for i, s in enumerate(seconds)]
    each = build_timeline(takes, transitions=[transition] * (len(takes) - 1), width=320, height=180)
    assert each == build(*seconds, transition=transition)


@given(LENGTHS, st.data())
def test_every_clip_keeps_a_frame_of_its_own_between_any_transitions(seconds: list[float], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(TRANSITIONS, min_size=len(seconds) - 1, max_size=len(seconds) - 1))
    takes = [Take(source=f"take-{i}", seconds=s) for i, s in enumerate(seconds)]
    timeline = build_timeline(takes, transitions=wanted, width=320, height=180)
    around = [0, *timeline.overlap_frames, 0]
    for clip, before, after in zip(timeline.clips, around, around[1:], strict=False):
        assert clip.frames - before - after >= 1
    for asked, got, overlap in zip(wanted, timeline.transitions, timeline.overlap_frames, strict=True):
        assert got.kind is (asked.kind if overlap else TransitionKind.CUT)
        assert got.seconds <= asked.seconds + 1 / 30


def test_a_transition_beside_a_cut_has_the_whole_clip_for_itself() -> None:
    takes = [Take(source=f"take-{i}", seconds=s) for i, s in enumerate((4, 1, 4))]
    fade = Transition(kind=TransitionKind.CROSSFADE, seconds=0.9)
    timeline = build_timeline(takes, transitions=[fade, Transition()], width=320, height=180)
    assert timeline.overlap_frames == (27, 0)
    assert build_timeline(takes, transition=fade, width=320, height=180).overlap_frames == (14, 14)
