"""Is what is written in the picture writing? Words that are none spoil a take, and so do others than were asked for.

What the clip was asked to show or say is fine however it was read. Other text that can be read is kept as evidence and
held against nobody: a shop has a name. Treetops, fences and grass are read as rows of strokes, here and there and not
twice the same: text is what is read again on another still. The mark of a maker in a corner is his. Languages in
scripts the reader does not know are left alone.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.assessor.expectation import Expectation, conclude
from orchestrator.errors import PerceptionFailed, UnreadableMedia
from orchestrator.media.frames import grab_stills
from orchestrator.perception.base import Frame, Reader, ReadText
from orchestrator.schema.assessment import CheckName, CheckResult, Finding
from orchestrator.schema.policy import AssessmentPolicy

# ISO 639-1 codes of languages that are not written in Latin, Greek, Chinese or Japanese letters.
_OTHER_SCRIPTS = (
    "am ar as be bg bn bo ce ckb dv dz fa gu he hi hy ka kk km kn ko ks ky lo mk ml mn mr my ne or os pa ps ru sa sd "
    "si sr ta te tg th ti ug uk ur yi"
)
_ASKED_FROM_PERCENT = 80.0  # of the letters of a line, in order, in what was asked for: readers slip
_NAMED = 3
_SAME_LINE_PERCENT = 60.0  # of the letters of two lines, for them to be one line read twice
_SAME_PLACE_SHARE = 0.5  # of the two boxes together
_NEAR_LINE_PERCENT, _NEAR_WORD = 45.0, 0.5  # how alike a line and a word of it are to the words they were meant to be
_CORNER_HEIGHT, _CORNER_WIDTH = 0.15, 0.4  # of the picture: makers put their marks there
_STROKES = frozenset("wmnuvil1")  # what a row of upright strokes is read as
_MAX_STROKES, _MAX_ONE_LETTER = 0.75, 0.5  # of the letters of a line
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{3,})[\"”“»]")


@dataclass(frozen=True)
class Writing:
    """What was read in a take: each text with the second of its still. ``still_seconds`` are those of all stills that
    were looked at; ``problem`` says in words why none was, where that is so."""

    texts: tuple[tuple[ReadText, float], ...] = ()
    still_seconds: tuple[float, ...] = ()
    problem: str = ""


async def read_writing(path: Path, *, expectation: Expectation, reader: Reader, policy: AssessmentPolicy) -> Writing:
    """Read a few stills of the take at ``path``. Raises nothing of its own."""
    if reader.missing:
        return Writing(problem=reader.missing)
    language = expectation.language.split("-")[0].casefold()
    if language in _OTHER_SCRIPTS.split():
        return Writing(problem=f"the letters of language {expectation.language!r} cannot be read")
    try:
        stills = await asyncio.to_thread(
            grab_stills, path, count=policy.read_still_count, max_side=policy.read_max_side
        )
        frames = [Frame(jpeg=still.jpeg, label=str(number)) for number, still in enumerate(stills)]
        texts = await reader.read(frames, language=language)
    except (PerceptionFailed, UnreadableMedia) as failure:
        return Writing(problem=failure.message)
    return Writing(
        texts=tuple((text, stills[int(text.label)].at_seconds) for text in texts),
        still_seconds=tuple(still.at_seconds for still in stills),
    )


def add_writing(
    artifacts: CheckResult, writing: Writing, *, expectation: Expectation, policy: AssessmentPolicy
) -> CheckResult:
    """The check of artifacts with what was read added to its evidence and, if it is garbled, to its findings."""
    read = [
        [text.text, text.confidence, round(seconds, 2)]
        for text, seconds in writing.texts
        if text.confidence >= policy.min_text_confidence
    ]
    evidence = {**artifacts.evidence, "texts": read, **({"unread": writing.problem} if writing.problem else {})}
    if artifacts.score is None:
        return artifacts.model_copy(update={"evidence": evidence})
    garbled = find_garbled(writing, expectation=expectation, policy=policy)
    return conclude(
        artifacts.score - policy.major_penalty * bool(garbled),
        minimum=policy.minima[CheckName.NO_ARTIFACTS],
        findings=[*artifacts.findings, *garbled],
        evidence=evidence,
    )


def find_garbled(writing: Writing, *, expectation: Expectation, policy: AssessmentPolicy) -> tuple[Finding, ...]:
    """One finding when a garbled line stands in at least two of the stills (or in the only one). Pure."""
    asked = _fold(
        " ".join(
            (
                *(expectation.prompt, expectation.text, expectation.visual_intent),
                *(*expectation.vocabulary, *expectation.acceptance, *(who.name for who in expectation.characters)),
            )
        )
    )
    lines = [(text, at) for text, at in writing.texts if _is_text(text, policy=policy)]
    missed = _list_missed(expectation, [text for text, _ in writing.texts])
    garbled = [
        (line, at)
        for line, at in lines
        if not _is_asked(line, asked) and (_is_garbled(line, policy=policy) or _is_near_miss(line, missed))
    ]
    if len(writing.still_seconds) > 1:
        garbled = [(line, at) for line, at in garbled if any(at != when and _is_same(line, o) for o, when in garbled)]
    if not garbled:
        return ()
    places = sorted({at for _, at in garbled})
    shown = ", ".join(f"“{text}”" for text in tuple(dict.fromkeys(t.text for t, _ in garbled))[:_NAMED])
    message = f"Text in the picture cannot be read, it looks like {shown}"
    if missed and any(_is_near_miss(line, missed) for line, _ in garbled):
        message += f" where “{missed[0]}” was asked for"
    return (Finding(code="garbled_text", message=message, start_seconds=places[0], end_seconds=places[-1]),)


def _is_text(text: ReadText, *, policy: AssessmentPolicy) -> bool:
    letters = Counter(filter(str.isalnum, text.text.casefold()))
    total = letters.total()
    return (
        text.confidence >= policy.min_text_confidence
        and sum(map(str.isalpha, text.text)) >= policy.min_text_letters
        and not _is_mark(text)
        and max(letters.values()) <= _MAX_ONE_LETTER * total
        and sum(letters[stroke] for stroke in _STROKES) <= _MAX_STROKES * total
    )


def _is_mark(text: ReadText) -> bool:
    """Whether it stands in a corner, like the mark of a maker: a name or a number that needs to be no word."""
    left, top, right, bottom = text.box
    is_at_side = right <= _CORNER_WIDTH or left >= 1 - _CORNER_WIDTH
    return is_at_side and bottom > 0 and (bottom <= _CORNER_HEIGHT or top >= 1 - _CORNER_HEIGHT)


def _is_garbled(text: ReadText, *, policy: AssessmentPolicy) -> bool:
    """Words that are like none, or that no list has and that are hard to read."""
    is_unknown = 2 * sum(map(len, text.unknown)) >= sum(map(str.isalpha, text.text))
    return bool(text.strange) or (is_unknown and text.confidence < policy.max_garbled_confidence)


def _is_asked(text: ReadText, asked: str) -> bool:
    from rapidfuzz.fuzz import partial_ratio

    written = _fold(text.text)
    return len(written) <= len(asked) and partial_ratio(written, asked) >= _ASKED_FROM_PERCENT


def _list_missed(expectation: Expectation, texts: Iterable[ReadText]) -> list[str]:
    """What was to be written in the picture, being quoted and not the line that is said, and was read nowhere."""
    from rapidfuzz.fuzz import partial_ratio

    said, written = _fold(expectation.text), [_fold(text.text) for text in texts]
    asked = "\n".join((expectation.prompt, expectation.visual_intent, *expectation.acceptance))
    quoted = dict.fromkeys(passage.strip() for passage in _QUOTED.findall(asked))

    def is_there(passage: str) -> bool:
        folded = _fold(passage)
        if said and partial_ratio(folded, said) >= _ASKED_FROM_PERCENT:
            return True
        return any(len(w) >= len(folded) / 3 and partial_ratio(w, folded) >= _ASKED_FROM_PERCENT for w in written)

    return [passage for passage in quoted if not is_there(passage)]


def _is_near_miss(text: ReadText, missed: Iterable[str]) -> bool:
    """Whether the line was meant to be one of ``missed``: alike as a whole, with a word that is none but nearly one."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.fuzz import ratio

    written = _fold(text.text)
    return any(
        ratio(written, _fold(passage)) >= _NEAR_LINE_PERCENT
        and any(
            Levenshtein.normalized_similarity(word.casefold(), meant) >= _NEAR_WORD
            for word in text.unknown
            for meant in passage.casefold().split()
        )
        for passage in missed
    )


def _is_same(one: ReadText, other: ReadText) -> bool:
    """Whether two stills show one line: read alike, or in one place."""
    from rapidfuzz.fuzz import ratio

    if ratio(_fold(one.text), _fold(other.text)) >= _SAME_LINE_PERCENT:
        return True
    (left, top, right, bottom), (left_, top_, right_, bottom_) = one.box, other.box
    shared = max(0.0, min(right, right_) - max(left, left_)) * max(0.0, min(bottom, bottom_) - max(top, top_))
    either = (right - left) * (bottom - top) + (right_ - left_) * (bottom_ - top_) - shared
    return either > 0 and shared / either >= _SAME_PLACE_SHARE


def _fold(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
