"""Is what is written in the picture writing? Letters that are none, and words that are none, spoil a take.

What the clip was asked to show or say is fine however it was read. Other text that can be read is kept as evidence and
held against nobody: a shop has a name. Languages in scripts the reader does not know are left alone.
"""

from __future__ import annotations

import asyncio
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
    read = [[text.text, text.confidence, round(seconds, 2)] for text, seconds in writing.texts]
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
    """One finding when garbled text stands in at least two of the stills (or in the only one). Pure."""
    asked = _fold(
        " ".join(
            (
                *(expectation.prompt, expectation.text, expectation.visual_intent),
                *(*expectation.vocabulary, *expectation.acceptance, *(who.name for who in expectation.characters)),
            )
        )
    )
    garbled = [(t, at) for t, at in writing.texts if _is_garbled(t, policy=policy) and not _is_asked(t, asked)]
    places = sorted({at for _, at in garbled})
    if len(places) < min(2, max(1, len(writing.still_seconds))):
        return ()
    shown = ", ".join(f"“{text}”" for text in tuple(dict.fromkeys(t.text for t, _ in garbled))[:_NAMED])
    message = f"Text in the picture cannot be read, it looks like {shown}"
    return (Finding(code="garbled_text", message=message, start_seconds=places[0], end_seconds=places[-1]),)


def _is_garbled(text: ReadText, *, policy: AssessmentPolicy) -> bool:
    is_text = sum(map(str.isalpha, text.text)) >= policy.min_text_letters
    return is_text and (bool(text.strange) or text.confidence < policy.max_garbled_confidence)


def _is_asked(text: ReadText, asked: str) -> bool:
    from rapidfuzz.fuzz import partial_ratio

    written = _fold(text.text)
    return len(written) <= len(asked) and partial_ratio(written, asked) >= _ASKED_FROM_PERCENT


def _fold(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
