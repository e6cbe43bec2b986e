"""Cutting a stretch of speech into clips: optimal in paid seconds, by dynamic programming over natural pauses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from orchestrator.director.speech import Break, Unit, join
from orchestrator.errors import SentenceTooLong
from orchestrator.schema.clip_plan import PlanConstraints


class Block(NamedTuple):
    """Units that stay in one clip: ``start`` to ``end`` (exclusive), and how good a place its end is for a cut."""

    start: int
    end: int
    words: int
    ends: Break


class Cut(NamedTuple):
    """One clip of a stretch: its units from ``start`` to ``end`` (exclusive), its spoken words and paid seconds."""

    start: int
    end: int
    words: int
    seconds: int


class Stretch(NamedTuple):
    """A cut stretch. ``fits(s)`` blocks are what could be kept of it in s seconds: ``prefix_seconds[i]`` is the least
    it costs to speak ``blocks[:i]``."""

    cuts: list[Cut]
    blocks: list[Block]
    prefix_seconds: list[int]


def cut_stretch(units: Sequence[Unit], *, constraints: PlanConstraints) -> Stretch:
    """Cut ``units`` (one speaker, one scene) into clips whose total paid seconds are the least possible.

    Clips end at sentence ends. Only a sentence that does not fit the longest clip is opened at its clause ends, and
    only a clause that still does not fit, between words. Among plans of equal seconds: fewer clips, then better
    places to cut, then words spread evenly. (At equal seconds and number, even clips are also the ones nearest to any
    ``default_clip_seconds``: the squared distances differ from the squared lengths by a constant.)

    Raises ``SentenceTooLong`` when a single word does not fit the longest clip.
    """
    blocks = _blocks(units, constraints)
    seconds_for = _seconds_by_words(constraints)
    capacity = len(seconds_for) - 1
    best: list[tuple[int, ...]] = [(0, 0, 0, 0)]
    came_from = [0]
    for end in range(1, len(blocks) + 1):
        words, found, origin = 0, (), end - 1
        for start in range(end - 1, -1, -1):
            words += blocks[start].words
            if words > capacity:
                break
            before = best[start]
            rough = blocks[start - 1].ends if start else 0
            cost = (before[0] + seconds_for[words], before[1] + 1, before[2] + rough, before[3] + words * words)
            if not found or cost < found:
                found, origin = cost, start
        best.append(found)
        came_from.append(origin)
    cuts: list[Cut] = []
    end = len(blocks)
    while end:
        start = came_from[end]
        words = sum(b.words for b in blocks[start:end])
        cuts.append(Cut(blocks[start].start, blocks[end - 1].end, words, seconds_for[words]))
        end = start
    return Stretch(cuts[::-1], blocks, [cost[0] for cost in best])


def _seconds_by_words(constraints: PlanConstraints) -> list[int]:
    """Seconds of the shortest clip that holds as many words as the index says."""
    capacity = constraints.max_words(constraints.durations_seconds[-1])
    return [
        next(d for d in constraints.durations_seconds if constraints.max_words(d) >= words)
        for words in range(capacity + 1)
    ]


def _blocks(units: Sequence[Unit], constraints: PlanConstraints) -> list[Block]:
    longest = constraints.durations_seconds[-1]
    capacity = constraints.max_words(longest)
    totals = [0, *accumulate(u.words for u in units)]
    blocks: list[Block] = []
    for start, end in _runs(units, 0, len(units), Break.SENTENCE):
        if totals[end] - totals[start] <= capacity:
            blocks.append(Block(start, end, totals[end] - totals[start], Break.SENTENCE))
            continue
        for first, last in _runs(units, start, end, Break.CLAUSE):
            if totals[last] - totals[first] <= capacity:
                blocks.append(Block(first, last, totals[last] - totals[first], units[last - 1].ends))
                continue
            for index in range(first, last):
                if units[index].words > capacity:
                    raise SentenceTooLong(
                        f"“{_shorten(units[index].text)}” is too long to be spoken in one clip: the longest lasts "
                        f"{longest} s and holds {capacity} words. Break it up."
                    )
                blocks.append(Block(index, index + 1, units[index].words, units[index].ends))
    return blocks


def _runs(units: Sequence[Unit], start: int, end: int, kind: Break) -> list[tuple[int, int]]:
    """Ranges within ``start..end`` that each finish at a break as good as ``kind``."""
    runs: list[tuple[int, int]] = []
    for index in range(start, end):
        if units[index].ends <= kind or index == end - 1:
            runs.append((start, index + 1))
            start = index + 1
    return runs


def last_words(units: Sequence[Unit], end: int, *, count: int = 6) -> str:
    """The last few words before ``end``, to name a place in the script."""
    text = join(list(units[max(0, end - count) : end]))
    return text if len(text) <= 60 else "…" + text[-59:]


def _shorten(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
