"""Cutting speech into clips: every word once, the fewest paid seconds, sentences whole."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.director.chunking import cut_stretch
from orchestrator.director.speech import Break, Unit, join, speech_units
from orchestrator.errors import SentenceTooLong
from orchestrator.schema.clip_plan import PlanConstraints

GRIDS = st.sampled_from([(4, 8, 12), (5, 10), (4, 6, 8), (3, 7, 15), (8,), (2,)])
SPEEDS = st.sampled_from([90, 130, 150, 200])


@st.composite
def constraints(draw: st.DrawFn) -> PlanConstraints:
    return PlanConstraints(durations_seconds=draw(GRIDS), words_per_minute=draw(SPEEDS))


@st.composite
def sentence_lists(draw: st.DrawFn) -> list[Unit]:
    lengths = draw(st.lists(st.integers(1, 14), min_size=1, max_size=7))
    units: list[Unit] = []
    for number, length in enumerate(lengths):
        units += [Unit(f"w{number}.{i}", " ", 1, Break.WORD) for i in range(length)]
        units[-1] = units[-1]._replace(ends=Break.SENTENCE)
    return units


def sentence_ends(units: list[Unit]) -> list[int]:
    return [i + 1 for i, unit in enumerate(units) if unit.ends is Break.SENTENCE]


def least_seconds_by_trying_everything(units: list[Unit], limits: PlanConstraints) -> int:
    *inner, last = sentence_ends(units)
    found: list[int] = []
    for count in range(len(inner) + 1):
        for chosen in combinations(inner, count):
            edges = [0, *chosen, last]
            lengths = [b - a for a, b in pairwise(edges)]
            fits = [[d for d in limits.durations_seconds if limits.max_words(d) >= n] for n in lengths]
            if all(fits):
                found.append(sum(f[0] for f in fits))
    return min(found)


@given(sentence_lists(), constraints())
def test_total_seconds_are_the_least_possible_when_every_sentence_fits(
    units: list[Unit], limits: PlanConstraints
) -> None:
    longest = limits.max_words(limits.durations_seconds[-1])
    starts = [0, *sentence_ends(units)]
    cuts = cut_stretch(units, constraints=limits).cuts
    if all(b - a <= longest for a, b in pairwise(starts)):
        assert sum(cut.seconds for cut in cuts) == least_seconds_by_trying_everything(units, limits)
        assert {cut.end for cut in cuts} <= set(sentence_ends(units))


@given(sentence_lists(), constraints())
def test_every_unit_is_in_exactly_one_clip_that_holds_it(units: list[Unit], limits: PlanConstraints) -> None:
    cuts = cut_stretch(units, constraints=limits).cuts
    assert [i for cut in cuts for i in range(cut.start, cut.end)] == list(range(len(units)))
    assert all(cut.words == cut.end - cut.start <= limits.max_words(cut.seconds) for cut in cuts)
    assert all(cut.seconds in limits.durations_seconds for cut in cuts)


@given(sentence_lists(), constraints())
def test_a_sentence_that_fits_one_clip_is_never_split(units: list[Unit], limits: PlanConstraints) -> None:
    longest = limits.max_words(limits.durations_seconds[-1])
    ends = sentence_ends(units)
    inside = {
        i for start, end in zip([0, *ends], ends, strict=False) if end - start <= longest for i in range(start + 1, end)
    }
    assert not inside & {cut.end for cut in cut_stretch(units, constraints=limits).cuts}


def test_fewer_clips_win_when_seconds_are_equal() -> None:
    units = speech_units("One two three four five. Six seven eight nine ten. " * 2)
    assert [c.seconds for c in cut_stretch(units, constraints=PlanConstraints()).cuts] == [8]


def test_clips_are_balanced_when_seconds_and_number_are_equal() -> None:
    units = speech_units("One two three four five six seven eight nine ten. " * 4)
    assert [c.seconds for c in cut_stretch(units, constraints=PlanConstraints()).cuts] == [8, 8]


def test_a_sentence_too_long_for_a_clip_is_cut_at_a_comma() -> None:
    first = "When the morning came and the light was good enough to see the road ahead of us all,"
    text = f"{first} we packed what little we had and walked down the hill towards the old bridge by the river."
    units = speech_units(text)
    cuts = cut_stretch(units, constraints=PlanConstraints()).cuts
    assert join(units[: cuts[0].end]) == first


def test_a_clause_too_long_for_a_clip_is_cut_between_words_and_not_after_an_article() -> None:
    units = speech_units("word " * 29 + "the " + "word " * 20)
    cuts = cut_stretch(units, constraints=PlanConstraints()).cuts
    assert sum(cut.seconds for cut in cuts) == 20
    assert not join(units[: cuts[0].end]).endswith("the")


def test_a_single_word_beyond_the_longest_clip_is_refused_by_name() -> None:
    with pytest.raises(SentenceTooLong, match=r"aaaa.*12 s and holds 30 words"):
        cut_stretch(speech_units("a" * 2000), constraints=PlanConstraints())


@settings(max_examples=60)
@given(st.integers(1, 400), constraints())
def test_prefix_seconds_never_fall_as_the_text_grows(words: int, limits: PlanConstraints) -> None:
    stretch = cut_stretch(speech_units("word " * words), constraints=limits)
    assert stretch.prefix_seconds == sorted(stretch.prefix_seconds)
    assert stretch.prefix_seconds[-1] == sum(cut.seconds for cut in stretch.cuts)
