"""Captions: the spoken lines of a film as cues with times, as SubRip and WebVTT."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from orchestrator.schema.export import ExportClip, ExportFilm
from orchestrator.schema.value import Value

LINE_CHARACTERS, LINES = 42, 2
_SHORTEST_MS = 200  # what is on screen for less is not seen


class Cue(Value):
    """``rows`` of text on screen from ``start_ms`` until ``end_ms`` of the film."""

    start_ms: int
    end_ms: int
    rows: tuple[str, ...]


def cut_cues(film: ExportFilm) -> tuple[Cue, ...]:
    """The lines of all accepted takes, in order; no two cues overlap. Times come from the words as they were heard,
    where they were; else a line is spread over its clip."""
    timeline = film.timeline
    placed: list[Cue] = []
    for i, clip in enumerate(film.clips):
        if clip.accepted is None or not clip.line.split():
            continue
        start = timeline.start_frame(i) / timeline.fps
        placed += _clip_cues(clip, start=start, seconds=timeline.clips[i].frames / timeline.fps)
    return tuple(_apart(placed, end_ms=_ms(timeline.duration_seconds)))


def write_srt(cues: Iterable[Cue]) -> str:
    blocks = (
        f"{number}\n{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}\n{_rows(cue.rows)}\n"
        for number, cue in enumerate(cues, start=1)
    )
    return "\n".join(blocks)


def write_vtt(cues: Iterable[Cue]) -> str:
    blocks = (
        f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}\n{html.escape(_rows(cue.rows), quote=False)}\n"
        for cue in cues
    )
    return "\n".join(("WEBVTT\n", *blocks))


def _rows(rows: Sequence[str]) -> str:
    # What looks like the arrow of a cue's times would end the text.
    return "\n".join(row.replace("-->", "→") for row in rows)


def wrap(text: str) -> list[tuple[str, ...]]:
    """``text`` in screens of at most two rows of 42 characters. A word that is longer is broken."""
    rows: list[str] = []
    for word in _words(text):
        if rows and len(rows[-1]) + 1 + len(word) <= LINE_CHARACTERS:
            rows[-1] = f"{rows[-1]} {word}"
        else:
            rows.append(word)
    return [_balanced(rows[i : i + LINES]) for i in range(0, len(rows), LINES)]


def _balanced(rows: Sequence[str]) -> tuple[str, ...]:
    """The same words in rows of like length, where there are two."""
    words = " ".join(rows).split()
    if len(rows) < LINES or len(words) < LINES:
        return tuple(rows)
    cuts = ((" ".join(words[:n]), " ".join(words[n:])) for n in range(1, len(words)))
    fitting = [cut for cut in cuts if max(map(len, cut)) <= LINE_CHARACTERS]
    return min(fitting, key=lambda cut: abs(len(cut[0]) - len(cut[1])), default=tuple(rows))


def _words(text: str) -> Iterator[str]:
    for word in text.split():
        yield from (word[i : i + LINE_CHARACTERS] for i in range(0, len(word), LINE_CHARACTERS))


def _clip_cues(clip: ExportClip, *, start: float, seconds: float) -> list[Cue]:
    """The cues of one clip that begins at ``start`` and plays for ``seconds``."""
    assert clip.accepted is not None
    screens = wrap(clip.line)
    sizes = [sum(map(len, rows)) for rows in screens]
    ends = [done / sum(sizes) for done in accumulate(sizes)]
    heard = [(max(0.0, begin), min(end, seconds)) for _, begin, end in clip.accepted.words if begin < seconds]
    spans = zip([0.0, *ends[:-1]], ends, strict=True)
    times = [_heard_span(heard, a, b) if heard else (a * seconds, b * seconds) for a, b in spans]
    return [
        Cue(start_ms=_ms(start + a), end_ms=_ms(start + max(a, b)), rows=rows)
        for (a, b), rows in zip(times, screens, strict=True)
    ]


def _heard_span(heard: Sequence[tuple[float, float]], a: float, b: float) -> tuple[float, float]:
    """When the share ``a`` to ``b`` of a line is said: from its first word's start to its last word's end. What was
    heard may have more words than the line or fewer."""
    first = min(round(a * len(heard)), len(heard) - 1)
    last = max(first, min(round(b * len(heard)), len(heard)) - 1)
    return heard[first][0], heard[last][1]


def _apart(cues: Sequence[Cue], *, end_ms: int) -> Iterator[Cue]:
    """The cues one after the other, within the film, none too short to be seen as far as there is room."""
    starts = [cue.start_ms for cue in cues]
    free_ms = 0
    for i, cue in enumerate(cues):
        start = max(cue.start_ms, free_ms)
        until = max(starts[i + 1], start + 1) if i + 1 < len(cues) else max(end_ms, start + 1)
        end = min(max(cue.end_ms, start + _SHORTEST_MS), until)
        yield Cue(start_ms=start, end_ms=end, rows=cue.rows)
        free_ms = end


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _clock(ms: int, mark: str) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{ms:03d}"
