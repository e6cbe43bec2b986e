"""Scripted defects: which take of which clip goes wrong, and how, so that checks and repairs can be shown working."""

from __future__ import annotations

import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from providers.base import InvalidRequest


class Defect(StrEnum):
    """How a take goes wrong. The last four go wrong on the way to a clip, all others make a bad one: in what is said,
    in the sound, in the picture, in its length, in the file."""

    WRONG_WORDS = "wrong_words"
    WRONG_WORD = "wrong_word"
    MISSING_WORDS = "missing_words"
    EXTRA_WORDS = "extra_words"
    SILENCE = "silence"
    CLIPPED = "clipped"
    BLACK = "black"
    BLACK_EDGE = "black_edge"
    FREEZE = "freeze"
    FLICKER = "flicker"
    BLUR = "blur"
    HIDDEN_CUT = "hidden_cut"
    DRIFT = "drift"
    WRONG_LENGTH = "wrong_length"
    LONG = "long"
    SHORT = "short"
    CORRUPT = "corrupt"
    REJECT = "reject"
    RATE_LIMIT = "rate_limit"
    CRASH_AFTER_ACCEPT = "crash_after_accept"
    FAIL = "fail"

    @property
    def is_in_clip(self) -> bool:
        return self not in (Defect.REJECT, Defect.RATE_LIMIT, Defect.CRASH_AFTER_ACCEPT, Defect.FAIL)


class ScriptedDefect(BaseModel):
    """One entry: ``position`` None is every clip; attempts count from 1, both ends included, ``last`` None is all."""

    model_config = ConfigDict(frozen=True)

    position: int | None
    first: int
    last: int | None
    defect: Defect


_ENTRY = re.compile(r"(?P<position>\*|\d+)(?:\.(?:(?P<all>\*)|(?P<first>\d+)(?:-(?P<last>\d+))?))?=(?P<word>\w+)")


def parse_defects(text: str) -> tuple[ScriptedDefect, ...]:
    """Read ``"2=wrong_words, 4.1-2=silence, *.3=black, 5.*=fail"``: CLIP[.TAKES]=DEFECT, take 1 when none is named.

    Raises ``InvalidRequest`` naming the entry and the words that are allowed.
    """
    script = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        found = _ENTRY.fullmatch(entry.replace(" ", ""))
        if found is None or found["word"] not in set(Defect):
            words = ", ".join(Defect)
            raise InvalidRequest(
                f"Cannot read the mock defect {entry!r}. Write CLIP[.TAKES]=DEFECT, DEFECT one of {words}."
            )
        first = 1 if found["all"] or not found["first"] else int(found["first"])
        last = None if found["all"] else int(found["last"] or first)
        if first < 1 or (last is not None and last < first):
            raise InvalidRequest(f"Cannot read the mock defect {entry!r}: takes count upwards from 1.")
        position = None if found["position"] == "*" else int(found["position"])
        script.append(ScriptedDefect(position=position, first=first, last=last, defect=Defect(found["word"])))
    return tuple(script)


def defect_for(script: tuple[ScriptedDefect, ...], *, position: int | None, attempt: int) -> Defect | None:
    """The defect of this take: an entry that names the clip wins over one for every clip."""
    hits = [
        entry
        for entry in script
        if entry.position in (None, position)
        and attempt >= entry.first
        and (entry.last is None or attempt <= entry.last)
    ]
    hits.sort(key=lambda entry: entry.position is None)
    return hits[0].defect if hits else None
