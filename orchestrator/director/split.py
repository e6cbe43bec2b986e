"""Splitting one planned clip for a provider that cannot make it in one piece. Pure."""

from __future__ import annotations

from orchestrator.director.chunking import cut_stretch
from orchestrator.director.speech import join, speech_units
from orchestrator.schema.clip_plan import Clip, PlanConstraints


def split_clip(clip: Clip, *, constraints: PlanConstraints, language: str) -> tuple[Clip, ...]:
    """``clip`` as consecutive clips of lengths that ``constraints`` allow, positions counting on from its own.

    Words are cut at the best pauses, as in planning; a clip without words is cut into the longest lengths that cover
    it. What is to be seen stays the same in every part. Raises ``SentenceTooLong`` when a single word does not fit.
    """
    if clip.words:
        units = speech_units(clip.text, language=language)
        cuts = cut_stretch(units, constraints=constraints).cuts
        parts = [(join(units[cut.start : cut.end]), cut.words, cut.seconds) for cut in cuts]
    else:
        parts = [("", 0, seconds) for seconds in _cover(clip.seconds, constraints.durations_seconds)]
    return tuple(
        clip.model_copy(update={"position": clip.position + index, "text": text, "words": words, "seconds": seconds})
        for index, (text, words, seconds) in enumerate(parts)
    )


def _cover(seconds: int, durations_seconds: tuple[int, ...]) -> list[int]:
    longest = durations_seconds[-1]
    whole, left = divmod(seconds, longest)
    rest = [next(d for d in durations_seconds if d >= left)] if left else []
    return [longest] * whole + rest
