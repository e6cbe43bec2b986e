"""A clip too long for a provider becomes several: the same words, the same picture, lengths it sells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.director import split_clip
from orchestrator.director.speech import speech_units
from orchestrator.errors import SentenceTooLong
from orchestrator.schema.clip_plan import Clip, PlanConstraints

GRIDS = st.sampled_from([(4, 8, 12), (5, 10), (4, 6, 8), (3, 7, 15), (8,), (2,), (1, 2, 3)])
MARKS = ("—", "…")
WORDS = st.lists(
    st.sampled_from(["The", "keeper", "climbs,", "and", "the", "sea", "answers.", "Why?", "2024", *MARKS]),
    min_size=1,
    max_size=60,
).filter(lambda words: not set(words) <= set(MARKS))


def a_clip(text: str = "", *, seconds: int = 12, position: int = 3) -> Clip:
    words = sum(unit.words for unit in speech_units(text))
    return Clip(
        position=position, text=text, seconds=seconds, words=words, visual_intent="A lighthouse at dawn",
        acceptance=("a lighthouse",), speaker="Ada",
    )  # fmt: skip


def split(clip: Clip, *durations: int, words_per_minute: int = 150) -> tuple[Clip, ...]:
    limits = PlanConstraints(durations_seconds=durations, words_per_minute=words_per_minute)
    return split_clip(clip, constraints=limits, language="en")


def test_sentences_stay_whole_where_they_fit() -> None:
    parts = split(a_clip("The lamp is lit before dawn. The keeper climbs the stairs and counts the boats."), 4)
    assert [part.text for part in parts] == [
        "The lamp is lit before dawn.",
        "The keeper climbs the stairs and counts the boats.",
    ]
    assert [(part.position, part.seconds, part.words) for part in parts] == [(3, 4, 6), (4, 4, 9)], "12 s do not fit"


def test_what_is_to_be_seen_and_who_speaks_stay_the_same() -> None:
    clip = a_clip("The lamp is lit before dawn. The keeper climbs the stairs and counts the boats.")
    for part in split(clip, 4):
        kept = {"visual_intent", "acceptance", "speaker"}
        assert part.model_dump(include=kept) == clip.model_dump(include=kept)


@pytest.mark.parametrize(
    ("seconds", "durations", "lengths"),
    [(12, (4, 8, 12), [12]), (12, (5, 10), [10, 2]), (12, (4, 6), [6, 6]), (13, (6,), [6, 6, 1]), (9, (4, 8), [8, 1])],
)
def test_a_clip_without_words_is_covered_by_the_longest_lengths(
    seconds: int, durations: tuple[int, ...], lengths: list[int]
) -> None:
    assert [part.seconds for part in split(a_clip(seconds=seconds), *durations)] == lengths


def test_a_word_that_no_clip_holds_is_refused() -> None:
    with pytest.raises(SentenceTooLong, match="too long to be spoken in one clip"):
        split(a_clip("https://example.org/" + "a" * 400), 2)


@given(words=WORDS, durations=GRIDS, words_per_minute=st.sampled_from([90, 150, 200]), position=st.integers(1, 50))
def test_no_word_is_lost_every_part_fits_and_positions_count_on(
    words: list[str], durations: tuple[int, ...], words_per_minute: int, position: int
) -> None:
    clip = a_clip(" ".join(words), position=position)
    parts = split(clip, *durations, words_per_minute=words_per_minute)
    limits = PlanConstraints(durations_seconds=durations, words_per_minute=words_per_minute)
    spoken = " ".join(part.text for part in parts)
    assert [w for w in spoken.split() if w not in MARKS] == [w for w in words if w not in MARKS]
    assert sum(part.words for part in parts) == clip.words
    assert all(part.words <= limits.max_words(durations[-1]) for part in parts)
    assert all(1 <= part.seconds <= durations[-1] for part in parts)
    assert [part.position for part in parts] == list(range(position, position + len(parts)))


@given(seconds=st.integers(1, 60), durations=GRIDS)
def test_a_film_keeps_its_length(seconds: int, durations: tuple[int, ...]) -> None:
    silent = split(a_clip(seconds=seconds), *durations)
    assert sum(part.seconds for part in silent) == seconds
    spoken = split(a_clip("The lamp is lit before dawn. The keeper climbs the stairs.", seconds=seconds), *durations)
    possible = range(len(spoken), len(spoken) * durations[-1] + 1)
    assert sum(part.seconds for part in spoken) == min(max(seconds, possible[0]), possible[-1])
